"""Controls of a voice: the values that reach the model, per word and per token, from calls and from the text."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttskit.errors import InputError, UsageError
from ttskit.plugins import create_registry
from ttskit.synthesis import split_pieces
from ttskit.synthesis.speakers import speaker_shares

FRONTEND = create_registry().get("frontend", "spanish").load()(dialect="rioplatense")
TEXT = "Hola, che, venís mañana."


def per_word(part, values) -> list[float | None]:
    """The one value that all tokens of each word have."""
    values = np.broadcast_to(np.asarray(values, dtype=np.float64), len(part.analysis.tokens))
    found = []
    for w in range(len(part.analysis.words)):
        own = {float(v) for v, o in zip(values, part.analysis.token_words, strict=True) if o == w}
        assert len(own) == 1
        found.append(own.pop())
    return found


def told(v, name, index=-1):
    """What the model was told by its control `name`, row 0."""
    value = getattr(v.acoustic.told[index][1], name)
    return value[0].tolist() if isinstance(value, torch.Tensor) else value


@pytest.mark.parametrize("how", ["markup", "per word", "per token"])
def test_pace_of_a_word_changes_its_durations_and_no_other(obedient, how):
    v = obedient()
    analysis = FRONTEND.analyze(TEXT)
    if how == "markup":
        speech = v.synthesize("Hola, che, {pace=0.5|venís} mañana.")
    elif how == "per word":
        speech = v.synthesize(TEXT, pace=[1, None, 0.5, 1])
    else:
        speech = v.synthesize(TEXT, pace=[0.5 if w == 2 else 1.0 for w in analysis.token_words])
    (part,) = speech.parts
    durations = part.spectrogram.durations[0].tolist()
    assert durations == [8 if w == 2 else 4 for w in analysis.token_words]


def test_controls_combine_and_reach_marks_only_between_words_that_agree(obedient):
    v = obedient()
    speech = v.synthesize(
        "Uno, {pace=0.5 pitch=2|dos, {pace=0.5 pitch=1|tres}, cuatro}, cinco.", pace=2.0, pitch=-1.0, energy=[1, 1, 1, 1.5, 1]
    )
    (part,) = speech.parts
    assert per_word(part, told(v, "pace")) == [2.0, 1.0, 0.5, 1.0, 2.0]
    assert per_word(part, told(v, "pitch")) == [-1.0, 1.0, 2.0, 1.0, -1.0]
    assert per_word(part, told(v, "energy")) == [1.0, 1.0, 1.0, 1.5, 1.0]
    marks = [told(v, "pace")[i] for i, t in enumerate(part.analysis.tokens) if t == ","]
    assert marks == [2.0, 2.0, 2.0, 2.0]
    speech = v.synthesize("Uno, {pace=0.5|dos, tres}, cuatro.")
    marks = [told(v, "pace")[i] for i, t in enumerate(speech.parts[0].analysis.tokens) if t == ","]
    assert marks == [1.0, 0.5, 1.0]
    speech = v.synthesize("{pace=0.5|Uno, dos.}")  # all of it: then its edges too, and one number tells it
    assert told(v, "pace") == 0.5


def test_neutral_markup_asks_nothing_of_the_model(obedient):
    v = obedient()
    v.synthesize("{pace=1 pitch=0|Hola}, che.")
    assert v.acoustic.told[0][1].asked() == []


def test_flat_and_invert(obedient):
    v = obedient()
    flat = v.synthesize(TEXT, pitch_range="flat").parts[0].spectrogram.pitch
    assert bool((flat == 0).all())  # the speaker's mean
    inverted = v.synthesize(TEXT, pitch_range="invert").parts[0].spectrogram.pitch
    assert torch.equal(inverted, -v.synthesize(TEXT).parts[0].spectrogram.pitch)
    part = v.synthesize("Hola, che, {invert|venís} {flat|mañana}.").parts[0]
    assert per_word(part, part.spectrogram.pitch[0]) == [0.5, 0.5, -0.5, 0.0]


def test_contours_in_hz_and_semitones_are_normalised_by_the_speaker(obedient):
    v = obedient(("ana", "beto"))
    for speaker, stats in v.acoustic.context.pitch.items():
        part = v.synthesize(TEXT, speaker=speaker, pitch_hz=[220, None, 180, 200]).parts[0]
        wanted = [(hz - stats.mean_hz) / stats.std_hz for hz in (220, 180, 200)]
        assert per_word(part, part.spectrogram.pitch[0]) == pytest.approx([wanted[0], 0.5, *wanted[1:]])
        part = v.synthesize(TEXT, speaker=speaker, pitch_st=[12, 0, None, -12]).parts[0]
        high, low = stats.mean_hz / stats.std_hz, -0.5 * stats.mean_hz / stats.std_hz
        assert per_word(part, part.spectrogram.pitch[0]) == pytest.approx([high, 0.0, 0.5, low])
    tokens = len(FRONTEND.analyze(TEXT).tokens)
    hz = list(np.linspace(180, 220, tokens))
    pitch = v.synthesize(TEXT, speaker="ana", pitch_hz=hz).parts[0].spectrogram.pitch[0]
    np.testing.assert_allclose(pitch.numpy(), (np.array(hz) - 200) / 20, atol=1e-6)


def test_contours_in_the_text_glide_evenly_in_semitones(obedient):
    v = obedient()
    part = v.synthesize("Hola, che, {hz=200>400|sí} {st=12|venís}.").parts[0]
    owners = part.analysis.token_words
    hz = 20 * part.spectrogram.pitch[0].numpy() + 200
    sounds = [hz[i] for i, w in enumerate(owners) if w == 2]
    assert sounds == pytest.approx([200.0, 400.0])
    assert [hz[i] for i, w in enumerate(owners) if w == 3] == pytest.approx([400.0] * 5)
    assert {float(part.spectrogram.pitch[0, i]) for i, w in enumerate(owners) if w in (None, 0, 1)} == {0.5}
    middle = v.synthesize("{hz=200>800|oía}").parts[0]
    sounds = [20 * float(middle.spectrogram.pitch[0, i]) + 200 for i, w in enumerate(middle.analysis.token_words) if w == 0]
    assert sounds == pytest.approx([200.0, 400.0, 800.0])


@pytest.mark.parametrize("speak", [{}, {"max_tokens": 12}])
def test_controls_survive_long_text_in_parts(obedient, speak):
    v = obedient()
    text = "La casa {pace=0.5 hz=180|es de madera. Y} el perro, que no {pitch=3|ladra}, duerme."
    speech = v.synthesize(text, **speak)
    assert len(speech.parts) == (
        2
        if not speak
        else len(
            split_pieces(FRONTEND.analyze("La casa es de madera. Y el perro, que no ladra, duerme."), FRONTEND.symbols, 12)
        )
    )
    words, paces, pitches, shifts = [], [], [], []
    rows = [(c, row) for _, c in v.acoustic.told for row in range(len(_.tokens))]
    for part, (controls, row) in zip(speech.parts, rows, strict=True):
        words += [w.text for w in part.analysis.words]
        n = len(part.analysis.tokens)
        for name, target in (("pace", paces), ("pitch", shifts)):
            value = getattr(controls, name)
            target += per_word(part, value[row, :n] if isinstance(value, torch.Tensor) else value)
        pitches += per_word(part, part.spectrogram.pitch[0, :n])
    assert words == "la casa es de madera y el perro que no ladra duerme".split()
    assert paces == [1, 1, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1, 1, 1]
    assert pitches == pytest.approx([0.5, 0.5, -1, -1, -1, -1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    assert shifts == [0] * 10 + [3, 0]


def test_a_list_per_token_counts_the_tokens_of_the_whole_text(obedient):
    v = obedient()
    analysis = FRONTEND.analyze("Hola. Chau.")
    speech = v.synthesize("Hola. Chau.", pace=[0.5] + [1.0] * (len(analysis.tokens) - 2) + [0.25])
    one, two = (part.spectrogram.durations[0].tolist() for part in speech.parts)
    assert one == [8] + [4] * (len(one) - 1)  # its last boundary is not in the text
    assert two == [4] * (len(two) - 1) + [16]


def test_words_of_a_number_are_controlled_together(obedient):
    part = obedient().synthesize("Son {pace=0.5|1.500} casas.").parts[0]
    paces = [int(part.spectrogram.durations[0, part.analysis.token_words.index(w)]) for w in range(len(part.analysis.words))]
    assert [w.text for w in part.analysis.words] == ["son", "mil", "quinientas", "casas"]
    assert paces == [4, 8, 8, 4]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"pitch_hz": [200.0, 210.0, 220.0]}, ("pitch_hz has 3 values", "4 words and 21 tokens")),
        ({"pace": [1.0] * 20}, ("pace has 20 values", "4 words and 21 tokens")),
        ({"pitch_st": []}, ("pitch_st has 0 values", "4 words")),
        ({"pace": 0.0}, ("pace must be a positive number", "got 0.0")),
        ({"pace": -1}, ("pace must be a positive", "got -1")),
        ({"pace": float("nan")}, ("pace must be a positive", "got nan")),
        ({"pace": [1, 0, 1, 1]}, ("pace must be a positive", "for word 2 ('che')")),
        ({"energy": [1, 1, 1, float("inf")]}, ("energy must be a positive", "for word 4 ('mañana')")),
        ({"pitch": float("inf")}, ("pitch must be a finite number", "got inf")),
        ({"pitch_hz": [1, 2, -3, 4]}, ("pitch_hz must be a positive", "got -3 for word 3 ('venís')")),
        ({"pitch_hz": 200.0}, ("pitch_hz must be a list", "got 200.0")),
        ({"pitch_hz": [200] * 4, "pitch_st": [0] * 4}, ("cannot be given together",)),
        ({"pitch_range": "flatt"}, ("pitch_range cannot be 'flatt'",)),
    ],
)
def test_values_that_cannot_be_are_told(obedient, how, words):
    assert len(FRONTEND.analyze(TEXT).tokens) == 21
    with pytest.raises(InputError) as caught:
        obedient().synthesize(TEXT, **how)
    assert all(word in str(caught.value) for word in words)


def test_markup_around_no_word_and_pauses_at_the_ends_are_told(obedient):
    with pytest.raises(InputError, match="the markup at character 4 holds no word"):
        obedient().synthesize("Hola{pace=2|,} che")
    for text in ("{pause=1}hola", "hola{pause=1}", "hola {pause=1}."):
        with pytest.raises(InputError, match="does not stand between two words"):
            obedient().synthesize(text)


def test_hz_without_statistics_names_the_file_that_is_missing(obedient):
    v = obedient(("ana",), {})
    for how in ({"pitch_hz": [200] * 4}, {"pitch_st": [1] * 4}):
        with pytest.raises(InputError, match="no pitch statistics for speaker 'ana'") as caught:
            v.synthesize(TEXT, **how)
        assert "--pitch-stats pitch_stats.json" in caught.value.fix
    with pytest.raises(InputError, match="no pitch statistics"):
        v.synthesize("{hz=200|hola}")


def test_a_pause_is_silence_of_its_length_and_a_new_part(obedient):
    v = obedient()
    speech = v.synthesize("Hola {pause=0.5}che.")
    assert speech.parts[0].pause_s == 0.5
    first = int(speech.parts[0].spectrogram.lengths[0]) * 256 - 128
    silence = round(0.5 * 22_050)
    assert not speech.audio[first : first + silence].any() and speech.audio[first - 1] != 0 != speech.audio[first + silence]


def test_pauses_follow_the_pace(obedient):
    pauses = [obedient().synthesize("Hola. Chau.", pace=pace).parts[0].pause_s for pace in (1.0, 2.0)]
    assert pauses == [0.3, 0.15]


def test_speakers_change_in_the_text_and_open_a_part(obedient):
    v = obedient(("ana", "beto", "eva"))
    speech = v.synthesize("Dijo, {speaker=beto|¿vamos?} y {speaker=ana:1,eva:1|fuimos} juntos.", speaker="eva")
    spoken = [part.analysis.normalized for part in speech.parts]
    assert spoken == ["dijo", "vamos", "y", "fuimos", "juntos"]
    ids = torch.cat([inputs.speaker for inputs, _ in v.acoustic.told]).tolist()
    assert [ids[i] for i in (0, 1, 2, 4)] == [2, 1, 2, 2]
    weights = v.acoustic.told[1][0].speaker_weights
    assert weights.tolist() == [[0, 1, 0], [0, 0, 1], [0.5, 0, 0.5], [0, 0, 1]]
    assert speech.parts[1].analysis.tokens[1] == "¿"  # an opening mark goes with its word
    with pytest.raises(UsageError, match="unknown speaker 'bato'"):
        v.synthesize("hola {speaker=bato|che}", speaker="ana")


def test_a_mix_is_given_as_shares_and_one_speaker_as_an_id(obedient):
    v = obedient(("ana", "beto"))
    v.synthesize(TEXT, speaker="ana:3,beto:1")
    assert v.acoustic.told[-1][0].speaker_weights.tolist() == [[0.75, 0.25]]
    for alone in ("ana", "ana:1,beto:0", {"ana": 2.0}):
        v.synthesize(TEXT, speaker=alone)
        assert v.acoustic.told[-1][0].speaker_weights is None and v.acoustic.told[-1][0].speaker.tolist() == [0]
    part = v.synthesize(TEXT, speaker="ana,beto", pitch_hz=[150] * 4).parts[0]  # between 200 ± 20 and 100 ± 10
    assert per_word(part, part.spectrogram.pitch[0]) == [0.0] * 4


@pytest.mark.parametrize(
    ("mix", "words"),
    [
        ("ana:x", "'ana' is not a number"),
        ("ana:-1,beto:2", "must not be negative"),
        ("ana:0", "has any weight"),
        ("ana,ana", "stands twice"),
        ("ana:0.5,bato:0.5", "unknown speaker 'bato'"),
        ({"ana": float("nan")}, "must not be negative"),
    ],
)
def test_mixes_that_cannot_be_are_told(obedient, mix, words):
    with pytest.raises(UsageError, match=words):
        speaker_shares(mix, obedient(("ana", "beto")).acoustic.context.speakers)


def test_unknown_characters_keep_their_place_in_the_marked_text(obedient):
    speech = obedient().synthesize("{pace=0.5|ab \N{CJK UNIFIED IDEOGRAPH-4E00} cd}")
    assert [(u.character, u.position) for u in speech.unknown] == [("\N{CJK UNIFIED IDEOGRAPH-4E00}", 13)]


def test_braces_are_text_if_asked(obedient):
    v = obedient()
    plain = v.synthesize("Hola {pace=0.5|che}.", markup=False)
    assert v.acoustic.told[0][1].asked() == []
    assert "pace" in [w.text for part in plain.parts for w in part.analysis.words]
    assert [w.text for w in v.synthesize(r"Hola \{che\}.").parts[0].analysis.words] == ["hola", "che"]


def test_a_control_in_the_text_that_the_model_has_not_got_is_one_error(obedient):
    v = obedient()
    v.acoustic.controls = ("pitch",)
    with pytest.raises(InputError, match="Obedient has no control 'pace'") as caught:
        v.synthesize("{pace=0.5|hola} che")
    assert "fastpitch" in caught.value.fix
