"""The report of a listening test: one page in Spanish and English, and the same numbers as files. It asks no network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from ttskit.corpus.storage import write_atomic, write_json
from ttskit.errors import InputError, TTSKitError
from ttskit_listen.answered.judging import heard_of
from ttskit_listen.ears.correlations import ears_of
from ttskit_listen.ears.drawing import forest, scatters
from ttskit_listen.ears.export import write_ears
from ttskit_listen.folder import TestFolder
from ttskit_listen.judgements import HeardAnswers
from ttskit_listen.plan import Rules
from ttskit_listen.report import figures, plainly
from ttskit_listen.report.methods import methods_of
from ttskit_listen.report.placing import placed_report
from ttskit_listen.report.results import everyone_of, results_of
from ttskit_listen.report.tables import ordinal_of, write_tables
from ttskit_listen.report.words import LANGUAGES, OWN_NAMES, ReportWords
from ttskit_listen.statistics import statistics_of

if TYPE_CHECKING:
    from ttskit.plugins import Registry

__all__ = ["ListeningAnalysis", "analyse_test", "render_report", "write_report"]


class ListeningAnalysis:
    """What came of an analysis.

    Args:
        folder: of the report.
        heard: answers with the key applied.
        results: what results.json holds.
    """

    def __init__(self, folder: Path, heard: HeardAnswers, results: Mapping[str, Any]) -> None:
        self.folder, self.heard, self.results = folder, heard, results


def analyse_test(
    test: TestFolder,
    paths: Sequence[Path] = (),
    *,
    out: Path | None = None,
    tables: Sequence[Path] = (),
    rules: Rules | None = None,
    confidence: float = 0.95,
    registry: Registry | None = None,
    language: str = "es",
    tell: Callable[[str], None] = lambda line: None,
) -> ListeningAnalysis:
    """Read the answers to a test, apply its rules and its key, and write the report.

    Args:
        paths: answer files, archives and folders beside those in the test's own folder.
        out: folder of the report; the test's own if not given.
        tables: measurements.csv of comparisons; those of the test's source if none are given and it is still there.
        rules: instead of those that were fixed beforehand; the report says so.
        language: that the page opens in.
        tell: is told what could not be done.

    Raises:
        InputError: a path is not there, the test's files are not of one test, or nobody answered.
        CheckpointError: the test is damaged.
    """
    heard = heard_of(test, paths, registry, rules=rules)
    if not heard.listeners:
        counted = "; ".join(heard.problems[:3]) or f"{test.answers} is empty and no other files were named"
        raise InputError(f"no answers to {test.path} that count", counted, "name the files that listeners sent back")
    statistics = statistics_of(heard, confidence=confidence)
    everyone = None
    if len(heard.judgements) < len(heard.all_judgements):
        everyone = statistics_of(everyone_of(heard), confidence=confidence)["pairs"]
    ears = _ears(heard, statistics, tables or _tables_of(test, heard), confidence, tell)
    results = results_of(heard, statistics, ears=ears, everyone=everyone, rules=rules, confidence=confidence)
    folder = out or test.report
    write_report(folder, test, heard, results, language=language)
    return ListeningAnalysis(folder, heard, results)


def _ears(
    heard: HeardAnswers, statistics: Mapping[str, Any], tables: Sequence[Path], confidence: float, tell: Callable[[str], None]
) -> Mapping[str, Any] | None:
    if not tables:
        return None
    try:
        return ears_of(heard, statistics, tables, confidence=confidence)
    except TTSKitError as error:  # what listeners said stands without the measures
        tell(f"the measures are not shown beside the listeners: {error.what}: {error.why}")
        return None


def _tables_of(test: TestFolder, heard: HeardAnswers) -> list[Path]:
    """Measurements of what the test was made of, where that is still there."""
    origin = test.path / heard.design.origin
    return [origin] if heard.design.origin and heard.design.source != "folders" and origin.is_dir() else []


def write_report(out: Path, test: TestFolder, heard: HeardAnswers, results: Mapping[str, Any], *, language: str = "es") -> Path:
    """Write the page, results.json, tables, methods and sounds into `out`, all or none; the page's path.

    Raises:
        TTSKitError: the place cannot be written.
    """
    with placed_report(out) as new:
        named = ["results.json", *write_tables(new, heard, results)]
        named += write_ears(new, results["ears"], ReportWords("en"))
        write_json(new / "results.json", results)
        for name in LANGUAGES:
            text = "\n\n".join(methods_of(results, ReportWords(name))) + "\n"
            _write(new / f"methods.{name}.txt", text)
            named.append(f"methods.{name}.txt")
        sounds = _copy_sounds(new, test, results)
        _write(new / "index.html", render_report(results, first=language, sounds=sounds, named=named))
    return out / "index.html"


def _copy_sounds(new: Path, test: TestFolder, results: Mapping[str, Any]) -> frozenset[str]:
    """Copy the sounds that the page plays; names of those that are there."""
    rows = [row for own in results["sentences"].values() for row in own] + list((results["ears"] or {}).get("wrong") or ())
    copied: set[str] = set()
    for name in sorted({name for row in rows for name in row.get("sounds") or ()}):
        source = test.audio / f"{name}.flac"
        if source.is_file():
            (new / "audio").mkdir(exist_ok=True)
            shutil.copyfile(source, new / "audio" / source.name)
            copied.add(name)
    return frozenset(copied)


def _write(path: Path, text: str) -> None:
    write_atomic(path, lambda file: file.write_text(text, encoding="utf-8", newline="\n", errors="backslashreplace"))


def render_report(
    results: Mapping[str, Any],
    *,
    first: str = "es",
    languages: Sequence[str] = LANGUAGES,
    sounds: frozenset[str] = frozenset(),
    named: Sequence[str] = (),
) -> str:
    """The page as text.

    Args:
        results: what results.json holds.
        first, languages: which is seen first, and which there are.
        sounds: names of files in audio/ that can be played.
        named: files beside the page that it links to.
    """
    parts = []
    for name in languages:
        words = ReportWords(name)
        html = _environment().get_template("report.html.jinja").render(named=list(named), **_content(words, results, sounds))
        parts.append((name, OWN_NAMES[name], words.titled(results["test"]["title"]) or words("report"), Markup(html)))
    shell = _environment().get_template("report_page.html.jinja")
    title = next((title for name, _, title, _ in parts if name == first), parts[0][2])
    return shell.render(parts=parts, first=first, title=title, css=_file("report.css"), script=_file("report.js"))


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("ttskit_listen", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _content(words: ReportWords, results: Mapping[str, Any], sounds: frozenset[str]) -> dict[str, Any]:
    """What the template names, in one language."""
    kind = results["test"]["kind"]
    return {
        "r": results,
        "test": results["test"],
        "s": results["statistics"],
        "ears": results["ears"],
        "ears_figure": forest(results["ears"], words) if results["ears"] else "",
        "ears_scatters": scatters(results["ears"], words) if results["ears"] else [],
        "notes": results["statistics"].get(f"notes_{words.name}") or results["statistics"].get("notes") or [],
        "group_name": lambda group: _group_name(results, group, words),
        "kind": kind,
        "w": words,
        "words": words,
        "lang": words.name,
        "percent": f"{100 * results['confidence']:g}",
        "num": words.number,
        "answers": plainly.answers(results, words),
        "claim": plainly.claim(results, words),
        "pair_numbers": lambda row: plainly.pair_numbers(kind, row, words),
        "span_value": lambda value: plainly.span_value(kind, value, words),
        "pair_value": lambda value: plainly.pair_value(kind, value, words),
        "in_short": lambda rows: plainly.in_short(kind, rows, words),
        "ordinal_of": lambda row: ordinal_of(results, row),
        "differing": _differing(results),
        "methods": methods_of(results, words),
        "sounds": sounds,
        "systems_figure": figures.systems(results, words),
        "pairs_figure": figures.pairs(results, words),
        "strengths_figure": figures.strengths(results, words),
        "counts_figure": figures.counts(results, words),
        "counts_legend": figures.legend(kind, words),
        "strips": figures.screening(results, words),
        "check_value": lambda name, value: figures.check_value(name, value, words),
    }


def _group_name(results: Mapping[str, Any], group: Mapping[str, Any], words: ReportWords) -> str:
    """What was asked and what these listeners answered, in the reader's words."""
    asked = next((one for one in results["test"]["questions"] if one["name"] == group["question"]), None)
    if asked is None:
        return str(group["answer"])
    label = asked["choices"].get(group["answer"]) or {}
    return f"{words.titled(asked['title'])} {words.titled(label) or group['answer']}"


def _differing(results: Mapping[str, Any]) -> list[str]:
    """Pairs of which the two models do not say the same: one interval leaves out 0 and the other not, or both do on
    opposite sides.
    """
    found = []
    for row in results["statistics"].get("pairs") or ():
        beside = ordinal_of(results, row)
        if beside.get("value") is not None and row.get("value") is not None and _side(beside) != _side(row):
            found.append(f"{row['system']} − {row['against']}")
    return found


def _side(row: Mapping[str, Any]) -> int:
    """On which side of 0 its interval lies; 0 where 0 is in it, or it has none."""
    low, high = row.get("low"), row.get("high")
    if low is None or high is None:
        return 0
    return (low > 0) - (high < 0)


def _file(name: str) -> Markup:
    return Markup(files("ttskit_listen").joinpath("templates", name).read_text(encoding="utf-8").rstrip())
