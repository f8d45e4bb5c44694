"""Prosody copied from a recording: the aligner's durations, the recording's contour in the speaker's own range."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import torch

from ttskit.audio.mel import MelExtractor
from ttskit.config import load_recipe
from ttskit.corpus import PreparedCorpus, prepare
from ttskit.errors import AudioError, InputError, PluginError
from ttskit.interfaces import PitchExtractorPlugin, PitchStats
from ttskit.plugins import Origin, create_registry
from ttskit.runs import RunFolder
from ttskit.synthesis import load_voice
from ttskit.synthesis.recording import PitchReader, copy_prosody, token_pitch
from ttskit.testing import tiny_corpus, tone
from ttskit.training.data import corpus_facts

READER = PitchReader.choose("autocorrelation", create_registry())

TEXT = "Hola, che."


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Half a second at 100 Hz, half at 150 Hz, silence around it; other rate than the voice's."""
    path = tmp_path_factory.mktemp("audio") / "a.wav"
    silence = np.zeros(16_000, np.float32)
    soundfile.write(path, np.concatenate([silence, tone(100, 0.5, 16_000), tone(150, 0.5, 16_000), silence]), 16_000)
    return path


def test_pitch_is_averaged_over_the_voiced_frames_of_a_token():
    pitch, voiced = np.array([1.0, 3.0, 9.0, 5.0, 7.0]), np.array([True, True, False, False, True])
    assert token_pitch(pitch, voiced, np.array([2, 0, 2, 1])).tolist() == [2.0, 0.0, 0.0, 7.0]


def test_durations_are_the_aligners_and_pitch_lands_in_the_speakers_range(obedient, recording):
    v = obedient()
    tokens = v.frontend.analyze(TEXT).tokens
    speech = v.synthesize(TEXT, like=recording)
    (part,) = speech.parts
    durations = part.spectrogram.durations[0].numpy()
    # `Obedient` aligns one frame to each token and the rest to the last: 1 s of tone, trimmed to 80 ms of silence.
    frames = int(durations.sum())
    assert frames == pytest.approx(1.16 * 22_050 / 256, abs=4)
    assert durations.tolist() == [1] * (len(tokens) - 1) + [frames - len(tokens) + 1]
    copied = copy_prosody(recording, tokens, v.acoustic, 0, None, READER)
    assert np.array_equal(copied["durations"], durations)
    np.testing.assert_allclose(part.spectrogram.pitch[0].numpy(), copied["pitch_values"], atol=1e-6)


def test_pitch_is_counted_from_who_recorded_it_or_from_the_recording_itself(obedient, recording):
    """Nine tokens, a ninth of the recording each: the second to fourth lie at 100 Hz, the sixth to eighth at 150 Hz."""
    v = obedient()
    tokens = v.frontend.analyze(TEXT).tokens
    assert len(tokens) == 9

    def evenly(batch):
        ends = torch.linspace(0, int(batch.mel_lengths), len(tokens) + 1).long()
        return ends.diff()[None]

    v.acoustic.durations = evenly
    low, high = slice(1, 4), slice(5, 8)
    own = copy_prosody(recording, tokens, v.acoustic, 0, None, READER)["pitch_values"]  # 125 ± 25 Hz
    np.testing.assert_allclose(own[low], -1.0, atol=0.1)
    np.testing.assert_allclose(own[high], 1.0, atol=0.1)
    ana = v.acoustic.context.pitch["ana"]  # 200 ± 20 Hz
    known = copy_prosody(recording, tokens, v.acoustic, 0, ana, READER)["pitch_values"]
    np.testing.assert_allclose(known[low], -5.0, atol=0.1)
    np.testing.assert_allclose(known[high], -2.5, atol=0.1)
    said = v.synthesize(TEXT, like=recording, like_speaker="ana").parts[0].spectrogram.pitch[0]
    np.testing.assert_allclose(said.numpy(), known, atol=1e-5)


def test_copied_prosody_takes_controls_like_any_other(obedient, recording):
    v = obedient()
    plain = v.synthesize(TEXT, like=recording).parts[0].spectrogram
    changed = v.synthesize("{hz=220|Hola}, {pace=0.5|che}.", like=recording).parts[0]
    owners = np.array([-1 if w is None else w for w in changed.analysis.token_words])
    durations, before = changed.spectrogram.durations[0].numpy(), plain.durations[0].numpy()
    assert np.array_equal(durations[owners == 1], 2 * before[owners == 1])
    assert np.array_equal(durations[owners != 1], before[owners != 1])
    pitch = changed.spectrogram.pitch[0].numpy()
    assert pitch[owners == 0] == pytest.approx([1.0] * 3)
    assert np.array_equal(pitch[owners != 0], plain.pitch[0].numpy()[owners != 0])


def test_fastpitch_copies_what_its_aligner_says(obedient, recording):
    from ttskit_fastpitch.config import FastPitchOptions
    from ttskit_fastpitch.model import FastPitch

    stack = {"layers": 1, "head_channels": 8, "filter_channels": 16}
    torch.manual_seed(0)
    v = obedient()
    options = FastPitchOptions.model_validate({"channels": 16, "encoder": stack, "decoder": stack, "aligner": {"channels": 8}})
    v.acoustic = FastPitch(options, v.acoustic.context).eval()
    speech = v.synthesize(TEXT, like=recording)
    copied = copy_prosody(recording, v.frontend.analyze(TEXT).tokens, v.acoustic, 0, None, READER)
    made = speech.parts[0].spectrogram
    assert np.array_equal(made.durations[0].numpy(), copied["durations"])
    np.testing.assert_allclose(made.pitch[0].numpy(), copied["pitch_values"], atol=1e-6)
    assert MelExtractor(v.mel).config == v.mel and made.lengths.tolist() == [int(copied["durations"].sum())]


def test_what_is_odd_about_the_recording_is_told(obedient, recording, tmp_path):
    v = obedient()
    usual = v.synthesize(TEXT, like=recording).notes
    audio, rate = soundfile.read(recording)
    soundfile.write(tmp_path / "both.wav", np.stack([audio, -audio], axis=1), rate)
    (note,) = set(v.synthesize(TEXT, like=tmp_path / "both.wav").notes) - set(usual)
    assert note.startswith("both.wav: its 2 channels cancel each other")


def test_recordings_that_cannot_be_copied_are_told(obedient, recording, tmp_path):
    v = obedient()
    with pytest.raises(InputError, match="is too short for the text"):
        v.synthesize("una frase mucho más larga que la grabación " * 5, like=recording)
    soundfile.write(tmp_path / "click.wav", np.ones(200), 22_050)  # not even one frame
    with pytest.raises(InputError, match=r"click\.wav is too short for the text"):
        v.synthesize("sí", like=tmp_path / "click.wav")
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "noise.wav", 0.1 * rng.standard_normal(16_000), 16_000)
    with pytest.raises(InputError, match="has no voiced speech"):
        v.synthesize("sí", like=tmp_path / "noise.wav")
    with pytest.raises(AudioError, match="is missing"):
        v.synthesize("sí", like=tmp_path / "none.wav")
    for text in ("hola {pause=1}che", "hola, {speaker=ana|che}"):
        with pytest.raises(InputError, match="spoken in one part"):
            v.synthesize(text, like=recording)
    with pytest.raises(InputError, match="no pitch statistics for speaker 'ana'"):
        obedient(("ana",), {}).synthesize(TEXT, like=recording, like_speaker="ana")


def test_a_model_that_does_not_align_says_so(obedient, recording, monkeypatch):
    from ttskit.interfaces import AcousticModel

    v = obedient()
    monkeypatch.setattr(type(v.acoustic), "durations", AcousticModel.durations)
    with pytest.raises(InputError, match="Obedient cannot align") as caught:
        v.synthesize(TEXT, like=recording)
    assert caught.value.why == "its plugin does not declare aligns" and "a model that declares it" in caught.value.fix


MARKED_HZ = 333.0  # what nobody says


@pytest.fixture
def marking(tmp_path, monkeypatch):
    """A registry with someone else's pitch extractor, whose every frame is voiced at MARKED_HZ."""
    (tmp_path / "someones_pitch.py").write_text(
        "import numpy as np\n"
        "def marked(audio, mel, f_min_hz, f_max_hz):\n"
        f"    return np.full(mel.frames(len(audio)), {MARKED_HZ}, np.float32)\n"
        "def short(audio, mel, f_min_hz, f_max_hz):\n"
        "    return marked(audio, mel, f_min_hz, f_max_hz)[:-1]\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry = create_registry()
    for name in ("marked", "short"):
        plugin = PitchExtractorPlugin(name, "one note for everything", f"someones_pitch:{name}")
        registry.found["pitch extractor", name] = (plugin, Origin("someone", "someones-pitch", "1"))
    return registry


def voice_of(prepared, run, registry, **facts):
    """A voice of random weights, as a training on it leaves it; `facts` instead of the corpus's own for run.json."""
    recipe = load_recipe("tiny", registry=registry)
    made = RunFolder.create(
        run,
        kind="acoustic model",
        model="fastpitch",
        options=recipe.options_for("fastpitch", registry),
        context=prepared.context(),
        frontend=prepared.frontend,
        recipe=recipe,
        registry=registry,
        **(facts or {"corpus": corpus_facts(prepared)}),
    )
    torch.manual_seed(0)
    made.save(made.build(registry)[0])
    return load_voice(run, registry=registry)


def test_like_reads_f0_by_the_extractor_that_the_corpus_was_prepared_with(marking, recording, tmp_path):
    recipe = load_recipe("tiny", ("corpus.pitch_extractor=marked",), registry=marking)
    prepare(tiny_corpus(tmp_path / "recordings"), tmp_path / "prepared", recipe, registry=marking, jobs=1, speaker="ana")
    corpus = PreparedCorpus.open(tmp_path / "prepared")
    assert corpus.pitch["ana"] == PitchStats(MARKED_HZ, 1.0)
    voice = voice_of(corpus, tmp_path / "run", marking)
    speech = voice.synthesize(TEXT, like=recording, like_speaker="ana")
    assert not speech.notes
    # All of it lies on the mean of the corpus; what another extractor reads, 100 and 150 Hz, is far below.
    assert speech.parts[0].spectrogram.pitch.abs().max() == 0.0

    old = voice_of(corpus, tmp_path / "old", marking, corpus={"folder": "gone"})  # a run from before it was recorded
    speech = old.synthesize(TEXT, like=recording, like_speaker="ana")
    assert speech.parts[0].spectrogram.pitch.min() < -100
    assert [n for n in speech.notes if "does not say how the F0" in n and "'autocorrelation'" in n]
    assert not old.synthesize(TEXT).notes  # nothing was copied, nothing is to be said

    gone = voice_of(corpus, tmp_path / "gone", create_registry(), corpus={"pitch_extractor": "marked"})
    assert any("'marked', is not installed" in n for n in gone.synthesize(TEXT, like=recording, like_speaker="ana").notes)
    broken = voice_of(corpus, tmp_path / "broken", marking, corpus={"pitch_extractor": "short"})
    with pytest.raises(PluginError, match="pitch extractor 'short' does not fit the mel"):
        broken.synthesize(TEXT, like=recording)
