"""Alignments of other tools: each kind is read with the right times, or refused with what it is."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from strange_labels import READ, REFUSED, TOLD, G

from ttskit.audio.config import PRESETS
from ttskit.corpus.external import external_durations
from ttskit.corpus.labels import LabelFolder
from ttskit.corpus.matching import Listener
from ttskit_spanish.frontend import SpanishFrontend as Spanish
from ttskit_spanish.phonetics import PHONETICS

MEL = PRESETS["telephone-8000"]
TOKENS = ("<edge>", "ˈo", "l", "a", ",", "ɲ", "a", "n", "d", "ˈu", "<edge>")
TOKEN_WORDS = (None, 0, 0, 0, None, 1, 1, 1, 1, 1, None)
BOUNDS = (0, 0.08, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.92, 1.0)


def durations(folder, trim_s: float = 0.0):
    """Frames per token, and problems, of a recording of one second of which `trim_s` were cut at each end."""
    samples = round((1.0 - 2 * trim_s) * 8000)
    utterance = SimpleNamespace(id="demo", source="wavs/demo.wav", speaker="ana", tokens=TOKENS,
                                token_words=TOKEN_WORDS, samples=samples, frames=MEL.frames(samples),
                                trim_start_s=trim_s, trim_end_s=trim_s)  # fmt: skip
    corpus = SimpleNamespace(mel=MEL, symbols=SimpleNamespace(silent=frozenset({"<edge>", ",", " "})))
    return external_durations(corpus, utterance, LabelFolder(folder), Listener(PHONETICS))


def expected(trim_s: float = 0.0) -> np.ndarray:
    """Frames whose centre lies in each token, for the times that all these files mean."""
    times = np.clip(np.array(BOUNDS) - trim_s, 0, None)
    centres = np.array([MEL.frame_centre(k) for k in range(MEL.frames(round((1.0 - 2 * trim_s) * 8000)))])
    inner = np.searchsorted(centres, times[1:-1])
    return np.diff([0, *inner, len(centres)])


@pytest.mark.parametrize(("kind", "name", "content"), READ, ids=[row[0] for row in READ])
@pytest.mark.parametrize("trim_s", [0.0, 0.05])
def test_an_alignment_as_others_write_it_has_the_right_times(tmp_path, kind, name, content, trim_s):
    (tmp_path / name).write_bytes(content)
    found, problems = durations(tmp_path, trim_s)
    assert found is not None, problems
    assert not [p.reason for p in problems if p.kind != "encoding"]
    slack = 1 if kind == "ends rounded up" else 0
    assert np.abs(found - expected(trim_s)).max() <= slack, (found, expected(trim_s))


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("kind", "name", "content", "said"), REFUSED, ids=[row[0] for row in REFUSED])
def test_an_alignment_that_cannot_be_read_says_what_it_is(tmp_path, kind, name, content, said):
    (tmp_path / name).write_bytes(content)
    found, (problem,) = durations(tmp_path)
    assert found is None and said in problem.reason and name in problem.reason and len(problem.reason) < 600


@pytest.mark.parametrize(("kind", "text", "said"), TOLD, ids=[row[0] for row in TOLD])
def test_a_word_without_its_phones_is_shared_out_and_said(tmp_path, kind, text, said):
    (tmp_path / G).write_text(text, encoding="utf-8")
    found, problems = durations(tmp_path)
    assert [p.kind for p in problems] == ["word shared out"] * (2 if kind == "no phones" else 1)
    assert said in problems[-1].reason and not problems[-1].skipped
    edges = np.cumsum(found)
    right = np.cumsum(expected())
    for word in ((0, 3), (4, 9)):  # the word's own ends are right, and what has phones is
        assert [edges[k] for k in word] == [right[k] for k in word]


FIELD = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared")) / "field" / "textgrids"
# File, text, seconds of the recording, where the last word begins and ends in it, words that are said to have no phones.
FROM_THE_FIELD = [
    ("demo_0001", "Hola, ¿cómo andás?", 1.15084, 0.70526, 1.07083, ""),
    ("demo_0002", "El perro duerme en el patio.", 1.44399, 1.01918, 1.36398, ""),
    ("demo_0003", "Mañana llueve en toda la costa.", 1.69565, 1.26671, 1.61564, ""),
    ("demo_0004", "Yo ya llegué a la calle ancha.", 1.41791, 1.05556, 1.3379, ""),
    ("demo_0005", "La abuela cocina ñoquis los domingos.", 2.08576, 1.4805, 2.00575, "abuela"),
    ("demo_0006", "El tren sale temprano de la estación.", 2.04848, 1.41483, 1.96847, "<unk>"),
    ("demo_0007", "Me gusta el mate amargo y fuerte.", 1.71914, 1.25166, 1.63913, ""),
    ("demo_0008", "Los chicos juegan en la vereda.", 1.49732, 1.08417, 1.41732, ""),
    ("demo_0009", "La luna brilla sobre el río.", 1.56159, 1.20431, 1.48158, ""),
    ("demo_0012", "El jacarandá florece en noviembre.", 1.75265, 1.15578, 1.67264, ""),
    ("demo_0013", "Nunca vi un cielo tan azul.", 1.65617, 1.23043, 1.57618, ""),
    ("demo_0014", "Vos sabés que te quiero mucho.", 1.6527, 1.24268, 1.59269, ""),
]


@pytest.mark.skipif(not FIELD.is_dir(), reason="needs the inputs from the field (TTSKIT_SHARED)")
@pytest.mark.parametrize(("id", "text", "seconds", "begins", "ends", "shared_out"), FROM_THE_FIELD)
def test_the_alignments_from_the_field(id, text, seconds, begins, ends, shared_out):
    analysis = Spanish(locale="es-AR").analyze(text)
    samples = round(seconds * 8000)
    utterance = SimpleNamespace(id=id, source=f"wavs/{id}.wav", speaker="ana", tokens=analysis.tokens,
                                token_words=analysis.token_words, samples=samples, frames=MEL.frames(samples),
                                trim_start_s=0.0, trim_end_s=0.0)  # fmt: skip
    silent = frozenset(t for t in analysis.tokens if not t.strip("ˈ").isalpha() or t.startswith("<"))
    corpus = SimpleNamespace(mel=MEL, symbols=SimpleNamespace(silent=silent))
    found, problems = external_durations(corpus, utterance, LabelFolder(FIELD), Listener(PHONETICS))
    assert found is not None, problems
    told = [p for p in problems if p.kind != "encoding"]
    assert [p.kind for p in told] == ["word shared out"] * bool(shared_out)
    assert shared_out in "".join(p.reason for p in told)
    last = max(word for word in analysis.token_words if word is not None)
    places = [k for k, word in enumerate(analysis.token_words) if word == last and analysis.tokens[k] not in silent]
    edges = np.concatenate([[0], np.cumsum(found)])
    frame_s = MEL.hop_samples / MEL.sample_rate_hz
    assert (
        abs(edges[places[0]] * frame_s - begins) <= 1.5 * frame_s
        and abs(edges[places[-1] + 1] * frame_s - ends) <= 1.5 * frame_s
    )
