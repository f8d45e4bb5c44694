"""The page of a study: every language whole, in one file that opens from disk and asks no network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from ttskit.corpus.storage import write_atomic
from ttskit_study import figures
from ttskit_study.answers import answers, dependences
from ttskit_study.drawing import number
from ttskit_study.wording import Words

__all__ = ["OWN_NAMES", "render", "write_page"]

OWN_NAMES = {"en": "English", "es": "Español"}  # no message


def write_page(
    out: Path,
    content: Mapping[str, Any],
    samples: Mapping[str, Any],
    *,
    languages: Sequence[str],
    first: str,
    blind: bool = False,
    named: Sequence[str] = (),
) -> Path:
    """Write index.html.

    Args:
        content: what results.json holds.
        samples: what `samples.copy_samples` gave.
        languages, first: which are on the page, and which is seen first.
        blind: whether the players start without names.
        named: files beside the page that it links to.
    """
    html = render(content, samples, languages=languages, first=first, blind=blind, named=named)
    path = out / "index.html"
    write_atomic(path, lambda file: file.write_text(html, encoding="utf-8", newline="\n"))
    return path


def render(
    content: Mapping[str, Any],
    samples: Mapping[str, Any],
    *,
    languages: Sequence[str],
    first: str,
    blind: bool = False,
    named: Sequence[str] = (),
) -> str:
    """The page as text; arguments as of `write_page`."""
    parts = []
    for name in languages:
        words = Words(name)
        html = (
            _environment(words, content)
            .get_template("study.html.j2")
            .render(
                answers=answers(content, words),
                dependences=dependences(content, words),
                samples=samples,
                blind=blind,
                named=list(named),
            )
        )
        title = str(content["question"] or words("A study of speech synthesis"))
        parts.append((name, OWN_NAMES[name], title, Markup(html)))
    shell = _environment(Words(first), content).get_template("page.html.j2")
    data = json.dumps(samples, ensure_ascii=False).replace("<", "\\u003c")
    return shell.render(
        parts=parts,
        first=first,
        title=next(title for name, _, title, _ in parts if name == first),
        css=_file("study.css"),
        script=_file("study.js"),
        samples=Markup(data),
    )


def _environment(words: Words, content: Mapping[str, Any]) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ttskit_study", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )

    def one_of(one: str, several: str, count: int) -> str:
        return words(one if count == 1 else several)

    environment.install_gettext_callables(words, one_of, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "t": lambda text: words(str(text)),
        "num": number,
        "chance": _chance,
        "listed": words.listed,
        "short": figures.short,
    }
    measures = content["measures"]
    environment.globals |= {
        "c": content,
        "measures": measures,
        "spoken_sentences": max((measures[key]["sentences"] for key in content["picture"]), default=0),
        "words": words,
        "lang": words.name,
        "percent": f"{100 * content['confidence']:g}",
        "title_of": lambda key: words.title(measures, key),
        "unit_of": lambda key: words.unit(measures, key),
        "strength": lambda value: f"{value:g}".replace("-", "−") if isinstance(value, int | float) else str(value),
        "judged": [key for key in measures if key.startswith(("phone_error_rate", "ok_share"))],
        "first_upper": lambda text: text[:1].upper() + text[1:],
        "cell_of": lambda name: figures.cell_label(content, name, words),
        "look_of": lambda levels: figures.legend_mark(figures.look_of(content, levels)),
        "picture": lambda key: figures.means_by_factor(content, key, words),
        "forest": lambda key: figures.forest(content, key, words),
        "curve": lambda key: figures.curve(content, key, words),
        "strip": lambda key: figures.strip(content, key, words),
        "first_audio": lambda: figures.first_audio_strip(content, words),
        "latency": lambda: figures.latency_lines(content, words),
        "cost": lambda amount: figures.cost_bars(content, amount, words),
    }
    return environment


def _chance(p: float | None) -> str:
    """A p value: none is 0."""
    return "< 0.001" if p is not None and p < 0.001 else number(p, 3)


def _file(name: str) -> Markup:
    return Markup(files("ttskit_study").joinpath("templates", name).read_text(encoding="utf-8").rstrip())
