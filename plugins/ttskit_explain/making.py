"""Makes the page: loads the runs, lets sections build their cards, and keeps what one of them loses from costing the rest."""

from __future__ import annotations

import datetime
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ttskit.disk import full_disk_behind
from ttskit.errors import InputError, UsageError
from ttskit.measure.systems import System, load_systems
from ttskit.plugins import Registry, create_registry
from ttskit.progress import progress
from ttskit_explain import sections
from ttskit_explain.about import numbers_of
from ttskit_explain.cards import Card, Note
from ttskit_explain.lesson import Failed, Lesson, Subject, check_length, folder_label
from ttskit_explain.opening import opening_notes
from ttskit_explain.page import write_page
from ttskit_explain.placing import placed
from ttskit_explain.sheet import Sheet
from ttskit_explain.texts import LANGUAGES

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ExplainReport", "explain", "open_lesson"]


@dataclass
class ExplainReport:
    """What was made.

    Args:
        page: index.html.
        bytes: of the whole folder's data and audio.
        seconds: by section.
        notes: what is said at the top of the page, key and values.
        failed: sections and cards that could not be made, and why.
    """

    page: Path
    bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def explain(
    runs: Sequence[Path | str],
    text: str,
    out: Path | str,
    *,
    vocoder: str | Path | None = None,
    aligner: Path | str | None = None,
    speaker: str | None = None,
    language: str = "es",
    device: str = "cpu",
    seed: int = 0,
    only: Sequence[str] = (),
    registry: Registry | None = None,
    date: str = "",
    console: Console | None = None,
) -> ExplainReport:
    """Write a page that shows how runs turn a sentence into speech.

    Args:
        runs: folders of trained acoustic models, one or more.
        text: one sentence.
        out: folder of the page; made if needed, what an earlier page left there is replaced.
        vocoder: plugin name or run; by default what each run's recipe names.
        aligner: a run that learned where each token is in a recording, shown where the models were given its durations.
        speaker: whose voice; by default the first of each run.
        language: the one that is seen first: "es" or "en". The page holds both.
        device: "cpu", "cuda", …
        seed: of what is random.
        only: names of the sections wanted; all of them if empty.
        registry: every plugin.
        date: when the page is made, for its foot; today if not given.
        console: for progress.

    Raises:
        UsageError: no run, or one that holds no acoustic model.
        InputError: nothing to speak, or more than can be shown.
        TTSKitError: a run that cannot be opened.
    """
    if language not in LANGUAGES:
        raise UsageError(f"there is no page in {language!r}", f"there are: {', '.join(LANGUAGES)}", "")
    strange = [name for name in only if name not in sections.SECTIONS]
    if strange:
        raise UsageError(f"there is no section {strange[0]!r}", f"there are: {', '.join(sections.SECTIONS)}", "")
    wanted = [name for name in sections.SECTIONS if name in only or not only]
    page = Path(out) / "index.html"
    with placed(page.parent) as folder:
        lesson = open_lesson(
            runs,
            text,
            folder,
            vocoder=vocoder,
            aligner=aligner,
            speaker=speaker,
            device=device,
            seed=seed,
            registry=registry,
        )
        lesson.notes += opening_notes(lesson)
        report = ExplainReport(page, notes=lesson.notes)
        built = _sections(wanted, lesson, report, console)
        labels = [one.label for one in lesson.subjects]
        made = write_page(
            folder,
            built,
            first=language,
            languages=LANGUAGES,
            text=lesson.text,
            runs=labels,
            notes=lesson.notes,
            numbers=numbers_of(lesson, seed=seed, date=date or datetime.date.today().isoformat()),
        )
        report.bytes = lesson.sheet.bytes + made.stat().st_size
    return report


def _sections(
    wanted: Sequence[str], lesson: Lesson, report: ExplainReport, console: Console | None
) -> dict[str, Sequence[Card]]:
    built: dict[str, Sequence[Card]] = {}
    with progress(console, "sections", len(wanted)) as advance:
        for name in wanted:
            started = time.perf_counter()
            built[name] = _section(name, lesson, report)
            report.seconds[name] = round(time.perf_counter() - started, 2)
            advance(1, name)
    return built


def _section(name: str, lesson: Lesson, report: ExplainReport) -> Sequence[Card]:
    """The cards of a section, its data written. What fails costs what was not built yet, and a card says why.

    A section reads what models say of themselves, and some are strangers': whatever it raises is theirs or ours, and neither
    is a reason to lose the page. The report names it, so that a command and tests can be strict.
    """
    cards: list[Card] = []
    try:
        cards.extend(sections.build(name, lesson))
    except Exception as error:
        if full_disk_behind(error):
            raise
        why = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        report.failed[name] = why
        cards.append(Card(f"{name}.failed", notes=(Note("failed", {"why": why}),), title=name))
    lesson.sheet.write(name, {figure.key: figure.spec for card in cards for figure in card.figures})
    return cards


def open_lesson(
    runs: Sequence[Path | str],
    text: str,
    out: Path | str,
    *,
    vocoder: str | Path | None = None,
    aligner: Path | str | None = None,
    speaker: str | None = None,
    device: str = "cpu",
    seed: int = 0,
    registry: Registry | None = None,
) -> Lesson:
    """The sentence and the runs, loaded; arguments and errors as of `explain`."""
    registry, folders = registry or create_registry(), [Path(one) for one in runs]
    if not folders:
        raise UsageError("no run to explain", "name one or more", 'ttskit explain runs/fastpitch "Hola" -o clase')
    text = unicodedata.normalize("NFC", text)
    subjects: list[Subject] = []
    for path, label in zip(folders, _labels(folders), strict=True):
        system = _load(path, label, vocoder, device, registry)
        analysis = system.voice.frontend.analyze(text)
        if not analysis.words:
            raise InputError("nothing to speak in the text", f"text: {text[:40]!r}", "give at least one word")
        check_length(analysis.tokens)
        origin = registry.origin("acoustic model", system.loaded.name)
        subjects.append(Subject(system, analysis, registry, origin, speaker=speaker, seed=seed))
    lesson = Lesson(text, subjects, Sheet(Path(out)), registry)
    if aligner is not None:
        lesson.aligner = _load(Path(aligner), folder_label(Path(aligner)), vocoder, device, registry)
    else:
        lesson.aligner = next((one.system for one in subjects if one.system.aligns and not one.system.given_durations), None)
    return lesson


def _load(path: Path, label: str, vocoder: str | Path | None, device: str, registry: Registry) -> System:
    (system,) = load_systems([path], vocoder, device, "last", registry, labels=[label], least=1)
    return replace(system, label=label)


def _labels(folders: Sequence[Path]) -> list[str]:
    """Folder names, with a number where two are the same."""
    names = [folder_label(one) for one in folders]
    return [name if names.count(name) == 1 else f"{name} ({names[:i].count(name) + 1})" for i, name in enumerate(names)]
