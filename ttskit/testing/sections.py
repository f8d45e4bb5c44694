"""Rendering a measurement's section as the page of a comparison does, so that a broken template is found by its author."""

from __future__ import annotations

import jinja2

from ttskit.compare.page import render_section
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.measurement import Findings, Spoken
from ttskit.measure.plain import plain
from ttskit.measure.run import Measured
from ttskit.measure.tables import table_row
from ttskit.testing.checks import Fault, need

__all__ = ["check_section"]


def check_section(plugin: Plugin, findings: Findings, spoken: Spoken) -> None:
    """Render the section with the page's own filters and macros; a name that is not there is a fault."""
    rows = tuple(table_row(row, spoken.labels, spoken.settings) for row in findings.rows)
    title = str(plugin.facts.get("title") or plugin.name)
    found = {
        "title": title,
        "rows": [row.to_json() | {"summary": row.row.summary} for row in rows],
        "figures": {name: path.relative_to(spoken.folder).as_posix() for name, path in findings.figures.items()},
        "data": findings.data,
    }
    content = {
        "systems": [{"label": label, "runs": [label]} for label in spoken.labels],
        "runs": [{"label": label, "system": label} for label in spoken.labels],
        "sentences": [{"id": s.id, "group": s.group, "text": s.text, "speaker": s.speaker} for s in spoken.sentences],
        "measurements": {plugin.name: found},
        "settings": spoken.settings.model_dump(mode="json"),
        "notes": list(findings.notes),
    }
    try:
        html = render_section(Measured(plugin.name, title, "", findings, rows), plain(content))
    except jinja2.TemplateError as error:
        raise Fault(f"its template breaks: {type(error).__name__}: {error}") from error
    need(bool(html.strip()), "its template renders nothing")
