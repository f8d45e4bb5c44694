"""What can be told of a corpus before its features are made; shared by `prepare` and `check`."""

from __future__ import annotations

import inspect
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.audio.config import MelConfig
from ttskit.config.corpus import CorpusConfig
from ttskit.corpus.columns import parse_columns
from ttskit.corpus.problems import Problem
from ttskit.corpus.readers import CorpusReading, SourceUtterance, detect, without_duplicates
from ttskit.corpus.work import AudioResult
from ttskit.errors import CorpusError, TTSKitError, UsageError
from ttskit.interfaces.frontend import Analysis, Frontend, Unknown
from ttskit.plugins import Registry

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["LONGEST_ID", "RECIPES_BY_RATE", "Candidate", "analyse", "low_rates", "read", "require_some", "say_understood"]

LONGEST_ID = 200  # bytes: file systems take 255, of which a temporary name's ending needs some
RECIPES_BY_RATE = {8_000: "telephone-8000"}  # Hz → shipped recipe whose mel ends where such recordings end
# Signs that nobody says when reading aloud: arrows, stars, hearts, check marks, emoji and what joins and colours them.
_DECORATION = re.compile(
    "[\u2190-\u21ff\u2300-\u23ff\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff\ufe0e\ufe0f\u200d\u20e3]|[\U000e0020-\U000e007f]"
)
_FACES = re.compile(r"(?<![\w:;])(?:[:;=8xX]['’]?[-o^]?[)(\]\[DPpdOo|/\\3*]+|<3+|</3|\^[_.]?\^|[-¬]_[-¬]|:'\(+)(?![\w(])")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An utterance whose text can be spoken."""

    source: SourceUtterance
    analysis: Analysis


def read(
    data: Path, reader: str | None, speaker: str | None, registry: Registry, columns: str | None = None
) -> tuple[CorpusReading, str]:
    """What the named (or detected) reader finds in `data`, each id once; and the reader's name.

    Args:
        columns: what `--columns` says a list's columns are; only for readers of lists.
    """
    if not data.exists():
        raise CorpusError(
            f"there is no corpus at {data}", "no such file or folder", "name the folder with the recordings and their texts"
        )
    roles = parse_columns(columns)
    reader = reader or detect(data)
    factory: Callable[..., Any] = registry.get("corpus reader", reader).load()
    if roles is not None and "columns" not in inspect.signature(factory).parameters:
        raise UsageError(f"the reader {reader!r} reads no lists with columns", f"--columns {columns}", "leave --columns out")
    reading = without_duplicates(factory(data, speaker, **({} if roles is None else {"columns": roles})))
    require_some(reading.utterances, reading.problems, data)
    return reading, reader


def say_understood(reading: CorpusReading, console: Console | None) -> None:
    """One line on `console`, before work starts: what each column of the list was taken for."""
    if console is not None and reading.understood:
        console.print("; ".join(reading.understood), markup=False, highlight=False, soft_wrap=True)


def analyse(reading: CorpusReading, frontend: Frontend, config: CorpusConfig) -> tuple[list[Candidate], list[Problem]]:
    """Utterances whose text the frontend can speak, and all problems so far."""
    candidates, problems = [], list(reading.problems)
    for u in reading.utterances:
        unfit = _unfit(u.id)
        if unfit:
            problems.append(Problem(u.id, "id", unfit))
            continue
        if not u.text.strip():
            problems.append(Problem(u.id, "no text", "the transcript is missing or empty"))
            continue
        try:
            analysis = frontend.analyze(u.text)
        except TTSKitError as error:
            problems.append(Problem(u.id, "text", f"{error.what}: {error.why}"))
            continue
        strange = [t for t in analysis.tokens if t not in frontend.symbols]
        unknown, unsaid = _unread(analysis)
        if unsaid and not (unknown or strange):
            shown = ", ".join(repr(sign) for sign in unsaid[:5])
            problems.append(Problem(u.id, "unsaid signs", f"{shown} in {u.text[:60]!r}: left out", skipped=False))
        if unknown or strange:
            found = ", ".join([f"{c.character!r} at {c.position}" for c in unknown[:5]] + [f"token {t!r}" for t in strange[:5]])
            skip = config.unknown_symbols == "skip" or bool(strange)
            problems.append(Problem(u.id, "unknown symbols", f"{found} in {u.text[:60]!r}", skipped=skip))
            if skip:
                continue
        if not analysis.words:
            problems.append(Problem(u.id, "no text", f"nothing to speak in {u.text[:60]!r}"))
            continue
        candidates.append(Candidate(u, analysis))
    return candidates, problems


def _unread(analysis: Analysis) -> tuple[list[Unknown], list[str]]:
    """Characters that the frontend did not read though a speaker did; and those that no speaker says.

    A raised letter right after an abbreviation ("Prof.ª") belongs to what was read for it.
    """
    text = analysis.text
    ends = {r.span[1] for r in analysis.readings if r.spoken and r.token_class == "abbreviation"}
    faces = {i for match in _FACES.finditer(text) for i in range(*match.span())}
    left, unsaid = [], []
    for one in analysis.unknown:
        if one.character in "ªº" and one.position in ends:
            continue
        if one.position in faces or _DECORATION.fullmatch(one.character):
            unsaid.append(one.character)
        else:
            left.append(one)
    return left, unsaid


def _unfit(id: str) -> str:
    """Why an id cannot be the name of files, or ""."""
    try:
        size = len(id.encode())
    except UnicodeEncodeError:
        return f"its name {id!r} is in no encoding that can be told; rename the file"
    if size > LONGEST_ID:
        return f"its id has {size} bytes, a file's name holds {LONGEST_ID} besides its endings: give it a shorter name"
    return ""


def low_rates(candidates: list[Candidate], audio: list[AudioResult], mel: MelConfig) -> list[Problem]:
    """A warning for each rate below the one asked for: the upper bands will be empty."""
    slow: dict[int, list[str]] = defaultdict(list)
    for c, result in zip(candidates, audio, strict=True):
        if result.record and result.record.source_rate_hz < min(mel.sample_rate_hz, 2 * mel.f_max_hz):
            slow[result.record.source_rate_hz].append(c.source.id)
    return [
        Problem(
            ids[0],
            "low rate",
            f"{len(ids)} recordings have {rate} Hz, {mel.sample_rate_hz} Hz is asked for: nothing above "
            f"{rate // 2} Hz in them, mel goes to {mel.f_max_hz:g} Hz" + _for_rate(rate),
            skipped=False,
        )
        for rate, ids in sorted(slow.items())
    ]


def _for_rate(rate_hz: int) -> str:
    """Advice for recordings of that rate: the shipped recipe whose mel they fill."""
    fitting = [(own, name) for own, name in RECIPES_BY_RATE.items() if own <= rate_hz < 1.25 * own]
    return f"; made for them: --recipe {max(fitting)[1]}" if fitting else ""


def require_some(items: Sequence, problems: Sequence[Problem], data: Path) -> None:
    """`CorpusError` with a count of the reasons, if nothing is left to work on."""
    if items:
        return
    kinds = Counter(p.kind for p in problems if p.skipped)
    first = next((f"\nfirst: {p.id}: {p.reason}" for p in problems if p.skipped), "")
    raise CorpusError(
        f"no usable utterance in {data}",
        (", ".join(f"{n} × {kind}" for kind, n in kinds.most_common()) or "it lists none") + first,
        f"ttskit check {data}",
    )
