"""A new autoregressive model needs no copy of ours: the example's `murmur` stands on `ttskit.nn`, conforms and learns.

Issue 11, row 14: a new autoregressive model had to copy 300 lines (seeded prenet dropout, stop rule, guided attention, …).
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch

from ttskit.interfaces import AcousticModelPlugin, TrainState
from ttskit.testing import check_acoustic_model, tiny_batch, tiny_context

DISTRIBUTION = Path(__file__).parents[1] / "third_party" / "ttskit_example"


@pytest.fixture
def murmur(monkeypatch) -> AcousticModelPlugin:
    monkeypatch.syspath_prepend(str(DISTRIBUTION))
    import ttskit_example

    return next(plugin for plugin in ttskit_example.ttskit_acoustic_models() if plugin.name == "murmur")


def test_it_conforms(murmur):
    results = check_acoustic_model(murmur)
    assert [f"{r.name}: {r.message}" for r in results if not r.passed] == [] and len(results) > 15


def test_it_is_short_and_imports_interfaces_and_shared_parts_alone(murmur):
    source = (DISTRIBUTION / "ttskit_example" / "murmur.py").read_text(encoding="utf-8")
    modules = {node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    assert {name for name in modules if name.startswith("ttskit")} == {
        "ttskit.interfaces",
        "ttskit.nn",
        "ttskit_example.config",
    }
    assert len(source.splitlines()) < 180


def test_it_learns_to_say_a_batch_and_to_stop(murmur):
    context = tiny_context()
    torch.manual_seed(0)
    model, batch = murmur.load()(murmur.load_options()(), context), tiny_batch(context)
    plan, first = model.optimizers(60)["main"], {}
    for step in range(60):
        torch.manual_seed(step)
        losses = model.loss(model.train()(batch), batch, TrainState(step, 0, 60))
        first = first or {name: float(mean.detach()) for name, mean in losses.means().items()}
        plan.optimizer.zero_grad()
        losses.total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip_norm)
        plan.optimizer.step()
    last = {name: float(mean.detach()) for name, mean in losses.means().items()}
    assert set(first) == {"mel", "stop", "guided_attention"}
    assert all(last[name] < 0.7 * first[name] for name in first), (first, last)
