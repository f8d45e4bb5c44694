"""Checks for readers, pitch extractors, importers and commands."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.interfaces.descriptions import Plugin
from ttskit.testing.builders import tone
from ttskit.testing.checks import Check, CheckList, CheckResult, must_refuse, need, run_checks

__all__ = ["check_small", "small_checks"]

_READER, _PITCH, _IMPORTER, _COMMAND = (CheckList() for _ in range(4))
_CHECKS = {"corpus reader": _READER, "pitch extractor": _PITCH, "importer": _IMPORTER, "command": _COMMAND}


def small_checks(plugin: Plugin) -> list[Check]:
    """The checks of the plugin's kind."""
    return _CHECKS[plugin.kind].of(plugin.kind, plugin.name, plugin)


def check_small(plugin: Plugin) -> list[CheckResult]:
    """Run them all."""
    return run_checks(small_checks(plugin))


@_READER("refuses an empty folder")
def _reader(plugin: Plugin) -> None:
    with tempfile.TemporaryDirectory() as folder:
        must_refuse("an empty folder", lambda: plugin.load()(Path(folder), None))


@_PITCH("finds a known tone")
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


@_IMPORTER("refuses what it does not know")
def _importer(plugin: Plugin) -> None:
    with tempfile.TemporaryDirectory() as folder:
        junk = Path(folder) / "junk.bin"
        junk.write_bytes(b"not a checkpoint")
        must_refuse("a file that is no checkpoint", lambda: plugin.load()(junk, Path(folder) / "run"))


@_COMMAND("help has an example")
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
