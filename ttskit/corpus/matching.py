"""Which tokens another tool's labels mean: phones by sound and order (dynamic programming), words as frame and fallback."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ttskit.corpus.labels import Labels, spoken
from ttskit.corpus.textgrid import TimedLabel
from ttskit.errors import MismatchError
from ttskit.interfaces.phonetics import Phonetics

__all__ = ["LEAST_SHARE", "Listener", "Matched", "Step", "match"]


_CLOSE, _VOWEL, _CONSONANT, _OTHER, _LEFT_OUT, _JOINED = 0.1, 0.4, 0.5, 0.9, 0.7, 0.1
_MOST_LABELS = 6  # for a token
LEAST_SHARE = 0.5  # of a word's tokens whose label must sound like them


@dataclass(frozen=True, slots=True)
class Matched:
    """Where each token lies.

    Args:
        times_s: (N + 1,) boundaries, rising, from 0 to the end of the labels.
        share: of the spoken tokens, those whose label sounds like them.
        notes: for a person: words whose phones could not be matched.
    """

    times_s: np.ndarray
    share: float
    notes: tuple[str, ...] = ()


class Listener:
    """Says which sound a label or a token stands for in a language, and how far two are apart.

    >>> listener = Listener(Phonetics(labels={"tS": "tʃ"}, merged={"ð": "d", "ñ": "ɲ", "ɟʝ": "ʝ"}))
    >>> [listener.of_label(label) for label in ("tS", "ˈe", "t̪", "ɟʝ", "a1", "ñ")]
    ['tʃ', 'e', 't', 'ʝ', 'a', 'ɲ']
    >>> listener.of_token("ˈo"), listener.of_token("ð"), listener.of_token("A")
    ('o', 'd', 'a')
    """

    def __init__(self, phonetics: Phonetics) -> None:
        self._phonetics = phonetics
        # The same few labels come again and again; the caches are this listener's, for its language.
        self.of_label: Callable[[str], str] = lru_cache(maxsize=1024)(self._of_label)
        self.of_token: Callable[[str], str] = lru_cache(maxsize=1024)(self._of_token)
        self._difference: Callable[[str, str], float] = lru_cache(maxsize=4096)(self._apart)

    def cost(self, symbols: Sequence[str], phones: Sequence[TimedLabel]) -> float:
        """What it costs to take `phones` for `symbols`: 0 for the same sound, up to 1 and a little."""
        if not symbols or not phones:
            return _LEFT_OUT
        joined = _JOINED if len(symbols) + len(phones) > 2 else 0.0
        heard = self._merge("".join(self.of_label(p.label) for p in phones))
        return joined + self._difference("".join(map(self.of_token, symbols)), heard)

    def _of_label(self, label: str) -> str:
        """A label of the language's other alphabets, or of IPA, as a sound."""
        bare = self._bare(label)
        return self._merge(self._phonetics.labels.get(bare, bare))

    def _of_token(self, token: str) -> str:
        """A token, phone or letter, as a sound; capitals are letters here."""
        return self._merge(self._bare(token.lower()))

    def _apart(self, a: str, b: str) -> float:
        if a == b:
            return 0.0
        if any(a in kin and b in kin for kin in self._phonetics.kin):
            return _CLOSE
        if (len(a) > 1 or len(b) > 1) and set(a) != set(b):
            return _OTHER
        vowels = (set(a) <= self._phonetics.vowels) + (set(b) <= self._phonetics.vowels)
        return (_CONSONANT, _OTHER, _VOWEL)[vowels]

    def _bare(self, text: str) -> str:
        """Without stress, length, ties and other marks, which are combining characters or modifiers."""
        text = unicodedata.normalize("NFC", re.sub(r"[ˈˌːˑ'\"%̪̯͡]", "", text))
        text = "".join(c if c in self._phonetics.merged else unicodedata.normalize("NFD", c) for c in text)
        return re.sub(r"\d+$", "", "".join(c for c in text if not unicodedata.combining(c)))

    def _merge(self, sound: str) -> str:
        return self._phonetics.merged.get(sound, sound)


def match(
    tokens: Sequence[str],
    token_words: Sequence[int | None],
    silent: frozenset[str],
    labels: Labels,
    listener: Listener | None = None,
) -> Matched:
    """Boundaries of `tokens` from another tool's phones and words.

    Within a word (the whole utterance, where the words do not correspond one to one) phones are matched with tokens in
    order: one to one, one token to two labels (an affricate), two tokens to one label (a diphthong); a token without a
    label gets no time, a label without a token goes to the token before it. Where fewer than half of a word's tokens
    sound like their labels, or it has none, the word's time is shared out evenly. Silences go to the silent tokens between;
    where there is none, to the sound before.

    Args:
        listener: of the language; None takes each label as it is written.

    Raises:
        MismatchError: neither phones nor words can be matched.
    """
    if labels.tokens is not None:
        if labels.tokens != tuple(tokens):
            why = f"{len(labels.tokens)}, the utterance {len(tokens)}"
            raise MismatchError(f"{labels.source.name} has other tokens", why, "")
        return Matched(np.asarray(labels.times_s, dtype=np.float64), 1.0)
    listener = listener or Listener(Phonetics())
    _bearable(tokens, labels)
    sounds = [i for i, token in enumerate(tokens) if token not in silent]
    if not sounds:
        raise MismatchError("the utterance has no sounds", " ".join(tokens), "")
    starts, ends = np.full(len(tokens), np.nan), np.full(len(tokens), np.nan)
    notes: list[str] = []
    agreed = 0
    for places, phones, word in _segments(sounds, token_words, labels):
        symbols = [tokens[i] for i in places]
        steps, alike = _aligned(symbols, phones, listener)
        agreed += alike
        if alike < LEAST_SHARE * len(places):
            both = f"{_some(symbols)} / {_some([p.label for p in phones]) or 'no phones'}"
            if word is None:
                raise MismatchError(
                    f"{labels.source.name} does not say what the text says",
                    f"{alike} of {len(places)} sounds agree: {both}",
                    "align it again with this text, or add a tier of words",
                )
            notes.append(f"{word.label!r}: {both}")
            edges = np.linspace(word.start_s, word.end_s, len(places) + 1)
            starts[places], ends[places] = edges[:-1], edges[1:]
            agreed -= alike
            continue
        _place(places, steps, starts, ends)
    return Matched(_bounded(tokens, silent, starts, ends, labels.end_s), agreed / len(sounds), tuple(notes))


def _bearable(tokens: Sequence[str], labels: Labels) -> None:
    """`MismatchError` for labels that are far more than the text can have: the search grows with their product."""
    for kind, tier in (("phones", labels.phones), ("words", labels.words)):
        if len(tier) > _MOST_LABELS * len(tokens) + 100:
            raise MismatchError(
                f"{labels.source.name} does not say what the text says",
                f"{len(tier)} {kind}, the text has {len(tokens)} tokens",
                "is it the alignment of a longer recording? cut it with its audio",
            )


def _segments(
    sounds: list[int], token_words: Sequence[int | None], labels: Labels
) -> list[tuple[list[int], list[TimedLabel], TimedLabel | None]]:
    """Tokens, phones and word interval of each word; one segment without a word where words do not correspond."""
    phones, words = spoken(labels.phones), spoken(labels.words)
    groups: dict[int, list[int]] = {}
    for i in sounds:
        if token_words[i] is not None:
            groups.setdefault(token_words[i], []).append(i)
    if sum(map(len, groups.values())) == len(sounds) and len(groups) == len(words) > 0:
        inside: list[list[TimedLabel]] = [[] for _ in words]
        middles = np.array([(w.start_s + w.end_s) / 2 for w in words])
        for phone in phones:
            middle = (phone.start_s + phone.end_s) / 2
            holds = [k for k, w in enumerate(words) if w.start_s <= middle <= w.end_s]
            inside[holds[0] if holds else int(np.abs(middles - middle).argmin())].append(phone)
        return [(places, inside[k], words[k]) for k, places in enumerate(groups.values())]
    if not phones:
        raise MismatchError(
            f"{labels.source.name} has {len(words)} words and no phones",
            f"the text has {len(groups)} words",
            "align it again with this text, phones included",
        )
    return [(sounds, phones, None)]


Step = tuple[int, int, TimedLabel | None, TimedLabel | None]  # first token, tokens, first and last label


def _aligned(symbols: list[str], phones: list[TimedLabel], listener: Listener) -> tuple[list[Step], int]:
    """The cheapest way through tokens and labels, and how many tokens sound like theirs."""
    n, m = len(symbols), len(phones)
    moves = ((1, 1), (1, 2), (2, 1), (1, 0), (0, 1))
    cost = np.full((n + 1, m + 1), np.inf)
    cost[0, 0] = 0.0
    back = np.zeros((n + 1, m + 1), dtype=np.int8)
    for i in range(n + 1):
        for j in range(m + 1):
            for number, (a, b) in enumerate(moves):
                if i < a or j < b:
                    continue
                total = cost[i - a, j - b] + listener.cost(symbols[i - a : i], phones[j - b : j])
                if total < cost[i, j]:
                    cost[i, j], back[i, j] = total, number
    steps: list[Step] = []
    alike, i, j = 0, n, m
    while i or j:
        a, b = moves[back[i, j]]
        if a and b and listener.cost(symbols[i - a : i], phones[j - b : j]) <= _CLOSE + _JOINED:
            alike += a
        steps.append((i - a, a, phones[j - b] if b else None, phones[j - 1] if b else None))
        i, j = i - a, j - b
    return steps[::-1], alike


def _place(places: list[int], steps: list[Step], starts: np.ndarray, ends: np.ndarray) -> None:
    """Write what the steps say into the tokens' starts and ends."""
    last: int | None = None  # the token that labels without one go to
    early: TimedLabel | None = None
    for first, count, begin, end in steps:
        if count == 0:
            if last is None:
                early = early or begin
            else:
                ends[last] = end.end_s
        elif begin is None:
            continue
        else:
            edges = np.linspace(begin.start_s, end.end_s, count + 1)
            for k in range(count):
                starts[places[first + k]], ends[places[first + k]] = edges[k], edges[k + 1]
            if last is None and early is not None:
                starts[places[first]] = early.start_s
            last = places[first + count - 1]
    now: float | None = None
    for place in reversed(places):  # a token without a label: no time, where the next one begins
        if np.isnan(starts[place]):
            starts[place] = ends[place] = ends[last] if now is None else now
        now = starts[place]


def _bounded(tokens: Sequence[str], silent: frozenset[str], starts: np.ndarray, ends: np.ndarray, end_s: float) -> np.ndarray:
    """Boundaries of all tokens: silent ones share the gap between the sounds around them, spaces only where alone."""
    times = np.empty(len(tokens) + 1)
    times[-1] = max(end_s, float(np.nanmax(ends)))
    i, now = 0, 0.0
    while i < len(tokens):
        if tokens[i] not in silent:
            times[i] = 0.0 if i == 0 else max(now, float(starts[i]))
            now = max(now, float(ends[i]))
            i += 1
            continue
        until = next((k for k in range(i, len(tokens)) if tokens[k] not in silent), len(tokens))
        to = times[-1] if until == len(tokens) else max(now, float(starts[until]))
        shares = np.array([0.0 if tokens[k].isspace() else 1.0 for k in range(i, until)])
        shares = shares if shares.any() else np.ones(until - i)
        times[i:until] = now + (to - now) * np.concatenate([[0.0], np.cumsum(shares)[:-1]]) / shares.sum()
        i, now = until, to
    return np.maximum.accumulate(times)


def _some(values: Sequence[str], limit: int = 12) -> str:
    return " ".join(values[:limit]) + (" …" if len(values) > limit else "")
