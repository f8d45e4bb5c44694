"""What is to be said: sentences of a split that the corpus has recordings of, and hard sentences."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from ttskit.config import CompareConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import InputError, TTSKitError
from ttskit.interfaces.measurement import Sentence
from ttskit.plugins import Registry
from ttskit.texts import read_text, rows_of

__all__ = ["hard_sentences", "list_of_hard_sentences", "recorded_sentences"]


def list_of_hard_sentences() -> list[str]:
    """The shipped lines that break synthesisers: repetition, spelling, digits, tongue twisters, one word, very long."""
    text = files("ttskit.measure").joinpath("hard_es.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip()]


def recorded_sentences(corpus: PreparedCorpus, config: CompareConfig, registry: Registry) -> list[Sentence]:
    """Sentences of the test (or validation) split, evenly spread over it if there is a limit."""
    frontend = corpus.frontend_instance(registry)
    found = []
    for u in _spread(corpus.split(config.split), config.limit):
        analysis = frontend.analyze(u.text)
        # The manifest keeps no spelling by word; a frontend that has changed since may read other words.
        same = analysis.tokens == u.tokens
        words = tuple(w.text for w in analysis.words) if same else _words_of_tokens(u.tokens, u.token_words)
        found.append(Sentence(u.id, config.split, u.text, u.tokens, u.token_words, words, u.speaker, recorded=True))
    return found


def hard_sentences(corpus: PreparedCorpus, config: CompareConfig, registry: Registry) -> list[Sentence]:
    """The hard sentences, read by the corpus's own frontend; a line that it cannot read is left out.

    Raises:
        InputError: a file without lines, no text, or with letters lost.
    """
    lines = list_of_hard_sentences() if config.hard_file is None else _lines_of(Path(config.hard_file))
    frontend = corpus.frontend_instance(registry)
    speaker = max(corpus.speakers.names, key=lambda n: corpus.info["statistics"][n].get("seconds", 0.0))
    found = []
    for number, text in enumerate(lines, start=1):
        try:
            analysis = frontend.analyze(text)
            corpus.symbols.ids(analysis.tokens)
        except TTSKitError:
            continue
        if analysis.words:
            words = tuple(w.text for w in analysis.words)
            found.append(Sentence(f"hard_{number:03d}", "hard", text, analysis.tokens, analysis.token_words, words, speaker))
    return _spread(found, config.hard_limit)


def _lines_of(path: Path) -> list[str]:
    decoded = read_text(path)
    lost = decoded.lost_lines()
    if lost:
        raise InputError(f"{path} is damaged", "\n".join(f"line {n}: {why}" for n, why in list(lost.items())[:3]), "correct it")
    lines = [line.strip() for line in rows_of(decoded.text) if line.strip()]
    if not lines:
        raise InputError(f"{path} has no sentences", "", "write one a line")
    return lines


def _spread(items: list, limit: int | None) -> list:
    if limit is None or limit >= len(items):
        return items
    return [items[i] for i in sorted({round(k * (len(items) - 1) / max(1, limit - 1)) for k in range(limit)})]


def _words_of_tokens(tokens: Sequence[str], token_words: Sequence[int | None]) -> tuple[str, ...]:
    """Each word as its tokens."""
    count = max((w for w in token_words if w is not None), default=-1) + 1
    return tuple("".join(t for t, w in zip(tokens, token_words, strict=True) if w == k) for k in range(count))
