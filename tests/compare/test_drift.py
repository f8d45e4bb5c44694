"""Which way a voice has moved: the earlier run says the recordings themselves, the later one an octave higher and slower."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ttskit.compare import drift as module
from ttskit.errors import UsageError
from ttskit.interfaces import Spectrogram
from ttskit.synthesis.voice import part_seed

LATER_HZ, LONGER = 245.0, 2


class Saying:
    """A voice whose audio of each sentence is given, and which keeps its seeds."""

    speakers = ("ana",)

    def __init__(self, audio_of):
        self.audio_of, self.seeds, self.said = audio_of, [], []

    def spectrogram(self, tokens, *, speaker, seeds):
        self.now = tuple(tokens[0])
        self.seeds += seeds
        self.said.append((speaker, self.now))
        return [Spectrogram(torch.zeros(1, 40, 4), torch.tensor([4]))]

    def waveform(self, spectrogram, seed=0):
        assert seed == self.seeds[-1]
        return self.audio_of[self.now]


@pytest.fixture
def voices(prepared, monkeypatch):
    recordings = {u.tokens: np.asarray(prepared.audio(u)) for u in prepared.utterances}
    rate = prepared.mel.sample_rate_hz

    def higher(n):
        phase = 2 * np.pi * LATER_HZ * np.arange(n) / rate
        return (0.1 * sum(np.sin(k * phase) / k for k in range(1, 9))).astype(np.float32)

    found = [Saying(recordings), Saying({tokens: higher(LONGER * len(audio)) for tokens, audio in recordings.items()})]
    context = SimpleNamespace(mel=prepared.mel, symbols=prepared.symbols)
    systems = [
        SimpleNamespace(label=label, voice=voice, loaded=SimpleNamespace(context=context))
        for label, voice in zip(("before", "after"), found, strict=True)
    ]
    monkeypatch.setattr(module, "load_systems", lambda *_: systems)
    return found


def test_the_later_run_is_measured_against_the_earlier_one(prepared, voices):
    (row,) = module.drift("before", "after", prepared.folder, limit=3)
    assert (row.speaker, row.sentences, row.length_ratio) == ("ana", 3, LONGER)
    said = np.concatenate([prepared.features(u).pitch_hz for u in prepared.split("test")[:3]])
    octave = 12 * np.log2(LATER_HZ / np.median(said[said > 0]))
    assert row.f0_shift_semitones == pytest.approx(octave, abs=1.5) and row.mcd_db > 1.0
    earlier, later = row.natural_mcd_db
    assert earlier < 1e-4 and later == pytest.approx(row.mcd_db)
    earlier, later = row.natural_f0_semitones
    assert earlier < 1e-4 and later == pytest.approx(row.f0_rmse_semitones) and later > 9.0


def test_both_runs_speak_with_the_same_seeds_one_a_sentence(prepared, voices):
    module.drift("before", "after", prepared.folder, limit=3, seed=5)
    assert voices[0].seeds == voices[1].seeds == [part_seed(5, index) for index in range(3)]


def test_each_speaker_says_the_sentences_that_there_are_recordings_of(prepared, voices, tmp_path):
    """Of six test sentences the last three are another speaker's."""
    folder = shutil.copytree(prepared.folder, tmp_path / "two", ignore=shutil.ignore_patterns("recogniser"))
    whose = {u.id: "ana" if k < 3 else "eva" for k, u in enumerate(prepared.split("test"))}
    lines = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    told = [line | {"speaker": whose.get(line["id"], "ana")} for line in lines]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in told), encoding="utf-8")
    info = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
    info |= {"speakers": ["ana", "eva"], "statistics": dict.fromkeys(("ana", "eva"), info["statistics"]["ana"])}
    (folder / "corpus.json").write_text(json.dumps(info), encoding="utf-8")
    for voice in voices:
        voice.speakers = ("ana", "eva")
    rows = module.drift("before", "after", folder, limit=2)
    assert [(row.speaker, row.sentences) for row in rows] == [("ana", 2), ("eva", 2)]
    tokens = [u.tokens for u in prepared.split("test")]
    own = [("ana", tokens[0]), ("ana", tokens[1]), ("eva", tokens[3]), ("eva", tokens[4])]
    assert voices[0].said == voices[1].said == own
    assert all(row.natural_mcd_db[0] < 1e-4 for row in rows)  # the earlier run says the recordings themselves


@pytest.mark.parametrize(
    ("old", "new", "corpus", "asked", "chosen"),
    [
        (("ana", "eva", "zoe"), ("zoe", "ana"), ("ana", "beto"), (), ["ana"]),  # recorded, and known to both
        (("ana", "eva"), ("eva", "ana"), ("beto",), (), ["ana", "eva"]),
        (("ana", "eva"), ("eva", "ana"), ("ana",), ("eva",), ["eva"]),
        (tuple(f"s{i:02}" for i in range(20)),) * 2 + (("beto",), (), [f"s{i:02}" for i in range(16)]),
    ],
)
def test_whose_drift_is_measured(old, new, corpus, asked, chosen):
    """Planted: everybody's, recorded or not."""
    systems = [SimpleNamespace(label=label, voice=SimpleNamespace(speakers=names)) for label, names in (("a", old), ("b", new))]
    recorded = SimpleNamespace(speakers=SimpleNamespace(names=corpus))
    assert module._speakers(*systems, recorded, asked) == chosen
    with pytest.raises(UsageError, match="b does not know speaker 'only'"):
        systems[0].voice.speakers = (*old, "only")
        module._speakers(*systems, recorded, ("only",))
    systems[1].voice.speakers = ("nobody",)
    with pytest.raises(UsageError, match="no speaker in common"):
        module._speakers(*systems, recorded, ())
