"""Words of a study's page in one language: templates of the catalogue with their places filled, titles, lists, numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ttskit.messages import LANGUAGES, catalogue
from ttskit_study.drawing import number

__all__ = ["GLOSSARY", "Words"]

# What levels of factors mean, for a reader who is new to them.
GLOSSARY = {  # messages
    "AR": "autoregressive, frame after frame",
    "NAR": "non-autoregressive, all frames at once",
    "LSTM": "recurrent blocks",
    "lstm": "recurrent blocks",
    "transformer": "blocks of self-attention",
}
_NAMES = ("decoding", "block", "durations", "minutes", "corpus", "system", "given", "none", "all")  # messages
_STATES = ("pending", "running", "interrupted", "failed")  # messages
_VERDICTS = ("better", "worse", "equivalent", "not known", "depends", "does not depend")  # messages
_MORE = (" and ", "points", "higher", "lower", "{amount} minutes", "with {conditions}")  # messages
_KINDS = ("utterances", "frames", "seconds", "multiply-adds")  # messages


class Words:
    """What is said, in the language `name` ("en" or "es")."""

    def __init__(self, name: str) -> None:
        if name not in LANGUAGES:
            raise ValueError(f"no messages in {name!r}")  # no message
        self.name = name
        self._catalogue = catalogue(name)

    def __call__(self, template: str, **values: object) -> str:
        """A template of the catalogue, `{places}` filled with values that are words of this language already."""
        text = template if self.name == "en" else self._catalogue.translated(template)
        return text.format(**values) if values else text

    def listed(self, names: Sequence[str]) -> str:
        """a, b and c."""
        if len(names) < 2:
            return "".join(names)
        last = names[-1]
        joint = self(" and ")
        if self.name == "es" and last[:1].lower() in "ií" and not last.lower().startswith("hie"):
            joint = " e "
        return ", ".join(names[:-1]) + joint + last

    def title(self, measures: Mapping[str, Mapping[str, Any]], key: str) -> str:
        """A measure's name for sentences: its title without what stands there in brackets, and without "test sentences"."""
        told = str(measures.get(key, {}).get("title") or key)
        found = re.fullmatch(r"(.*?)(?: \(.*\))?(?:, ([^()]*))?", self(told))
        title, of = (found.group(1), found.group(2)) if found else (told, None)
        title, of = self(title), of and self(of)  # where the whole has no translation
        return title if not of or of == self("test sentences") else f"{title} ({of})"

    def unit(self, measures: Mapping[str, Mapping[str, Any]], key: str, *, difference: bool = False) -> str:
        """Its unit; differences of percentages are in points."""
        unit = str(measures.get(key, {}).get("unit") or "")
        return self("points") if unit == "%" and difference else self(unit)

    def interval(self, row: Mapping[str, Any], digits: int, *, sign: bool = True) -> str:
        """−1.2 [−1.5, −0.9]; without an interval the number alone."""
        value = number(row.get("value"), digits, sign=sign)
        if row.get("low") is None or row.get("high") is None:
            return value
        return f"{value} [{number(row['low'], digits, sign=sign)}, {number(row['high'], digits, sign=sign)}]"

    def effect(self, row: Mapping[str, Any], *, brief: bool = False) -> str:
        """What an effect is: "decoding: NAR − AR, with block LSTM"; `brief` leaves the factor out of a simple one."""
        if row["kind"] == "interaction":
            return " × ".join(self(name) for name in row["factors"])
        (first, second), factor = row["levels"][0], row["factors"][0]
        text = f"{self(second)} − {self(first)}"
        if not (brief and row["given"]):
            text = f"{self(factor)}: {text}"
        return text + (", " + self("with {conditions}", conditions=self.given(row["given"])) if row["given"] else "")

    def _quoted(self, text: str) -> str:
        return f"«{text}»" if self.name == "es" else f"“{text}”"

    def given(self, given: Mapping[str, str]) -> str:
        """block LSTM; 5 minutes."""
        return self.listed(
            [self("{amount} minutes", amount=v) if k == "minutes" else f"{self(k)} {self(v)}" for k, v in given.items()]
        )

    def level(self, factor: str, level: str) -> str:
        """A level as a reader meets it: NAR; 5 minutes; “durations: given”."""
        if factor == "minutes":
            return self("{amount} minutes", amount=level)
        return (
            self(level)
            if factor in ("decoding", "block", "system", "corpus")
            else self._quoted(f"{self(factor)}: {self(level)}")
        )
