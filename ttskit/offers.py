"""What installed plugins offer, asked for by what they declare: the core names no plugin, in advice neither."""

from __future__ import annotations

from typing import Any

from ttskit.config.recipe import FrontendConfig
from ttskit.interfaces.descriptions import Plugin, resolve
from ttskit.interfaces.phonetics import Phonetics
from ttskit.plugins import Registry

__all__ = ["declaring", "phonetics_of", "some_declaring"]


def declaring(registry: Registry, kind: str, **facts: Any) -> list[str]:
    """Names of the plugins of a kind whose facts agree, sorted: equal, or containing the value where a fact is a list.

    A fact that is not declared counts as False.
    """

    def agrees(plugin: Plugin) -> bool:
        for fact, wanted in facts.items():
            declared = plugin.facts.get(fact, False)
            if wanted not in declared if isinstance(declared, (list, tuple)) else declared != wanted:
                return False
        return True

    return sorted(name for name, plugin in registry.all(kind).items() if agrees(plugin))


def some_declaring(registry: Registry, kind: str, **facts: Any) -> str:
    """`declaring` as words, for the advice of an error: "fastpitch, tacotron2", or "none is installed"."""
    return ", ".join(declaring(registry, kind, **facts)) or "none is installed"


def phonetics_of(frontend: str, registry: Registry) -> Phonetics:
    """How the language that a frontend reads sounds: as itself says, or another frontend of the same language.

    For a frontend of any language, or one that is not installed, the frontend of the default recipe speaks; where nobody
    says anything, letters and labels have no sound.
    """
    known = registry.all("frontend")
    mine = known.get(frontend)
    language = mine.facts.get("language", "any") if mine is not None else "any"
    default = known.get(FrontendConfig().name)
    alike = [p for _, p in sorted(known.items()) if p.facts.get("language") == language]
    for plugin in (mine, *(alike if language != "any" else [default])):
        if plugin is not None and plugin.facts.get("phonetics"):
            return resolve(plugin.facts["phonetics"])
    return Phonetics()
