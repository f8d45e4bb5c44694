"""The page: every card in every language, one file that opens from disk; figures are drawn from `data/` as they come near."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from ttskit.corpus.storage import write_atomic
from ttskit_explain.about import PageNumbers
from ttskit_explain.cards import Card
from ttskit_explain.texts import equations, formula, texts_of

__all__ = ["HANDOUT", "OWN_NAMES", "SCRIPTS", "answerable", "render", "write_page"]

HANDOUT = "questions.handout"  # key of the card that is printed alone
OWN_NAMES = {"en": "English", "es": "Español"}  # no message
SCRIPTS = ("core", "draw", "controls")  # first, in this order; then the sections' own, by name


def write_page(
    out: Path, sections: Mapping[str, Sequence[Card]], *, first: str, languages: Sequence[str], **facts: Any
) -> Path:
    """Write index.html.

    Args:
        out: its folder.
        sections: name → cards, in order.
        first: the language that is seen first.
        languages: all of them.
        facts: see `render`.
    """
    html = render(sections, first=first, languages=languages, **facts)
    path = out / "index.html"
    write_atomic(path, lambda file: file.write_text(html, encoding="utf-8", newline="\n"))
    return path


def answerable(sections: Mapping[str, Sequence[Card]]) -> dict[str, list[Card]]:
    """The sections without the questions that none of their cards answers, and without the cards that only had those."""
    there = {card.key for cards in sections.values() for card in cards if not card.questions}

    def kept(card: Card) -> Card | None:
        asked = tuple(one for one in card.questions if there.intersection(one.see))
        return replace(card, questions=asked) if asked or not card.questions else None

    return {name: [one for card in cards if (one := kept(card))] for name, cards in sections.items()}


def render(
    sections: Mapping[str, Sequence[Card]],
    *,
    first: str,
    languages: Sequence[str],
    text: str,
    runs: Sequence[str],
    notes: Sequence[tuple[str, Mapping[str, object]]] = (),
    numbers: PageNumbers | None = None,
    spoken: str = "es",
) -> str:
    """The page as text.

    Args:
        sections, first, languages: as of `write_page`.
        text: the sentence.
        runs: labels of the runs.
        notes: what is said at the top: keys and values.
        numbers: what the foot says of how the page was made.
        spoken: language of the sentence, for screen readers; "" if unknown.
    """
    texts = {name: texts_of(name) for name in languages}
    sections = answerable(sections)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ttskit_explain", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("index.html.j2").render(
        sections=sections,
        texts=texts,
        names=OWN_NAMES,
        first=first,
        languages=list(languages),
        text=text,
        runs=list(runs),
        notes=list(notes),
        numbers=numbers,
        number_of=_grouped,
        spoken=spoken,
        cards={card.key: card for cards in sections.values() for card in cards},
        handout_key=HANDOUT,
        formulas={key: formula(latex, block=True) for key, latex in equations().items()},
        words=Markup(_json({name: {**one.parts["words"], **one.parts["steps"]} for name, one in texts.items()})),
        css=Markup("\n".join(_file("templates", f"{name}.css") for name in ("page", "present"))),
        script=Markup("\n".join(_scripts())),
    )


def _grouped(cell: str | int | None) -> str:
    """A cell of the foot; thousands apart as both languages read them."""
    return "–" if cell is None else cell if isinstance(cell, str) else f"{cell:,}".replace(",", "\u202f")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _file(*parts: str) -> str:
    return files("ttskit_explain").joinpath(*parts).read_text(encoding="utf-8")


def _scripts() -> list[str]:
    names = sorted(one.name[:-3] for one in files("ttskit_explain").joinpath("script").iterdir() if one.name.endswith(".js"))
    return [_file("script", f"{name}.js") for name in (*SCRIPTS, *(n for n in names if n not in SCRIPTS))]
