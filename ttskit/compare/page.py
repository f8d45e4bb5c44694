"""The page of a comparison: pictures drawn, template filled, everything in one folder that opens from disk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import numpy as np

from ttskit.compare.results import show
from ttskit.config.comparison import CompareConfig
from ttskit.corpus.storage import write_atomic, write_json
from ttskit.measure.catalogue import LEARNED, OK_SHARE, PHONE_ERROR
from ttskit.measure.phones import VERDICTS
from ttskit.measure.speech import NATURAL, RESYNTHESIS, Sample
from ttskit.pictures import charts as figures
from ttskit.pictures.speech import word_spans

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus
    from ttskit.plugins import Registry

VERDICT_TEXT = {
    "ok": "nothing missing, nothing too much",
    "never-ending": "much longer than such a sentence takes, or stopped by the frame limit",
    "unclear": "too many wrong phones to follow",
    "cut": "the end is missing",
    "words skipped": "words in the sentence are missing",
    "words repeated": "a part is said again",
    "extra sounds": "something is said that is not in the text",
}


def write_page(
    out: Path,
    content: dict,
    samples: Sequence[Sample],
    corpus: PreparedCorpus,
    config: CompareConfig,
    registry: Registry,
    stages_s: Mapping[str, float],
) -> None:
    """Draw, fill the template, write results.json and index.html (the page last: where it is, all it shows is there)."""
    shown = choose_sentences(content["sentences"], config)
    content["figures"] = draw_all(out, content, samples, corpus, shown, config)
    content["stages_s"] = dict(stages_s)
    sections = [section for found in registry.events.hook.ttskit_report_sections(results=content) for section in found or ()]
    write_json(out / "results.json", content)
    html = render(content, shown, sections)
    write_atomic(out / "index.html", lambda path: path.write_text(html, encoding="utf-8", newline="\n"))


def choose_sentences(sentences: Sequence[dict], config: CompareConfig) -> list[dict]:
    """Sentences with players: all up to the limit, hard ones with faults first among the hard."""
    recorded = [s for s in sentences if s["group"] != "hard"]
    hard = sorted(
        (s for s in sentences if s["group"] == "hard"),
        key=lambda s: all(v["verdict"] and v["verdict"]["verdict"] == "ok" for v in s["samples"]),
    )
    room = max(config.max_players - len(recorded), config.max_players // 2)
    return recorded[: config.max_players - min(room, len(hard))] + hard[:room]


def draw_all(
    out: Path, content: dict, samples: Sequence[Sample], corpus: PreparedCorpus, shown: Sequence[dict], config: CompareConfig
) -> dict:
    """Every picture; paths by what they show."""
    drawn: dict = {"samples": {}}
    ranges = {name: tuple(s["pitch_range_hz"]) for name, s in corpus.info["statistics"].items() if "pitch_range_hz" in s}
    folder = out / "figures"
    wanted = {
        s["id"]
        for group in dict.fromkeys(s["group"] for s in shown)
        for s in [s for s in shown if s["group"] == group][: config.pictures]
    }
    for sample in samples:
        if sample.item.id not in wanted or sample.seed != config.seeds[0] or sample.system == RESYNTHESIS:
            continue
        name = sample.audio_path.replace("audio/", "").replace("/", "_").removesuffix(".wav") + ".png"
        low, high = float(np.percentile(sample.audio_mel, 5)), float(sample.audio_mel.max())
        figures.draw_sample(
            folder / "samples" / name,
            sample.audio_mel,
            sample.pitch_hz,
            corpus.mel,
            title=sample.system,
            alignment=sample.alignment,
            tokens=sample.item.tokens,
            words=word_spans(sample.item.token_words, sample.item.words),
            colour_range=(low, high),
            pitch_range_hz=ranges.get(sample.item.speaker, (50.0, 400.0)),
        )
        drawn["samples"].setdefault(sample.item.id, {})[sample.system] = f"figures/samples/{name}"
    labels = [s["label"] for s in content["systems"]]
    panels = [
        (f"{m['title']} ({m['unit']})", {n: _scaled(m["values"][n], m["factor"]) for n in m["values"]})
        for m in content["quality"].values()
    ]
    robustness = content["robustness"]
    if robustness["recogniser"]["trusted"]:
        for group, title in robustness["groups"].items():
            panels.append(
                (
                    f"phone error rate, {title} (%)",
                    {
                        name: _scaled(robustness["systems"].get(name, {}).get(group, {}).get("phone_error_rate"), 100.0)
                        for name in ([NATURAL] if group != "hard" else []) + labels
                    },
                )
            )
            counts = {n: robustness["systems"][n][group]["verdicts"] for n in ([NATURAL] if group != "hard" else []) + labels}
            figures.draw_verdicts(folder / f"verdicts_{group}.png", counts, VERDICTS)
            drawn[f"verdicts_{group}"] = f"figures/verdicts_{group}.png"
    if figures.draw_bars(folder / "quality.png", panels):
        drawn["quality"] = "figures/quality.png"
    figures.draw_latency(folder / "latency.png", content["speed"])
    drawn["latency"] = "figures/latency.png"
    if figures.draw_training(folder / "training.png", {n: t["curves"] for n, t in content["training"].items()}):
        drawn["training"] = "figures/training.png"
    return drawn


def render(content: dict, shown: Sequence[dict], sections: Sequence[tuple[str, str]] = ()) -> str:
    """The page's HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ttskit.compare", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"num": show, "interval": _interval, "json": lambda v: json.dumps(v, ensure_ascii=False, indent=1)}
    labels = [s["label"] for s in content["systems"]]
    learned = [m for m in LEARNED if any(m.key in content["learned"]["systems"][n] for n in labels)]
    return environment.get_template("page.html.j2").render(
        r=content,
        labels=labels,
        shown=shown,
        sections=sections,
        natural=NATURAL,
        resynthesis=RESYNTHESIS,
        colours=figures.colours(labels),
        learned_measures=learned,
        phone_error=PHONE_ERROR,
        ok_share=OK_SHARE,
        verdicts=VERDICT_TEXT,
        css=_css(),
        percent=round(100 * content["settings"]["confidence"]),
    )


def _css() -> str:
    from importlib.resources import files

    return files("ttskit.compare").joinpath("templates", "page.css").read_text(encoding="utf-8")


def _scaled(interval: dict | None, factor: float) -> dict | None:
    return None if interval is None else {k: interval[k] * factor for k in ("value", "low", "high")}


def _interval(value: dict | float | None, digits: int, factor: float = 1.0) -> str:
    """A number with its interval small behind it, safe for HTML."""
    from markupsafe import Markup

    if value is None:
        return Markup('<span class="none" title="not measured">–</span>')
    if isinstance(value, dict):
        main, low, high = (f"{value[k] * factor:,.{digits}f}" for k in ("value", "low", "high"))
        return Markup(f'{main} <span class="ci">[{low}, {high}]</span>')
    return Markup(f"{value * factor:,.{digits}f}")
