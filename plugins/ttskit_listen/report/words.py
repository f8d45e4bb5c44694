"""The words of the report in one language, and numbers as that language writes them.

`texts/report.LANGUAGE.yaml` maps keys to sentences with places `{name}`; `texts/ears.LANGUAGE.yaml` does the same for the part
about measures beside ears. Tests ask for the same keys and places in every language.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from ttskit.messages import catalogue
from ttskit.reading import parse_yaml

__all__ = ["LANGUAGES", "OWN_NAMES", "ReportWords"]

LANGUAGES = ("es", "en")
OWN_NAMES = {"en": "English", "es": "Español"}  # no message
_FILES = ("report", "ears")


class ReportWords:
    """What the report says in the language `name`.

    Raises:
        ValueError: a language that the report is not written in.
    """

    def __init__(self, name: str) -> None:
        if name not in LANGUAGES:
            raise ValueError(f"no report in {name!r}")  # no message
        self.name = name
        self._texts = _read(name)

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of a key, its places filled: numbers as this language writes them."""
        text = self._texts[key]
        return text.format(**{name: self._filled(value) for name, value in values.items()}) if values else text

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self._texts

    def either(self, key: str, otherwise: str) -> str:
        """The text of a key, or what has no text of its own."""
        return self._texts.get(key, otherwise)

    def message(self, text: str) -> str:
        """A line that a part of the toolkit wrote in English, in this language where the catalogue has it."""
        return text if self.name == "en" else catalogue(self.name).translated(text)

    def number(self, value: float | None, digits: int = 2, *, sign: bool = False) -> str:
        """A number: a true minus, `digits` decimals, "–" for none; with `sign` a plus as well."""
        if value is None or not math.isfinite(value):
            return "–"
        text = f"{abs(value):.{digits}f}"
        nothing = float(text) == 0
        text = text.replace(".", ",") if self.name == "es" else text
        return text if nothing else ("−" if value < 0 else "+" if sign else "") + text

    def chance(self, p: float | None) -> str:
        """A p value: none is 0."""
        if p is None or not math.isfinite(p):
            return "–"
        return f"< {self.number(0.001, 3)}" if p < 0.001 else self.number(p, 3)

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share in percent."""
        if share is None or not math.isfinite(share):
            return "–"
        return f"{self.number(100 * share, digits)}\u00a0%"

    def listed(self, names: Sequence[str]) -> str:
        """a, b and c."""
        if len(names) < 2:
            return "".join(names)
        joint = self("and")
        if self.name == "es" and names[-1][:1].lower() in ("i", "í"):
            joint = "e"
        return f"{', '.join(names[:-1])} {joint} {names[-1]}"

    def titled(self, by_language: Mapping[str, str]) -> str:
        """One of several languages' texts: this one's, else the first."""
        return by_language.get(self.name) or next(iter(by_language.values()), "")

    def _filled(self, value: object) -> object:
        return self.number(value) if isinstance(value, float) else value


@cache
def _read(language: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name in _FILES:
        path = files("ttskit_listen").joinpath("texts", f"{name}.{language}.yaml")
        if path.is_file():
            found |= parse_yaml(path.read_text(encoding="utf-8"), texts=True) or {}
    return found
