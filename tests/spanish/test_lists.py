"""Lists of words written down with their phones or syllables before the frontend was asked."""

from __future__ import annotations

from pathlib import Path

from ttskit_spanish.frontend import SpanishFrontend
from ttskit_spanish.phones import symbol_table

HERE = Path(__file__).parent


def rows(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def test_rioplatense_words():
    frontend = SpanishFrontend()
    said = {w: " ".join(p for x in frontend.analyze(w).words for p in x.phonemes) for w, _ in rows("phones_rioplatense.tsv")}
    assert len(said) > 220
    assert [(w, said[w], e) for w, e in rows("phones_rioplatense.tsv") if said[w] != e] == []


def test_syllables():
    frontend = SpanishFrontend()
    found = {w: frontend.analyze(w.lower()).words[0] for w, _ in rows("syllables.tsv")}
    cut = {w: f"{'-'.join(x.syllables)}:{x.stress or 0}" for w, x in found.items()}
    assert len(cut) > 200
    assert [(w, cut[w], e) for w, e in rows("syllables.tsv") if cut[w] not in e.split("|")] == []


def test_the_symbol_list_only_grows_at_its_end():
    """Runs keep ids: what stands here may be followed by more, never moved."""
    first = "<pad>|<edge>| |,|.|;|:|?|!|¿|¡|…|—|a|e|i|o|u|ˈa|ˈe|ˈi|ˈo|ˈu|p|b|t|d|k|ɡ|tʃ|f|θ|s|x|ʃ|ʒ|ʝ|m|n|ɲ|l|ʎ|ɾ|r|j|w"
    assert symbol_table().symbols[:46] == tuple(first.split("|"))
    assert symbol_table(allophones=True).symbols[:53] == (*first.split("|"), *"βðɣŋɱzh")
