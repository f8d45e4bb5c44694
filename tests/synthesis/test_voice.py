"""Voice: lengths, places, seeds, joins and refusals, with a model whose output is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.errors import InputError, MismatchError, UsageError
from ttskit.interfaces import AcousticModel, Analysis, Frontend, Losses, LossTerm, Outputs, Spectrogram, Unknown, Vocoder, Word
from ttskit.symbols import SymbolTable
from ttskit.synthesis.voice import Voice, part_seed
from ttskit.testing import tiny_context

SYMBOLS = SymbolTable(
    ("<pad>", "<edge>", ".", ",", *"abcdefghijklmnopqrstuvwxyz"),
    pad="<pad>",
    boundary="<edge>",
    silent=frozenset({"<pad>", "<edge>", ".", ","}),
)
FRAMES = 4


class Letters(Frontend):
    """Letters are tokens, blanks end words, anything else is unknown."""

    name, version, options = "letters", "1", {}
    symbols = SYMBOLS

    def analyze(self, text):
        words, tokens, owners, unknown, current = [], ["<edge>"], [None], [], ""
        for index, c in enumerate([*text, " "]):
            if c in SYMBOLS and c not in SYMBOLS.silent:
                current += c
                tokens.append(c)
                owners.append(len(words))
                continue
            if current:
                words.append(Word(current, (index - len(current), index)))
                current = ""
            if c in ".,":
                tokens.append(c)
                owners.append(None)
            elif c != " ":
                unknown.append(Unknown(c, index))
        return Analysis(text, text, tuple(words), (*tokens, "<edge>"), (*owners, None), tuple(unknown))


class Noisy(AcousticModel):
    """FRAMES frames per token; the level of a frame is the token's id plus noise of the row's generator."""

    decoding, controls, multi_speaker = "parallel", (), True

    def __init__(self, mel, speakers=("ana",)):
        super().__init__()
        self.context = replace(tiny_context(mel, speakers), symbols=SYMBOLS)

    def forward(self, batch):
        return Outputs(batch.mel, batch.mel_lengths)

    def loss(self, outputs, batch, state):
        return Losses({"mel": LossTerm(outputs.mel.sum(), 1.0)})

    def optimizers(self, total_steps):
        return {}

    def infer(self, inputs, controls=None, generators=None):
        self.check_input(inputs, controls)
        lengths = inputs.lengths * FRAMES
        mel = torch.full((len(lengths), self.context.mel.bands, int(lengths.max())), -11.5)
        for i, n in enumerate(lengths.tolist()):
            noise = torch.rand(n, generator=generators[i])
            level = inputs.tokens[i].repeat_interleave(FRAMES)[:n] / 10 + noise + inputs.speaker[i]
            mel[i, :, :n] = level
        return Spectrogram(mel, lengths, finished=torch.tensor([n < 12 * FRAMES for n in lengths.tolist()]))


class Levels(Vocoder):
    """A frame becomes a hop of its mean level, so that samples show their frame."""

    def __init__(self, mel):
        super().__init__()
        self.mel = mel

    def infer(self, mel):
        self.check_mel(mel)
        return (mel.mean(1) / 20).repeat_interleave(self.mel.hop_samples, dim=1)


def voice(mel=None, vocoder_mel=None, speakers=("ana",)):
    mel = mel or MelConfig()
    return Voice(Letters(), Noisy(mel, speakers), Levels(vocoder_mel or mel), name="m", vocoder_name="v")


@pytest.mark.parametrize("preset", list(PRESETS))
def test_audio_starts_on_the_recordings_clock(preset):
    mel = PRESETS[preset]
    speech = voice(mel).synthesize("abc")
    frames = FRAMES * 5  # three letters and two edges
    assert len(speech.audio) == frames * mel.hop_samples + mel.waveform_start_samples
    row = speech.parts[0].spectrogram.mel[0].mean(0).numpy() / 20
    for frame in (1, 7, frames - 1):  # each frame's centre carries that frame's level
        centre = round(mel.frame_centre(frame) * mel.sample_rate_hz)
        assert speech.audio[min(centre, len(speech.audio) - 1)] == pytest.approx(row[frame], abs=1e-6)


def test_parts_are_joined_with_pauses_and_in_order():
    v = voice()
    speech = v.synthesize("aaa. bbb, ccc. dd")
    spoken = [FRAMES * n * 256 - 128 for n in (6, 10, 4)]  # letters, marks and two edges each
    pause = round(0.30 * 22_050)
    assert len(speech.audio) == sum(spoken) + 2 * pause
    assert not speech.audio[spoken[0] : spoken[0] + pause].any()
    assert [p.analysis.normalized for p in speech.parts] == ["aaa", "bbb ccc", "dd"]


def test_same_seed_same_audio_and_other_seed_other_audio():
    v = voice()
    a, b, c = (v.synthesize("abc. def", seed=s).audio for s in (3, 3, 4))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_a_sentence_does_not_depend_on_its_neighbours():
    v = voice()
    alone = v.synthesize("abc.").audio
    followed = v.synthesize("abc. defghi.").audio
    assert np.array_equal(alone, followed[: len(alone)])


def test_speakers_are_names():
    v = voice(speakers=("ana", "beto"))
    with pytest.raises(UsageError, match="several speakers"):
        v.synthesize("abc")
    with pytest.raises(UsageError, match="unknown speaker 'bato'") as caught:
        v.synthesize("abc", speaker="bato")
    assert "beto" in caught.value.fix
    assert not np.array_equal(v.synthesize("abc", speaker="ana").audio, v.synthesize("abc", speaker="beto").audio)


def test_precision_goes_to_the_parts_that_have_it_and_the_others_are_named():
    class Small(Noisy):
        precisions = ("fp32", "int8")

    mel = MelConfig()
    v = Voice(Letters(), Small(mel), Levels(mel), name="m", vocoder_name="v", precision="int8")
    assert (v.acoustic.precision, v.vocoder.precision) == ("int8", "fp32")
    assert "vocoder 'v' has no int8 and stays in fp32" in v.synthesize("abc").notes
    with pytest.raises(UsageError, match="no part of this voice has precision 'fp8'") as caught:
        Voice(Letters(), Small(mel), Levels(mel), name="m", vocoder_name="v", precision="fp8")
    assert "model 'm': fp32, int8; vocoder 'v': fp32" in caught.value.why
    with pytest.raises(UsageError, match="Small has no precision 'fp16'"):
        v.acoustic.use_precision("fp16")


def test_another_mel_content_is_refused_and_another_placement_is_said():
    with pytest.raises(MismatchError) as caught:
        voice(MelConfig(), MelConfig(hop_samples=300))
    assert "hop_samples: model 'm' uses 256, vocoder 'v' uses 300" in str(caught.value)
    shifted = voice(PRESETS["nvidia-22050"], PRESETS["hifigan-22050"])
    notes = shifted.synthesize("abc").notes
    assert any("first_frame_centre_samples 0 / 128" in note for note in notes)
    # The shift depends on the mel alone: the audio is as long as with a vocoder of the same placement.
    assert len(shifted.synthesize("abc").audio) == len(voice().synthesize("abc").audio)


@pytest.mark.parametrize("text", ["", "   ", "…", "123 \N{GRINNING FACE}"])
def test_nothing_to_speak_is_an_error(text):
    with pytest.raises(InputError, match="nothing to speak"):
        voice().synthesize(text)


def test_unknown_characters_are_told():
    speech = voice().synthesize("ab \N{GRINNING FACE} cd\x07")
    assert [(u.character, u.position) for u in speech.unknown] == [("\N{GRINNING FACE}", 3), ("\x07", 7)]
    assert speech.duration_s > 0


def test_a_cut_part_is_told():
    speech = voice().synthesize("abc. abcdefghijklmno.")
    assert not speech.finished
    assert any("part 2" in note for note in speech.notes)


@pytest.mark.parametrize("control", [{"pace": 2.0}, {"pitch": 3.0}])
def test_a_control_the_model_has_not_got_is_refused(control):
    with pytest.raises(InputError, match=f"no control '{next(iter(control))}'") as caught:
        voice().synthesize("abc", **control)
    assert "fastpitch" in caught.value.fix  # who has it


@pytest.mark.parametrize("pace", [0.0, -1.0, float("nan")])
def test_pace_must_be_positive(pace):
    with pytest.raises(InputError, match="pace must be a positive number"):
        voice().synthesize("abc", pace=pace)


def test_ten_thousand_words():
    speech = voice().synthesize("hola que tal. " * 3_333)
    assert len(speech.parts) == 3_333
    assert speech.duration_s > 1_000


def test_saved_audio_reads_back(tmp_path):
    import soundfile

    speech = voice().synthesize("abc")
    audio, rate = soundfile.read(speech.save(tmp_path / "deep" / "a.wav"), dtype="float32")
    assert rate == 22_050
    assert np.abs(audio - speech.audio).max() < 1e-4


def test_the_seed_of_a_part_is_its_own_and_follows_from_both():
    """Planted: all parts of a text had one seed, and the same words twice were the same noise twice."""
    seeds = [part_seed(seed, index) for seed in range(4) for index in range(4)]
    assert len(set(seeds)) == 16 and seeds == [part_seed(seed, index) for seed in range(4) for index in range(4)]
    assert all(0 <= seed < 2**63 for seed in seeds)  # what torch's generators take
