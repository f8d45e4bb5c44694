"""Priors, search, losses, averaging and regulation against the public implementations, piece by piece."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from fastpitch_cases import NEMO, PIECES, Case, close

from ttskit.corpus.batches import normalised_pitch
from ttskit.interfaces import PitchStats
from ttskit.nn import binarization_loss, forward_sum_loss, monotonic_durations, regulate, token_means, whole_frames
from ttskit_fastpitch.aligner import prior_matrix
from ttskit_fastpitch.config import PriorOptions


@pytest.mark.parametrize("folder", PIECES)
def test_priors(folder: Path):
    case = Case(folder)
    forms = {
        "prior": PriorOptions(support="dropped"),
        "interp": PriorOptions(form="interpolated", support="dropped", round_frames=100, round_tokens=20),
    }
    names = [n for n in case.outputs if n.startswith(("prior_", "interp_"))]
    assert names
    for name in names:
        sizes = {kind: int(number) for kind, number in re.findall(r"(text|mel)(\d+)", name)}
        ours = prior_matrix(torch.tensor([sizes["text"]]), torch.tensor([sizes["mel"]]), forms[name.split("_")[0]])
        case.same(name, ours[0])


@pytest.mark.parametrize("folder", PIECES)
def test_forward_sum_and_binarization(folder: Path):
    case = Case(folder)
    names = sorted({m[1] for n in case.inputs if (m := re.match(r"(ctc\d+)_", n))})
    assert names
    for name in names:
        given = (case.inputs[f"{name}_{part}"] for part in ("attn_logprob", "text_lengths", "mel_lengths"))
        scores, tokens, frames = given
        each = forward_sum_loss(scores[:, 0], tokens, frames)
        case.same(f"{name}_loss_each", each)
        case.same(f"{name}_loss", each.mean())
    soft, hard = case.inputs["bin_soft"][:, 0], case.inputs["bin_hard"][:, 0]
    real = hard.sum(2) > 0
    case.same("bin_loss", binarization_loss(soft.log(), hard.argmax(2), real) / hard.sum())


@pytest.mark.parametrize("folder", PIECES)
def test_monotonic_alignment(folder: Path):
    case = Case(folder)
    names = [n.removesuffix("_logp") for n in case.inputs if re.fullmatch(r"mas.*_logp", n)]
    assert names
    for name in names:
        scores, hard = case.inputs[f"{name}_logp"], case.outputs[f"{name}_hard"]
        path = monotonic_durations(scores[None], torch.tensor([scores.shape[1]]), torch.tensor([scores.shape[0]]))
        case.same(f"{name}_hard", torch.repeat_interleave(torch.eye(hard.shape[1]), path[0], dim=0))
    tokens, frames = case.inputs["bmas_text_lengths"], case.inputs["bmas_mel_lengths"]
    scores = case.inputs["bmas_logp"][:, 0]
    scores = scores.masked_fill(torch.arange(scores.shape[2])[None, None] >= tokens[:, None, None], float("-inf"))
    durations = monotonic_durations(scores, tokens, frames)
    assert torch.equal(durations, case.outputs["bmas_hard"][:, 0].sum(1).long())
    for row, expected in zip(durations, case.outputs["bmas_hard"][:, 0], strict=True):
        path = torch.repeat_interleave(torch.eye(scores.shape[2]), row, dim=0)
        assert torch.equal(path.long(), expected[: path.shape[0]].long())


@pytest.mark.parametrize("folder", PIECES)
def test_pitch_averaging_and_regulation(folder: Path):
    case = Case(folder)
    durations = case.inputs["avg_durs"].long()
    for name in [n.removesuffix("_out") for n in case.outputs if n.startswith("avg_")]:
        case.same(f"{name}_out", token_means(case.inputs[name], durations))
    states = case.inputs["reg_enc"]
    runs = [n.removeprefix("reg_out_") for n in case.outputs if n.startswith("reg_out_")]
    for run in runs:
        pace = float(run.removeprefix("pace")) if run.startswith("pace") else 1.0
        limit = int(run.removeprefix("max")) if run.startswith("max") else None
        frames = whole_frames(case.inputs["reg_durs"], pace)
        case.same(f"reg_out_{run}", regulate(states, frames, limit))
        lengths = frames.sum(1) if limit is None else frames.sum(1).clamp_max(limit)
        case.same(f"reg_lengths_{run}", lengths)


@pytest.mark.parametrize("folder", PIECES)
def test_pitch_normalisation(folder: Path):
    case = Case(folder)
    mean, std = re.search(r"mean ([\d.]+), std ([\d.]+)", " ".join(case.json["notes"])).groups()
    for name in [n for n in case.inputs if n.startswith("norm_")]:
        case.same(f"{name}_out", normalised_pitch(case.inputs[name], PitchStats(float(mean), float(std))))


@pytest.mark.parametrize("folder", PIECES)
def test_every_stored_piece_has_its_test(folder: Path):
    known = r"(prior|interp)_\w+|ctc\d+_loss(_each)?|bin_loss|b?mas\w*_hard|avg_\w+_out|reg_(out|lengths)_\S+|norm_\w+_out"
    assert [name for name in Case(folder).outputs if not re.fullmatch(known, name)] == []


@pytest.mark.skipif(not (NEMO / "mel_pitch_golden.npz").exists(), reason=f"no mel_pitch_golden.npz in {NEMO}")
def test_priors_equal_nemo():
    golden = {k: v for k, v in np.load(NEMO / "mel_pitch_golden.npz").items() if k.startswith("prior/")}
    assert golden
    for name, expected in golden.items():
        form, frames, tokens = re.fullmatch(r"prior/(\w+)_(\d+)x(\d+)", name).groups()
        options = PriorOptions(form={"interp": "interpolated"}.get(form, form))
        ours = prior_matrix(torch.tensor([int(tokens)]), torch.tensor([int(frames)]), options)
        close(name, ours[0], torch.from_numpy(expected), 1e-3)
