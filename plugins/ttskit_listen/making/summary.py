"""What is said of a test that was made: what it holds, how long it takes, what it can show."""

from __future__ import annotations

from typing import Any

from ttskit_listen import calculator
from ttskit_listen.making.assembling import Made
from ttskit_listen.plan import ListeningDesign

__all__ = ["summary_lines", "summary_of", "summary_rows"]

_NATURAL, _ANCHOR = "natural", "anchor"  # messages
_RESOLUTION = 0.05  # of a difference that a simulation finds


def summary_of(made: Made) -> dict[str, Any]:
    """The summary as plain data."""
    design, plan, key = made.design, made.plan, made.key
    roles = [key.roles[trial.id].role for trial in plan.forms[0].trials]
    sounds: dict[str, int] = {}
    for said in key.sounds.values():
        name = said.anchor if said.anchor else said.system
        sounds[name] = sounds.get(name, 0) + 1
    return {
        "test": str(made.test.path),
        "id": design.id,
        "kind": design.kind,
        "systems": [
            {
                "system": one.name,
                "trainings": len(one.runs),
                "natural": one.natural,
                "anchor": one.anchor,
                "sounds": sounds.get(one.name, 0),
            }
            for one in design.systems
        ],
        "sentences": len(design.sentences),
        "trials": {role: roles.count(role) for role in dict.fromkeys(roles)},
        "minutes": plan.minutes,
        "listeners": design.listeners,
        "forms": design.forms,
        "lufs": design.lufs,
        "rate_hz": design.rate_hz,
        "bytes": sum(path.stat().st_size for path in made.test.public.rglob("*") if path.is_file()),
        "shows": _shows(design),
        "smallest": design.smallest,
        "notes": list(made.notes),
    }


def summary_rows(found: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows: a row a system."""
    rows = [
        [
            one["system"],
            _NATURAL if one["natural"] else _ANCHOR if one["anchor"] else "",
            one["trainings"] or "",
            one["sounds"],
        ]
        for one in found["systems"]
    ]
    return ["system", "", "trainings", "sounds"], rows


def summary_lines(found: dict[str, Any]) -> list[str]:
    """Lines below the table."""
    trials = found["trials"]
    scored, total = trials.get("scored", 0), sum(trials.values())
    lines = [
        f"{found['kind']}: {found['sentences']} sentences, {total} trials for each listener, of which {scored} count",
        f"About {found['minutes']:.0f} minutes each, {found['listeners']} listeners, {found['bytes'] / 1e6:.1f} MB",
    ]
    if found["shows"] is not None:
        lines.append(f"With usual spreads this shows a difference of {found['shows']:.2g} (power 80 %, intervals of 95 %)")
    if found["shows"] is not None and found["smallest"] is not None and found["shows"] > found["smallest"] + _RESOLUTION:
        lines.append(
            f"That is more than the {found['smallest']:g} that matters: more trainings and sentences help more than listeners"
        )
    return lines


def _shows(design: ListeningDesign) -> float | None:
    """The smallest difference between two systems that a test of this size shows, in the scale's units.

    None where the usual spreads are not known, or each listener does not hear each sentence of both systems.
    """
    usual = calculator.USUAL_OF
    spoken = [one for one in design.systems if not (one.natural or one.anchor)]
    if (
        design.kind not in usual
        or design.kind == "transcribe"
        or min(design.listeners, len(design.sentences)) < 2
        or not spoken
    ):
        return None
    runs = min(max(1, len(one.runs)) for one in spoken)
    return round(calculator.smallest(usual[design.kind], design.listeners, len(design.sentences), runs), 3)
