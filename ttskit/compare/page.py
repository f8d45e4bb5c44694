"""The page of a comparison: one template, one loop over the measurements, everything in one folder that opens from disk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup

from ttskit.compare.strip import strip
from ttskit.config import CompareConfig
from ttskit.corpus.storage import write_atomic
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Spoken
from ttskit.measure.inference.words import FEWEST_SENTENCES
from ttskit.measure.plain import show
from ttskit.measure.run import Measured
from ttskit.measure.templates import template
from ttskit.messages import language, translated
from ttskit.pictures import charts
from ttskit.pictures.speech import word_spans

__all__ = ["GROUPS", "choose_sentences", "draw_samples", "render_section", "write_page"]

GROUPS = {"test": "test sentences", "validation": "validation sentences", "hard": "hard sentences"}  # messages
_BETTER = ("lower is better", "higher is better")  # messages
_DECODING = ("autoregressive", "parallel")  # messages
_SPLITS = ("test", "validation", "training")  # messages
_SECTIONS = ("Quality", "Robustness", "Training")  # messages; longer titles are found
_STAGES = ("training", "speaking", "page")  # messages
_RULES = ("last", "best")  # messages
_WORDS = ("better", "worse", "equivalent", "not known")  # messages
_SUPERVISION = ("pitch", "energy", "durations")  # messages
_MACROS = ("head", "chip", "measures_table", "sentence", "strong", "link", "value", "difference", "answer", "given", "strips")


def write_page(out: Path, content: dict, spoken: Spoken, measured: Sequence[Measured]) -> dict:
    """Draw the samples and write index.html; returns the content with what the page found out (templates that failed)."""
    shown = choose_sentences(content["sentences"], spoken.settings)
    pictures = draw_samples(spoken, shown)
    content = {**content, "pictures": pictures}
    environment = _environment(content)
    sections, notes = [], []
    for one in measured:
        if one.found_something:
            try:
                html = _section(environment, one, content)
            except Exception as error:  # a stranger's template costs its own section; its numbers are in results.json
                notes.append(f"the section of measurement {one.name!r} of {one.origin} failed: {type(error).__name__}: {error}")
                continue
            sections.append((one.name, one.title, html))
    content["notes"] = [*content["notes"], *notes]
    html = environment.get_template("page.html.j2").render(
        r=content,
        shown=shown,
        sections=sections,
        glance=_glance(content),
        css=_css(),
        measured=list(measured),
        language=language(),
    )
    write_atomic(out / "index.html", lambda path: path.write_text(html, encoding="utf-8", newline="\n"))
    return content


def _glance(content: Mapping) -> str | None:
    """The picture of means and intervals for the top of the page; None where quality was not measured or drew none.

    It has a line for each run; where a system has several, the strips of the answer show them.
    """
    if any(len(system["runs"]) > 1 for system in content.get("systems", ())):
        return None
    return content["measurements"].get("quality", {}).get("figures", {}).get("quality")


def choose_sentences(sentences: Sequence[dict], config: CompareConfig) -> list[dict]:
    """Sentences with players: all up to the limit, hard ones with faults first among the hard."""
    recorded = [s for s in sentences if s["group"] != "hard"]
    hard = sorted((s for s in sentences if s["group"] == "hard"), key=lambda s: not _faulty(s))
    room = max(config.max_players - len(recorded), config.max_players // 2)
    return recorded[: config.max_players - min(room, len(hard))] + hard[:room]


def draw_samples(spoken: Spoken, shown: Sequence[dict]) -> dict[str, dict[str, str]]:
    """Spectrogram, F0 and alignment of the first sentences of each list: path by sentence and system."""
    corpus, config = spoken.corpus, spoken.settings
    ranges = {name: tuple(s["pitch_range_hz"]) for name, s in corpus.info["statistics"].items() if "pitch_range_hz" in s}
    by_group = {group: [s["id"] for s in shown if s["group"] == group] for group in dict.fromkeys(s["group"] for s in shown)}
    wanted = {name for names in by_group.values() for name in names[: config.pictures]}
    drawn: dict[str, dict[str, str]] = {}
    for sample in spoken.samples:
        sentence = sample.sentence
        chosen = sample.system == NATURAL or (sample.system != RESYNTHESIS and sample.seed == config.seeds[0])
        if sentence.id not in wanted or not chosen:
            continue
        sound = sample.sound
        name = f"samples/{sample.audio_path.replace('audio/', '').replace('/', '_').removesuffix('.wav')}.png"
        charts.draw_sample(
            spoken.figure(name),
            sound.audio_mel,
            sound.pitch_hz,
            corpus.mel,
            title=sample.system,
            alignment=sound.alignment,
            tokens=sentence.tokens,
            words=word_spans(sentence.token_words, sentence.words),
            colour_range=(float(np.percentile(sound.audio_mel, 5)), float(sound.audio_mel.max())),
            pitch_range_hz=ranges.get(sentence.speaker, (50.0, 400.0)),
        )
        drawn.setdefault(sentence.id, {})[sample.system] = f"figures/{name}"
    return drawn


def _faulty(sentence: Mapping) -> bool:
    return any(remark["tone"] != "ok" for sample in sentence["samples"] for remark in sample["remarks"])


def _environment(content: Mapping) -> jinja2.Environment:
    """What every template of the page sees: filters, macros, the results."""
    loader = jinja2.PackageLoader("ttskit.compare", "templates")
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(translated, _plural, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "num": show,
        "interval": _interval,
        "t": lambda text: translated(str(text)),
        "listed": _listed,
        "json": lambda value: json.dumps(value, ensure_ascii=False, indent=1),
    }
    systems = [s["label"] for s in content["systems"]]
    runs = content.get("runs") or [{"label": name, "system": name} for name in systems]  # one of each, where none are told
    labels = [run["label"] for run in runs]
    of_systems = charts.colours(systems)
    environment.globals |= {
        "r": content,
        "labels": labels,
        "systems": systems,
        "fewest": FEWEST_SENTENCES,
        "strip": strip,
        "colours": of_systems | {run["label"]: of_systems[run["system"]] for run in runs},
        "natural": NATURAL,
        "resynthesis": RESYNTHESIS,
        "percent": round(100 * content["settings"]["confidence"]),
        "pictures": content.get("pictures", {}),
        "groups": GROUPS,
    }
    macros = environment.get_template("macros.html.j2").module
    environment.globals |= {name: getattr(macros, name) for name in _MACROS}
    return environment


def _section(environment: jinja2.Environment, one: Measured, content: Mapping) -> Markup:
    found = content["measurements"][one.name]
    text = one.findings.template or template("section")
    values = {"found": one.findings, "rows": found["rows"], "figures": found["figures"], "data": found["data"]}
    return Markup(environment.from_string(text).render(**values))


def render_section(one: Measured, content: Mapping) -> str:
    """A measurement's section alone, as the page would have it; `content` is that of results.json."""
    return str(_section(_environment(content), one, content))


def _css() -> Markup:
    return Markup(files("ttskit.compare").joinpath("templates", "page.css").read_text(encoding="utf-8"))


def _listed(names: Sequence[str]) -> str:
    """a, b and c."""
    names = [str(name) for name in names]
    return ", ".join(names[:-1]) + translated(" and ") + names[-1] if len(names) > 1 else "".join(names)


def _plural(one: str, several: str, count: int) -> str:
    return translated(one if count == 1 else several)


def _interval(value: Mapping | float | None, digits: int, factor: float = 1.0, signed: bool = False) -> Markup:
    """A number with its interval small behind it, safe for HTML; `signed`: a difference, with its plus or minus."""
    if value is None:
        return Markup('<span class="none">–</span>')

    def told(number: float) -> str:
        text = f"{number * factor:{'+' if signed else ''},.{digits}f}"
        if float(text.replace(",", "")) == 0:
            text = text.lstrip("+-")  # rounded away: neither more nor less
        return text.replace("-", "−")

    if not isinstance(value, Mapping):
        return Markup(told(value))
    if value["value"] is None:
        return _interval(None, digits)
    main, *limits = (value[k] if value[k] is None else told(value[k]) for k in ("value", "low", "high"))
    return Markup(main if None in limits else f'{main} <span class="ci">[{limits[0]}, {limits[1]}]</span>')
