"""Checks for readers, pitch extractors, metrics, importers and commands."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.interfaces.descriptions import Plugin
from ttskit.testing.builders import tone
from ttskit.testing.checks import CheckResult, must_refuse, need, run_checks


def check_small(plugin: Plugin) -> list[CheckResult]:
    """The checks of the plugin's kind."""
    return run_checks(
        {
            "corpus reader": {"refuses an empty folder": lambda: _reader(plugin)},
            "pitch extractor": {"finds a known tone": lambda: _pitch(plugin)},
            "metric": {"identical audio": lambda: _metric(plugin)},
            "importer": {"refuses what it does not know": lambda: _importer(plugin)},
            "command": {"help has an example": lambda: _command(plugin)},
        }[plugin.kind]
    )


def _reader(plugin: Plugin) -> None:
    with tempfile.TemporaryDirectory() as folder:
        must_refuse("an empty folder", lambda: plugin.load()(Path(folder), None))


def _pitch(plugin: Plugin) -> None:
    mel = MelConfig()
    for hz in (110.0, 233.0):
        audio = tone(hz, 1.0, mel.sample_rate_hz)
        f0 = np.asarray(plugin.load()(audio, mel, 70.0, 400.0))
        need(f0.shape == (mel.frames(len(audio)),), f"{f0.shape} values for {mel.frames(len(audio))} mel frames")
        inner = f0[4:-4]
        need(float((inner > 0).mean()) > 0.9, f"a steady tone of {hz:g} Hz is called unvoiced")
        cents = 1200 * abs(np.log2(np.median(inner[inner > 0]) / hz))
        need(cents < 30, f"a tone of {hz:g} Hz is heard as {np.median(inner[inner > 0]):.1f} Hz")


def _metric(plugin: Plugin) -> None:
    rate = 22_050
    audio = np.concatenate([tone(140, 0.4, rate), tone(180, 0.4, rate)])
    noise = np.random.default_rng(0).standard_normal(len(audio)).astype(np.float32)
    other = (tone(200, 0.8, rate)[: len(audio)] + 0.02 * noise).astype(np.float32)
    same, different = plugin.load()(audio, audio, rate), plugin.load()(audio, other, rate)
    need(np.isfinite(same), f"identical audio gives {same}")
    if plugin.facts.get("better") == "lower":
        need(abs(same) < 1e-6, f"identical audio gives {same}, not 0")
        need(not different < same, f"different audio ({different}) scores better than identical audio ({same})")
    else:
        need(not different > same, f"different audio ({different}) scores better than identical audio ({same})")


def _importer(plugin: Plugin) -> None:
    with tempfile.TemporaryDirectory() as folder:
        junk = Path(folder) / "junk.bin"
        junk.write_bytes(b"not a checkpoint")
        must_refuse("a file that is not a checkpoint", lambda: plugin.load()(junk, Path(folder) / "run"))


def _command(plugin: Plugin) -> None:
    import click

    command = plugin.load()
    need(isinstance(command, click.Command), f"the factory is {type(command).__name__}, not a click command")
    commands = command.commands.values() if isinstance(command, click.Group) else [command]
    for one in commands:
        need(
            "ttskit " in (one.help or "") + (one.epilog or ""),
            f"the help of {one.name!r} shows no example that starts with 'ttskit '",
        )
