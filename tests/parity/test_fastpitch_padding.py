"""Masked padding, which the public implementations do not have: each row of a batch is what it is alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from fastpitch_cases import (
    DLE,
    Transform,
    close,
    dle_batch,
    dle_inputs,
    dle_model,
    nemo_arrays,
    nemo_batch,
    nemo_cases,
    nemo_facts,
    nemo_inputs,
    nemo_model,
)
from torch import Tensor

from ttskit.interfaces import AcousticBatch, AcousticInput, Controls, Outputs, TrainState
from ttskit_fastpitch.model import FastPitch


def _row(value: Tensor | float | None, row: int, n: int) -> Tensor | float | None:
    return value[row : row + 1, :n] if isinstance(value, Tensor) else value


def _check_spoken(
    model: FastPitch, alone: FastPitch, inputs: AcousticInput, controls: Controls, transform: Transform | None
) -> None:
    """Each row of a padded input, spoken by `model`, is what `alone` speaks of that row only."""
    whole = model.speak(inputs, controls, transform)
    for row, n in enumerate(inputs.lengths.tolist()):
        speaker = None if inputs.speaker is None else inputs.speaker[row : row + 1]
        one = AcousticInput(inputs.tokens[row : row + 1, :n], inputs.lengths[row : row + 1], speaker)
        cut = {name: _row(getattr(controls, name), row, n) for name in Controls.NEUTRAL}
        single = alone.speak(one, Controls(**cut), _cut(transform, row, n, inputs.tokens.shape))
        t = int(single.lengths[0])
        assert int(whole.lengths[row]) == t and torch.equal(whole.frames[row, :n], single.frames[0])
        close("mel", whole.mel[row, :, :t], single.mel[0], 1e-4)
        for name in ("durations", "log_durations", "pitch", "energy", "encoded"):
            if getattr(whole, name) is not None:
                close(name, getattr(whole, name)[row, :n], getattr(single, name)[0], 1e-4)


def _cut(transform: Transform | None, row: int, n: int, shape: torch.Size) -> Transform | None:
    """A transform of a whole batch's pitch, for one of its rows."""
    if transform is None:
        return None

    def change(pitch: Tensor) -> Tensor:
        whole = torch.zeros(shape)
        whole[row, :n] = pitch[0]
        return transform(whole)[row : row + 1, :n]

    return change


def _check_trained(model: FastPitch, alone: FastPitch, batch: AcousticBatch, prior: Tensor | None) -> None:
    """The same of the training pass, values and losses."""
    whole, state = model(batch, prior), TrainState(3, 3, 10)
    total = dict.fromkeys(model.loss(whole, batch, state).terms, 0.0)
    for row in range(len(batch.ids)):
        n, t, one = int(batch.token_lengths[row]), int(batch.mel_lengths[row]), slice(row, row + 1)
        cut = {name: getattr(batch, name)[one, :t] for name in ("pitch", "energy") if getattr(batch, name) is not None}
        single = replace(
            batch,
            ids=(batch.ids[row],),
            tokens=batch.tokens[one, :n],
            token_lengths=batch.token_lengths[one],
            mel=batch.mel[one, :, :t],
            mel_lengths=batch.mel_lengths[one],
            speaker=batch.speaker[one],
            **cut,
        )
        out: Outputs = alone(single, None if prior is None else prior[one, :t, :n])
        assert torch.equal(whole.extra["durations"][row, :n], out.extra["durations"][0])
        assert not whole.alignment[row, :, n:].any()
        close("mel", whole.mel[row, :, :t], out.mel[0], 1e-4)
        close("alignment", whole.alignment[row, :t, :n], out.alignment[0], 1e-4)
        for name in ("log_durations", "pitch", "pitch_target", "energy", "energy_target"):
            if name in out.extra:
                close(name, whole.extra[name][row, :n], out.extra[name][0], 1e-4)
        for name, term in model.loss(out, single, state).terms.items():
            total[name] += float(term.total)
    for name, term in model.loss(whole, batch, state).terms.items():
        assert float(term.total) == pytest.approx(total[name], rel=1e-4, abs=1e-4), name


@pytest.mark.parametrize("folder", DLE)
def test_masked_rows_equal_single_runs(folder: Path):
    """Every padded input of the case; a row alone is the same in both modes, so it is given to the reference."""
    case, reference = dle_model(folder)
    model = FastPitch(reference.options.model_copy(update={"padding": "masked"}), reference.context).eval()
    model.load_state_dict(reference.state_dict())
    with torch.no_grad():
        for run in case.json["infer"]:
            _check_spoken(model, reference, *dle_inputs(case, run))
        inputs = dle_inputs(case, case.json["infer"][0])[0]
        _check_spoken(model, model, inputs, Controls(pace=1.1, pitch=2.0, pitch_range=1.3), None)
        _check_trained(model, reference, *dle_batch(case))
        _check_trained(model, model, dle_batch(case)[0], None)


@pytest.mark.parametrize(("archive", "name"), nemo_cases(("forward", "infer")))
def test_masked_rows_equal_single_runs_nemo(archive: str, name: str):
    note = nemo_facts()[name].get("note", "")
    model, reference = (nemo_model(archive, note, padding=padding) for padding in ("masked", "reference"))
    with torch.no_grad():
        _check_spoken(model, reference, *nemo_inputs(nemo_arrays()[0][name], model))


@pytest.mark.parametrize(("archive", "name"), nemo_cases(("teacher_forced",)))
def test_masked_training_rows_equal_single_runs_nemo(archive: str, name: str):
    note = nemo_facts()[name].get("note", "")
    model, reference = (nemo_model(archive, note, padding=padding) for padding in ("masked", "reference"))
    given = nemo_arrays()[0][name]
    batch = nemo_batch(given)
    with torch.no_grad():
        _check_trained(model, reference, batch, given.get("attn_prior"))
        _check_trained(model, model, batch, None)
        _check_spoken(model, model, AcousticInput(batch.tokens, batch.token_lengths, batch.speaker), Controls(pitch=-1.0), None)
