"""Splits: sentences that are nearly the same never lie on both sides."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np

from ttskit.errors import CorpusError

__all__ = ["assign_splits", "near_duplicate_groups"]


def near_duplicate_groups(texts: Sequence[str], similarity: float) -> list[list[int]]:
    """Indices of `texts` in groups that are linked by similarity; each index once, in order of appearance.

    Two texts are similar if they share at least `similarity` of their words: 2·|common| / (|a| + |b|),
    repeats counted, order and punctuation ignored. Pairs are found by prefix filtering (Chaudhuri,
    Ganti and Kaushik 2006): similar texts share one of their rarest words, so only those are compared.
    """
    bags = []
    for text in texts:
        seen: Counter = Counter()
        bag = []
        for word in re.findall(r"\w+", text.lower()):
            bag.append((word, seen[word]))  # the second "no" of a text is another item than the first
            seen[word] += 1
        bags.append(frozenset(bag))
    parent = list(range(len(texts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first_of: dict[frozenset, int] = {}
    for i, bag in enumerate(bags):  # equal texts at once: a number corpus has thousands
        parent[i] = first_of.setdefault(bag, i)
    frequency = Counter(item for bag in first_of for item in bag)
    index: dict[tuple, list[int]] = defaultdict(list)
    for i, bag in ((i, bag) for bag, i in first_of.items()):
        # A partner shares at least this many items: s/(2-s) of the larger or of this one.
        least = ceil(similarity / (2 - similarity) * len(bag) - 1e-9)
        prefix = sorted(bag, key=lambda item: (frequency[item], item))[: len(bag) - least + 1]
        for j in {j for item in prefix for j in index[item]}:
            other = bags[j]
            if root(i) != root(j) and 2 * len(bag & other) >= similarity * (len(bag) + len(other)) - 1e-9:
                parent[max(root(i), root(j))] = min(root(i), root(j))
        for item in prefix:
            index[item].append(i)
    groups: dict[int, list[int]] = defaultdict(list)
    for i in range(len(texts)):
        groups[root(i)].append(i)
    return list(groups.values())


def assign_splits(
    texts: Sequence[str], speakers: Sequence[str], wanted: Mapping[str, int | float], similarity: float, seed: int
) -> list[str]:
    """ "train", "validation" or "test" for each utterance: whole groups, at least one of each for every speaker.

    Args:
        texts: normalised texts.
        speakers: name of each utterance's speaker.
        wanted: utterances for "validation" and "test", as counts (≥ 1) or shares (< 1).

    Raises:
        CorpusError: a speaker has too few different texts for three splits.
    """
    groups = near_duplicate_groups(texts, similarity)
    order = np.random.default_rng(seed).permutation(len(groups))
    groups = [groups[i] for i in order]
    of_group = [Counter(speakers[i] for i in group) for group in groups]
    free = Counter(name for names in of_group for name in names)  # groups of each speaker still in train
    split_of = ["train"] * len(groups)
    count = {name: (int(value) if value >= 1 else max(1, round(value * len(texts)))) for name, value in wanted.items()}

    def spare(g: int) -> bool:
        return split_of[g] == "train" and all(free[name] > 1 for name in of_group[g])

    def take(g: int, split: str) -> None:
        split_of[g] = split
        free.subtract(of_group[g].keys())

    for split in count:  # first what every speaker needs, from small groups
        for name in sorted(free):
            if any(split_of[g] == split and name in of_group[g] for g in range(len(groups))):
                continue
            able = [g for g in range(len(groups)) if name in of_group[g] and spare(g)]
            if not able:
                texts_of = sum(name in names for names in of_group)
                raise CorpusError(
                    f"speaker {name!r} has too few different texts for train, validation and test",
                    f"{texts_of} groups of similar texts in {list(speakers).count(name)} usable utterances, need at least 3",
                    "record more sentences, leave the speaker out, or raise corpus.duplicate_similarity",
                )
            take(min(able, key=lambda g: (len(groups[g]) > count[split], g)), split)
    for split in count:
        have = sum(len(groups[g]) for g in range(len(groups)) if split_of[g] == split)
        for g in range(len(groups)):
            if have + len(groups[g]) <= count[split] and spare(g):
                take(g, split)
                have += len(groups[g])
    result = [""] * len(texts)
    for group, split in zip(groups, split_of, strict=True):
        for i in group:
            result[i] = split
    return result
