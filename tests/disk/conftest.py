"""A disk of a few kilobytes, and runs to speak with."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from ttskit.audio.config import MelConfig
from ttskit.config import load_recipe
from ttskit.interfaces import ModelContext
from ttskit.plugins import create_registry
from ttskit.runs import RunFolder
from ttskit.symbols import SpeakerTable


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def small_disk(tmp_path):
    """small_disk(kilobytes) -> a folder on a disk of that size (Linux, for who may mount one)."""
    mounted = []

    def mount(kilobytes):
        place = tmp_path / "small"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
        if sys.platform != "linux" or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("no disk can be mounted here")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(scope="session")
def voice(tmp_path_factory):
    """The folder of an untrained, tiny FastPitch that speaks through Griffin-Lim, half a second a word."""
    registry = create_registry()
    recipe = load_recipe("tiny", registry=registry)
    frontend = registry.get("frontend", "spanish").load()()
    context = ModelContext(MelConfig(bands=20), frontend.symbols, SpeakerTable(("ana",)))
    plugin = registry.get("acoustic model", "fastpitch")
    options = recipe.options_for("fastpitch", registry)
    torch.manual_seed(0)
    model = plugin.load()(options, context)
    with torch.no_grad():
        model.duration_predictor.out.bias.fill_(2.0)
    run = RunFolder.create(
        tmp_path_factory.mktemp("runs") / "voice",
        kind="acoustic model",
        model="fastpitch",
        options=options,
        context=context,
        frontend=frontend.fingerprint(),
        registry=registry,
    )
    run.save(model)
    return run.path
