"""Annotation tags of transcripts (`<filler>eeh</filler>`), kept, dropped or spoken; `/` and `//` as pauses."""

from __future__ import annotations

import re
from collections.abc import Callable

from ttskit_spanish.normalize.context import Context
from ttskit_spanish.normalize.settle import add, add_mark
from ttskit_spanish.pattern import Pattern

TAGS = ("filler", "risa", "extranjero", "alargamiento", "mala_pronunciacion", "entre_risas")
_TAG = Pattern(
    r"<(?P<close>/)?(?P<name>[^\W\d]\w{0,40})(?P<attributes>(?:\s{1,5}\w{1,40}\s{0,3}=\s{0,3}(?:\"[^\"<>]{0,300}\"|'[^'<>]{0,300}'))"
    r"{0,8})\s{0,5}(?P<empty>/)?>"
)
_WORD = Pattern(r"palabra\s{0,3}=\s{0,3}(?:\"([^\"]*)\"|'([^']*)')")
_PAUSE = Pattern(r"//?(?=\s|$|<)")


class Tags:
    """The tags of one text, each opening one matched with its end in one pass.

    Args:
        text: the text.
        normalize: the normaliser, for words that stand in a tag's `palabra`.
    """

    def __init__(self, text: str, normalize: Callable) -> None:
        self._normalize = normalize
        self._tags: dict[int, re.Match] = {}
        self._ends: dict[int, re.Match] = {}  # start of an opening tag -> its closing tag
        closed: set[int] = set()
        open_tags: dict[str, list[re.Match]] = {}
        for match in _TAG.finditer(text):
            self._tags[match.start()] = match
            if match["close"]:
                waiting = open_tags.get(match["name"])
                if waiting:
                    self._ends[waiting.pop().start()] = match
                    closed.add(match.start())
            elif not match["empty"]:
                open_tags.setdefault(match["name"], []).append(match)
        self._closed = closed

    def read(self, at: int, context: Context) -> int | None:
        """Read the tag at `at`: None if none stands here; an unknown or unmatched tag is reported."""
        tag = self._tags.get(at)
        if tag is None:
            return None
        how = context.choices.tags.get(tag["name"])
        end = self._ends.get(at)
        if how is None or not (end or tag["empty"] or at in self._closed):
            context.report(at, tag.end())
            return tag.end()
        if tag["close"] or tag["empty"] or how == "keep":
            context.silent(at, tag.end(), f"tag {tag['name']}")
            return tag.end()
        if how == "drop":
            context.silent(at, end.end(), f"tag {tag['name']} dropped")
            return end.end()
        meant = _WORD.search(tag["attributes"])
        if meant is None:
            context.silent(at, tag.end(), f"tag {tag['name']}")
            return tag.end()
        found = self._normalize(meant[1] or meant[2] or "", context.locale)
        spoken = " ".join(piece.text for piece in found.pieces if piece.kind != "mark")
        written = context.text[tag.end() : end.start()]
        add(context, spoken, (at, end.end()), "annotation", f"tag {tag['name']}: the word meant", (written.lower(),))
        return end.end()


def read_pause(text: str, at: int, context: Context) -> int | None:
    """`/` or `//` between spaces: a short or long pause."""
    match = _PAUSE.match(text, at)
    if match is None or not (at == 0 or text[at - 1].isspace() or text[at - 1] == ">"):
        return None
    mark = context.choices.long_pause if len(match.group()) == 2 else context.choices.short_pause
    add_mark(context, mark, at, match.end())
    return match.end()
