"""The phone table: features for matching inventories, and an order that only grows."""

from __future__ import annotations

from ttskit_spanish.phones import ALLOPHONES, symbol_table


def test_the_first_symbols_stand_where_existing_runs_have_them():
    symbols = symbol_table().symbols
    assert symbols[:13] == ("<pad>", "<edge>", " ", ",", ".", ";", ":", "?", "!", "¿", "¡", "…", "—")
    assert symbols[13:23] == ("a", "e", "i", "o", "u", "ˈa", "ˈe", "ˈi", "ˈo", "ˈu")
    assert symbols[23:] == tuple("p b t d k ɡ tʃ f θ s x ʃ ʒ ʝ m n ɲ l ʎ ɾ r j w".split())


def test_allophones_stand_at_the_end_with_features():
    table = symbol_table(allophones=True)
    assert table.symbols[:46] == symbol_table().symbols
    assert table.symbols[46:] == ALLOPHONES
    assert table.features["ŋ"] == {"type": "consonant", "place": "velar", "manner": "nasal", "voicing": "voiced"}


def test_no_two_sounds_have_the_same_features():
    table = symbol_table(allophones=True)
    seen = {}
    for symbol in table.symbols:
        if symbol not in table.silent:
            key = tuple(sorted(table.features[symbol].items()))
            assert key not in seen, (symbol, seen.get(key))
            seen[key] = symbol
    assert len(seen) == 40
