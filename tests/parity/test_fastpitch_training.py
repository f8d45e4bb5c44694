"""FastPitch's training pass against the public implementations: values, each loss term, gradients."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from fastpitch_cases import DLE, close, dle_batch, dle_model, nemo_arrays, nemo_batch, nemo_cases, nemo_facts, nemo_model

from ttskit.interfaces import TrainState
from ttskit_fastpitch.checkpoints import from_dle


@pytest.mark.parametrize("folder", DLE)
def test_training_equals_nvidia(folder: Path):
    """Teacher-forced values, each loss term, and the gradient norm of every parameter."""
    case, model = dle_model(folder)
    batch, prior = dle_batch(case)
    model.zero_grad()
    out = model(batch, prior)
    extra = out.extra
    predicted = torch.expm1(extra["log_durations"]).clamp(model.options.min_duration, model.options.max_duration)
    path = torch.nn.functional.one_hot(extra["token_of_frame"], batch.tokens.shape[1]).float() * extra["frame_mask"]
    ours = {
        "mel_out": out.mel.transpose(1, 2),
        "dec_mask": extra["frame_mask"],
        "log_dur_pred": extra["log_durations"],
        "dur_pred": predicted,
        "pitch_pred": extra["pitch"][:, None],
        "pitch_tgt": extra["pitch_target"][:, None],
        "attn_soft": out.alignment[:, None],
        "attn_logprob": extra["log_scores"][:, None],
        "attn_hard_dur": extra["durations"].float(),
        "attn_hard": path[:, None],
    }
    if "energy" in extra:
        ours |= {"energy_pred": extra["energy"], "energy_tgt": extra["energy_target"]}
    case.all_same([n for n in case.outputs if n.startswith("fwd_")], {f"fwd_{n}": value for n, value in ours.items()})

    losses = model.loss(out, batch, TrainState(step=0, epoch=case.json["loss"]["epoch"] - 1, total_steps=1))
    names = {
        "mel": "mel_loss",
        "duration": "duration_predictor_loss",
        "pitch": "pitch_loss",
        "energy": "energy_loss",
        "forward_sum": "attn_loss",
        "binarization": "kl_unweighted",
    }
    ours = {f"loss_{names[name]}": term.mean for name, term in losses.terms.items()}
    ours["loss_total"] = losses.total
    ours["loss_without_kl"] = losses.total - losses.terms["binarization"].mean * losses.terms["binarization"].weight
    errors = (predicted - extra["durations"]).abs().sum()  # a figure that upstream logs: padding's predictions are in it
    ours["loss_dur_error"] = errors / batch.token_lengths.sum()
    assert losses.terms["binarization"].weight == pytest.approx(case.json["loss"]["kl_weight"])
    case.all_same([n for n in case.outputs if n.startswith("loss_")], ours)

    losses.total.backward()
    ours = dict(model.named_parameters())
    named = from_dle({n: torch.tensor(i) for i, n in enumerate(case.json["grad_norm_names"])}).state
    assert set(named) == set(ours)
    norms = torch.stack([ours[name].grad.norm() for name in named])
    facts = case.json["outputs"]["grad_norms"]
    close("grad_norms", norms, case.outputs["grad_norms"][torch.stack(list(named.values()))], facts["atol"], facts["rtol"])


@pytest.mark.parametrize(("archive", "name"), nemo_cases(("teacher_forced",)))
def test_training_equals_nemo(archive: str, name: str):
    model = nemo_model(archive, nemo_facts()[name].get("note", ""), padding="reference")
    given, expected = nemo_arrays()[0][name], nemo_arrays()[1][name]
    batch = nemo_batch(given)
    own_prior = model(batch)  # the options' own prior is the archive's: the interpolated one
    out = model(batch, given.get("attn_prior"))
    close("prior", own_prior.alignment, out.alignment, 1e-3)
    extra = out.extra
    losses = model.loss(out, batch, TrainState(0, 0, 1))
    assert losses.terms["binarization"].weight == 0.0
    weighted = {
        "mel": "mel_loss",
        "duration": "dur_loss",
        "pitch": "pitch_loss",
        "energy": "energy_loss",
        "forward_sum": "ctc_loss",
    }
    path = torch.nn.functional.one_hot(extra["token_of_frame"], batch.tokens.shape[1]) * extra["frame_mask"]
    exact = {"num_frames": extra["durations"].sum(1), "hard_durs": extra["durations"], "attn_hard": path[:, None]}
    near = {
        "mel": out.mel,
        "log_durs": extra["log_durations"],
        "pitch_pred": extra["pitch"],
        "pitch_avg": extra["pitch_target"],
        "attn_soft": out.alignment[:, None],
        "attn_logprob": extra["log_scores"][:, None],
        "energy_pred": extra.get("energy"),
        "energy_tgt": extra.get("energy_target"),
    }
    terms = {
        f"loss/{theirs}": losses.terms[term].mean * losses.terms[term].weight
        for term, theirs in weighted.items()
        if term in losses.terms
    }
    terms["loss/bin_loss_unweighted"] = losses.terms["binarization"].mean
    for what, theirs in expected.items():
        if what in exact:
            assert torch.equal(exact[what].long(), theirs.long()), what
        elif what in terms:
            close(what, terms[what], theirs, 0.0, 1e-4)
        else:
            close(what, near[what], theirs, 1e-4)
