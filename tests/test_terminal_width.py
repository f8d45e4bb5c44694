"""What is seen in terminals of 80 and 120 columns: no line is longer, and what matters is there whole."""

from __future__ import annotations

import io
import re

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from ttskit.cli import _run, cli
from ttskit.columns import laid_out
from ttskit.plugins import create_registry
from ttskit.testing.builders import tiny_corpus

WIDTHS = (80, 120)


class Terminal(io.StringIO):
    """Standard output that says it is one."""

    def isatty(self) -> bool:
        return True


def leaves(command: click.Command, name: str) -> list[str]:
    if isinstance(command, click.Group):
        return [name, *(leaf for sub, child in command.commands.items() for leaf in leaves(child, f"{name} {sub}"))]
    return [name]


REGISTRY = create_registry()
EVERY = ["", *(leaf for name in sorted(REGISTRY.all("command")) for leaf in leaves(REGISTRY.get("command", name).load(), name))]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", EVERY)
def test_no_line_of_a_help_is_longer_than_the_terminal(name, width):
    result = CliRunner().invoke(cli, [*name.split(), "--help"], terminal_width=width)
    assert result.exit_code == 0, result.output
    too_long = [line for line in result.output.splitlines() if len(line) > width]
    assert not too_long


SHOWN = [
    ("plugins list", ["acoustic model", "autocorrelation", "corpus reader"]),
    ("plugins show fastpitch", ["encoder.attention_dropout", "optimizer.learning_rate", "models.fastpitch.options"]),
    ("plugins show hifigan --kind vocoder", ["generator_warmup", "excitation"]),
    ("plugins show spanish", ["dialect"]),
    ("plugins check griffinlim", ["time", "ok"]),
    ("doctor", ["processors", "packages", "disk free here"]),
    ("check rec", ["utterance", "missing", "u000"]),
    ("text phonemize murciélago", ["m"]),
    ("text syllables murciélago", ["mur"]),
]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("line", "whole"), SHOWN, ids=[line for line, _ in SHOWN])
def test_tables_keep_every_short_cell_whole_at_any_width(line, whole, width, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if line.startswith("check"):
        tiny_corpus(tmp_path / "rec", utterances=8)
        for path in sorted((tmp_path / "rec" / "wavs").iterdir())[:2]:
            path.unlink()
        whole = [*whole[:-1], path.stem]
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout", shown := Terminal())
    _run(line.split(), debug=False)
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.getvalue())
    assert text.strip() and not [row for row in text.splitlines() if len(row) > width]
    assert all(cell in text for cell in whole), text


COMPARED = ["measure", "unit", "tacotron2-minutes", "fastpitch-lstm", "natural", "natural, through the vocoder", "better"]
NUMBERS = ["3.82 (3.60–4.01)", "2.81 (2.70–2.95)", "", "1.23 (1.1–1.3)", "fastpitch-lstm"]
DISTANCES = ["mel-cepstral distortion (order 13, no c0, DTW)", "dB", *NUMBERS]


def rendered(columns, rows, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(laid_out(columns, rows, width))
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, *WIDTHS, 200])
def test_a_comparisons_table_shows_every_number_whole(width):
    lines = rendered(COMPARED, [DISTANCES], width)
    assert all(len(line) <= width for line in lines)
    text = "\n".join(lines)
    for number in NUMBERS:
        assert number in text
    assert "tacotron2-minutes" in text or width == 40


def test_a_table_that_fits_is_no_wider_than_it_needs_to_be():
    assert len(rendered(("name", "frames"), [("ana", "12")], 80)[0]) == len("┏━━━━━━┳━━━━━━━━┓")


def test_a_row_that_fits_nowhere_becomes_a_block():
    lines = rendered(COMPARED, [DISTANCES], 60)
    assert lines[0].startswith("mel-cepstral distortion") and any(line.split() == ["unit", "dB"] for line in lines)
    assert not any(line.strip() == "natural  " for line in lines)  # empty cells are left out


@pytest.mark.parametrize("text", ["[red]no markup[/red]", "ñandú 漢字 🙂", "x" * 300, ""])
def test_any_text_fits(text):
    for width in WIDTHS:
        lines = rendered(("a", "b"), [(text, text)], width)
        assert all(Console(width=width).measure(line).maximum <= width for line in lines)
        assert "".join("".join(lines).split()).count("x") == 2 * text.count("x")
