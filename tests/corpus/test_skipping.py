"""What is skipped and what is only warned of, before any feature is made."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ttskit.audio.config import PRESETS
from ttskit.config.corpus import CorpusConfig
from ttskit.corpus.problems import Problem
from ttskit.corpus.readers import CorpusReading, SourceUtterance
from ttskit.corpus.screening import analyse, low_rates, require_some
from ttskit.errors import CorpusError


@pytest.fixture
def letters(registry):
    return registry.get("frontend", "letters").load()()


def reading(*texts):
    return CorpusReading([SourceUtterance(f"u{i}", "ana", Path(f"u{i}.wav"), text) for i, text in enumerate(texts)])


def test_unknown_symbols_are_skipped_unless_the_recipe_says_otherwise(letters):
    texts = ("hola", "son 3", "", "?!", "...")
    kept, problems = analyse(reading(*texts), letters, CorpusConfig())
    assert [c.source.id for c in kept] == ["u0"]
    assert [(p.id, p.kind, p.skipped) for p in problems] == [
        ("u1", "unknown symbols", True),
        ("u2", "no text", True),
        ("u3", "unknown symbols", True),
        ("u4", "no text", True),
    ]
    kept, problems = analyse(reading(*texts), letters, CorpusConfig(unknown_symbols="warn"))
    assert [c.source.id for c in kept] == ["u0", "u1"]
    assert [(p.id, p.kind, p.skipped) for p in problems][:2] == [("u1", "unknown symbols", False), ("u2", "no text", True)]
    assert "'3' at 4" in problems[0].reason


def test_a_token_that_the_frontend_itself_does_not_know_is_always_skipped(letters, monkeypatch):
    """Planted: kept with a warning, to end a training at its first batch."""
    plain = letters.analyze

    def odd(text):
        found = plain(text)
        return type(found)(text, text, found.words, ("☃", *found.tokens), (None, *found.token_words), ())

    monkeypatch.setattr(letters, "analyze", odd)
    kept, problems = analyse(reading("hola"), letters, CorpusConfig(unknown_symbols="warn"))
    assert kept == [] and problems[0].skipped and "token '☃'" in problems[0].reason


@pytest.mark.parametrize(
    ("preset", "rates", "told"),
    [
        ("telephone-8000", (8000, 44100), []),
        ("nvidia-22050", (22050, 44100, 48000), []),
        ("nvidia-22050", (16000, 22050), []),  # its mel goes to 8000 Hz, which 16 kHz holds
        ("nvidia-22050", (15999,), [15999]),
        ("nvidia-22050", (8000, 22050, 11025, 8000), [8000, 11025]),
    ],
)
def test_a_rate_that_leaves_bands_empty_is_told_once_and_skips_nothing(preset, rates, told):
    """Planted: told only far below the rate asked for."""
    candidates = [SimpleNamespace(source=SimpleNamespace(id=f"u{i}")) for i in range(len(rates) + 1)]
    audio = [SimpleNamespace(record=SimpleNamespace(source_rate_hz=rate)) for rate in rates]
    audio.append(SimpleNamespace(record=None))  # one that could not be read says nothing of its rate
    problems = low_rates(candidates, audio, PRESETS[preset])
    assert [int(p.reason.split(" have ")[1].split()[0]) for p in problems] == told
    assert not any(p.skipped for p in problems)
    assert [p.reason.split()[0] for p in problems] == [str(rates.count(rate)) for rate in told]


def test_nothing_usable_counts_the_reasons_that_skipped_something():
    problems = [
        Problem("a", "no text", "empty"),
        Problem("b", "low rate", "8 kHz", skipped=False),
        Problem("c", "no text", "x"),
    ]
    with pytest.raises(CorpusError, match="no usable utterance") as error:
        require_some([], problems, Path("data"))
    assert error.value.why == "2 × no text\nfirst: a: empty"
    require_some([1], problems, Path("data"))
