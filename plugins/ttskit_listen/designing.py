"""What the calculator says of one design: a table of it and of ways to enlarge it, and sentences made of these numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ttskit.errors import InputError
from ttskit.reading import Misread, as_type, read_json
from ttskit_listen.calculator import (
    UNITS,
    USUAL_OF,
    Need,
    Spreads,
    designs_for,
    minutes_of,
    power_of,
    share_of,
    smallest,
    spreads_from,
)
from ttskit_listen.plan import Kind

__all__ = ["Reckoned", "Way", "design_lines", "design_rows", "reckon", "spreads_of_report"]

_MOST_BYTES = 64 << 20
_THIS, _MINUTES = "this design", "minutes each"  # messages
_WAYS: Mapping[str, tuple[str, ...]] = {
    _THIS: (),
    "twice the listeners": ("listeners",),
    "twice the sentences": ("sentences",),
    "twice the trainings": ("runs",),
    "twice the sentences and trainings": ("sentences", "runs"),
}
_SOURCES = ("the trainings", "the sentences", "the listeners", "single answers")  # messages
_PARTS = dict(zip(("run", "sentence", "listener", "residual"), _SOURCES, strict=True))


@dataclass(frozen=True, slots=True)
class Way:
    """A design and what it shows, in the units of the kind.

    Args:
        name: "this design" or how it differs from it.
        listeners, sentences, runs: of it.
        minutes: of one listener; hours: of all.
        alone: the smallest difference between models where this test alone says how far trainings differ; None of one training.
        known: the same where that spread is known; trainings: the smallest difference between these very trainings.
    """

    name: str
    listeners: int
    sentences: int
    runs: int
    minutes: float
    hours: float
    alone: float | None
    known: float
    trainings: float

    @property
    def shown(self) -> float:
        """What can be claimed of models."""
        return self.known if self.alone is None else self.alone


@dataclass(frozen=True)
class Reckoned:
    """A design, reckoned.

    Args:
        kind, unit: of the test and its differences; most: the largest difference that there is.
        systems: compared.
        spreads: given; source: where they are from, "usual" or a file.
        power, confidence: of the smallest differences.
        ways: this design first.
        parts: shares of the variance of the estimate, by source, the largest first.
        difference: asked for, and found: the chance with which this design finds it; None where none was asked for.
        needs: designs that find it.
    """

    kind: Kind
    unit: str
    most: float
    systems: int
    spreads: Spreads
    source: str
    power: float
    confidence: float
    ways: list[Way]
    parts: dict[str, float]
    difference: float | None = None
    found: float | None = None
    needs: tuple[Need, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def reckon(
    kind: Kind,
    listeners: int,
    sentences: int,
    runs: int,
    *,
    systems: int = 2,
    difference: float | None = None,
    spreads: Spreads | None = None,
    source: str = "usual",
    power: float = 0.8,
    confidence: float = 0.95,
    seed: int = 1,
) -> Reckoned:
    """What a design can show, what would bring most, and designs that show `difference`.

    Raises:
        InputError: sizes that no test has, or a difference that the scale has not.
    """
    unit, most = UNITS[kind]
    if difference is not None and not 0 < difference <= most:
        raise InputError(f"a difference of {difference:g}", f"differences are {unit}, at most {most:g}", "give one of these")
    own = spreads or USUAL_OF[kind]
    share = share_of(kind, systems)
    shared: dict[str, Any] = {"power": power, "confidence": confidence, "seed": seed, "share": share}
    ways = []
    for name, doubled in _WAYS.items():
        given = {"listeners": listeners, "sentences": sentences, "runs": runs}
        people, said, trained = (count * (2 if part in doubled else 1) for part, count in given.items())
        minutes = minutes_of(kind, said, systems)
        known = smallest(own, people, said, trained, known=True, **shared)
        alone = None if trained == 1 else smallest(own, people, said, trained, **shared)
        trainings = smallest(own, people, said, trained, about="these trainings", **shared)
        ways.append(Way(name, people, said, trained, minutes, people * minutes / 60, alone, known, trainings))
    variances = {
        "run": own.run**2 / runs,
        "sentence": own.sentence**2 / sentences,
        "listener": own.listener**2 / listeners,
        "residual": own.residual**2 / (listeners * sentences * share),
    }
    whole = sum(variances.values())
    parts = {name: v / whole for name, v in sorted(variances.items(), key=lambda item: -item[1])}
    chance: float | None = None
    needs: tuple[Need, ...] = ()
    if difference is not None:
        chosen: dict[str, Any] = {"confidence": confidence, "seed": seed}
        chance = power_of(difference, own, listeners, sentences, runs, share=share, **chosen)
        needs = tuple(designs_for(difference, own, kind=kind, systems=systems, power=power, **chosen))
    about = (kind, unit, most, systems, own, source, power, confidence)
    return Reckoned(*about, ways, parts, difference, chance, needs)


def spreads_of_report(path: Path, kind: Kind) -> Spreads:
    """The spreads that the analysis of an earlier test of this kind estimated.

    Args:
        path: the results.json of an analysis, its report, or the test that was analysed.

    Raises:
        InputError: there is none, it is damaged, or it is of another kind.
    """
    places = (path / "results.json", path / "report" / "results.json") if path.is_dir() else (path,)
    file = next((place for place in places if place.is_file()), places[0])
    try:
        content: dict[str, Any] = as_type(dict[str, Any], read_json(file, limit_bytes=_MOST_BYTES))
    except (OSError, Misread) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{file} holds no analysis", str(why), "analyse the earlier test: ttskit listen analyse TEST"
        ) from error
    found = spreads_from(content, kind)
    if kind == "transcribe":  # there shares of words, here points
        found = Spreads(**{name: 100 * value for name, value in asdict(found).items()})
    return found


def design_rows(found: Reckoned) -> tuple[list[str], list[list[str]]]:
    """The table for people: differences between models by the test alone and with known trainings, and between trainings."""
    columns = ["", "listeners", "sentences", "trainings", _MINUTES, "hours in all"]
    columns += ["shows of models", "with their spread known", "of these trainings"]
    rows = []
    for way in found.ways:
        alone = "-" if way.alone is None else shown(way.alone, found.most)
        sizes = [str(way.listeners), str(way.sentences), str(way.runs), f"{way.minutes:.0f}", f"{way.hours:.1f}"]
        rows.append([way.name, *sizes, alone, shown(way.known, found.most), shown(way.trainings, found.most)])
    return columns, rows


def shown(value: float, most: float) -> str:
    """A difference of a scale that ends at `most`: two digits after the point of small scales, one of those to 100."""
    return f"{value:.1f}" if most >= 10 else f"{value:.2f}"


def design_lines(found: Reckoned) -> list[str]:
    """What the numbers say, a sentence each."""
    this, *others = found.ways
    number = lambda value: shown(value, found.most)  # noqa: E731
    power, unit = f"{found.power:.0%}", found.unit
    lines = [f"Differences are {unit}, found with a chance of {power}."]
    sizes = f"{this.listeners} × {this.sentences} × {this.runs}"
    between, known = number(this.trainings), number(this.known)
    if this.runs == 1:
        lines.append(
            f"{sizes} (listeners, sentences, trainings) show {between} between these trainings. One training of each does not"
            f" say how far another one lies: between models {known}, and only if the spread of trainings is known from"
            " elsewhere."
        )
    else:
        lines.append(
            f"{sizes} (listeners, sentences, trainings) show {number(this.shown)} between models: this test alone has to say"
            f" how far trainings differ. If that were known, {known}; between these trainings {between}."
        )
    largest = next(iter(found.parts))
    most = _PARTS[largest]
    lines.append(f"Most of what is uncertain comes from {most}: {found.parts[largest]:.0%} of the variance.")
    # With one training, doubling it changes what can be claimed: numbers with a known spread are compared then.
    of = (lambda way: way.known) if this.runs == 1 else (lambda way: way.shown)
    single = sorted((way for way in others[:3]), key=of)
    if of(single[0]) < 0.995 * of(this):
        best, rest = single[0], single[1:]
        lines.append(
            f"What brings most is {best.name}: {number(of(best))} instead of {number(of(this))}; {rest[0].name}:"
            f" {number(of(rest[0]))}, {rest[1].name}: {number(of(rest[1]))}."
        )
    listeners, both = others[0], others[3]
    if of(both) < of(listeners):
        gain, other = _gain(of(this), of(listeners)), _gain(of(this), of(both))
        lines.append(
            f"{listeners.listeners} listeners make it {gain} smaller, with {listeners.hours:.1f} hours of listening in all;"
            f" {both.sentences} sentences and {both.runs} trainings {other}, with {both.hours:.1f}."
        )
    else:
        lines.append(f"Listeners bring most here: {listeners.listeners} show {number(of(listeners))}.")
    if this.shown > found.most:
        lines.append(f"The scale ends at {found.most:g}: such a test shows nothing.")
    return [*lines, *_asked(found, number)]


def _gain(before: float, after: float) -> str:
    return f"{max(0.0, 1 - after / before):.0%}"


def _asked(found: Reckoned, number: Any) -> list[str]:
    """What is said of the difference that was asked for."""
    if found.difference is None or found.found is None:
        return []
    lines = [f"A difference of {number(found.difference)} is found with a chance of {found.found:.0%}."]
    if not found.needs:
        lines.append("No design up to 120 listeners, 6 trainings and 45 minutes finds it.")
    for need in found.needs:
        sizes = f"{need.listeners} listeners × {need.sentences} sentences × {need.runs} trainings"
        times = f"{need.minutes:.0f} min each, {need.hours:.1f} h in all"
        if need.known:
            lines.append(f"It takes {sizes} ({times}), if the spread of trainings is known from elsewhere.")
        else:
            lines.append(f"It takes {sizes} ({times}).")
    return lines
