"""Texts with signs that nobody says, and with letters that a frontend said it had not read."""

import pytest

from ttskit.corpus.readers import CorpusReading, SourceUtterance
from ttskit.corpus.screening import analyse
from ttskit.plugins import create_registry
from ttskit.texts import readable


@pytest.fixture(scope="module")
def spanish():
    return create_registry().get("frontend", "spanish").load()()


def screened(text, frontend, recipe, path):
    found, problems = analyse(CorpusReading([SourceUtterance("a", "ana", path, readable(text))]), frontend, recipe().corpus)
    return [c.analysis.normalized for c in found], [(p.kind, p.skipped) for p in problems]


UNSAID = [("unsaid signs", False)]
KEPT = {
    "Hola 😂, ¿cómo andás?": ("hola, ¿cómo andás?", UNSAID),
    "La Prof.ª duerme.": ("la profesora duerme.", []),
    "Maña\u00adna llueve.": ("mañana llueve.", []),
    "Yo ya llegué :)": ("yo ya llegué", UNSAID),
    "ñoquis ♥ los domingos": ("ñoquis los domingos", UNSAID),
    "El tren → temprano.": ("el tren temprano.", UNSAID),
    "el mate <3 amargo": ("el mate amargo", UNSAID),
    "Los chicos\u200b juegan": ("los chicos juegan", []),
    "La luna \u202abrilla\u202c": ("la luna brilla", []),
    "aceitunas✓": ("aceitunas", UNSAID),
    "★★★★☆ muy bueno": ("muy bueno", UNSAID),
    "¡Gol! ⚽🇦🇷👨\u200d👩\u200d👧": ("¡gol!", UNSAID),
    "♪ la la ♫": ("la la", UNSAID),
    "Нola, che": ("hola, che", []),
}


@pytest.mark.parametrize("text", KEPT)
def test_a_clip_is_kept_for_a_sign_that_is_read_or_said_by_nobody(text, spanish, recipe, tmp_path):
    spoken, told = KEPT[text]
    assert screened(text, spanish, recipe, tmp_path) == ([spoken], told)


@pytest.mark.parametrize("text", ["привет", "¯\\_(ツ)_/¯ hola", "ª sola", "你好 che"])
def test_a_clip_with_letters_that_are_not_read_is_skipped(text, spanish, recipe, tmp_path):
    assert screened(text, spanish, recipe, tmp_path) == ([], [("unknown symbols", True)])
