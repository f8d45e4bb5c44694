"""Jinja templates of the sections of our own measurements, and the one of a section that brings none."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["template"]


def template(name: str) -> str:
    """The text of a template of this folder, "quality" for quality.html.j2."""
    return files(__package__).joinpath(f"{name}.html.j2").read_text(encoding="utf-8")
