"""For tests of sections: the arrays that a figure refers to, and every word of a card filled in both languages."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from ttskit_explain.cards import Card
from ttskit_explain.texts import LANGUAGES, PageTexts, equations


def array_of(sheet: Any, ref: dict[str, str]) -> np.ndarray:
    """The values behind a reference, before they are written."""
    kept = sheet._arrays[ref["array"]]
    kind = {"i4": "<i4", "f2": "<f2"}[kept["type"]]
    return np.frombuffer(base64.b64decode(kept["base64"]), kind).reshape(kept["shape"]).astype(np.float64)


def card_of(cards: Sequence[Card], key: str) -> Card:
    return next(card for card in cards if card.key == key)


def noted(card: Card) -> list[str]:
    return [note.key for note in card.notes]


def words_of(cards: Sequence[Card]) -> list[str]:
    """Everything that the cards say, filled; KeyError where a place has no value, AssertionError where a text is missing."""
    said = []
    for language in LANGUAGES:
        texts = PageTexts(language)
        for card in cards:
            entry = texts.get("cards", card.key)
            assert entry, f"{language}: no text for {card.key}"
            assert entry.get("try") or not card.figures, f"{language}: {card.key} has no line that says what to try"
            said += [texts.inline(entry[name], card.values) for name in ("title", "try") if entry.get(name)]
            said += [p for name in ("text", "more") if entry.get(name) for p in texts.paragraphs(entry[name], card.values)]
            for figure in card.figures:
                caption = texts.get("captions", figure.key)
                assert caption, f"{language}: no caption for {figure.key}"
                said.append(texts.inline(caption, card.values))
            for note in card.notes:
                text = texts.get("notes", note.key)
                assert text, f"{language}: no note {note.key}"
                said.append(texts.inline(text, note.values))
            assert set(card.equations) <= set(equations())
    return [str(one) for one in said]
