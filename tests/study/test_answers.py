"""The answer in two sentences, for each case that the numbers can make."""

from __future__ import annotations

import pytest

from ttskit_study.answers import answers, verdict
from ttskit_study.wording import Words

TITLES = {"mcd_db": "mel-cepstral distortion", "per": "phone error rate, test sentences", "f0": "F0 error"}
UNITS = {"mcd_db": "dB", "per": "%", "f0": "semitones"}


def content(words: dict[str, str], about: str = "models") -> dict:
    """A study whose main effect of decoding has these words by measure."""
    effects = [
        {
            "measure": key,
            "effect": "decoding: NAR − AR",
            "kind": "main",
            "factors": ["decoding"],
            "levels": [["AR", "NAR"]],
            "word": word,
            "value": -1.25,
            "low": -2.0,
            "high": -0.5,
            "runs": 2,
        }
        for key, word in words.items()
    ]
    measures = {key: {"title": TITLES[key], "unit": UNITS[key], "digits": 1, "better": "lower"} for key in words}
    return {"effects": effects, "measures": measures, "picture": dict.fromkeys(words), "about": about, "confidence": 0.95}


CASES = [
    ({"mcd_db": "better"}, "better", "NAR is better than AR in mel-cepstral distortion."),
    ({"mcd_db": "worse"}, "worse", "AR is better than NAR in mel-cepstral distortion."),
    (
        {"mcd_db": "better", "per": "worse"},
        "mixed",
        "NAR is better than AR in mel-cepstral distortion and worse in phone error rate.",
    ),
    (
        {"mcd_db": "better", "per": "equivalent", "f0": "not known"},
        "better",
        "NAR is better than AR in mel-cepstral distortion; there is no difference that matters in phone error rate; "
        "for F0 error this study cannot tell.",
    ),
    (
        {"mcd_db": "equivalent", "per": "equivalent"},
        "equivalent",
        "AR and NAR are equivalent: there is no difference that matters in mel-cepstral distortion and phone error rate.",
    ),
    (
        {"mcd_db": "equivalent", "f0": "not known"},
        "no difference",
        "Between AR and NAR there is no difference that matters in mel-cepstral distortion; for F0 error this study "
        "cannot tell.",
    ),
    (
        {"mcd_db": "not known", "per": "not known"},
        "not known",
        "Cannot tell whether NAR is better or worse than AR: no difference could be shown in mel-cepstral distortion and "
        "phone error rate, and none ruled out.",
    ),
]


@pytest.mark.parametrize(("words", "whole", "says"), CASES)
def test_the_first_sentence_says_what_holds(words, whole, says):
    (answer,) = answers(content(words), Words("en"))
    assert verdict(words) == answer["verdict"] == whole
    assert answer["sentences"][0] == says


def test_the_second_sentence_has_every_figure_with_its_interval():
    (answer,) = answers(content({"mcd_db": "better", "per": "equivalent"}), Words("en"))
    assert answer["sentences"][1] == (
        "In numbers, NAR − AR: mel-cepstral distortion −1.2 [−2.0, −0.5] dB; phone error rate −1.2 [−2.0, −0.5] points "
        "(in brackets, 95 % intervals over trainings and sentences)."
    )


def test_an_interval_without_0_that_gives_no_word_is_explained():
    """Seen on the demo's page: −1.04 [−1.80, −0.29] dB beside "cannot tell"."""
    told = content({"mcd_db": "not known", "per": "better"})
    assert "An interval without 0 is not enough for a word" in answers(told, Words("en"))[0]["sentences"][1]
    assert "between the 2 trainings of each system alone" in answers(told, Words("en"))[0]["sentences"][1]
    told["effects"][0] |= {"low": -2.0, "high": 0.5}
    assert "not enough" not in answers(told, Words("en"))[0]["sentences"][1]
    told["effects"][0] |= {"low": None, "high": None}
    assert "not enough" not in answers(told, Words("en"))[0]["sentences"][1]


def test_one_training_each_cannot_tell_whatever_the_words():
    (answer,) = answers(content({"mcd_db": "not known"}, "these trainings"), Words("en"))
    assert answer["sentences"][0].startswith("Cannot tell whether NAR is better than AR: one training each")
    assert answer["sentences"][1].startswith("Of these trainings alone, NAR − AR: ")


@pytest.mark.parametrize(("words", "whole", "says"), CASES)
def test_every_answer_is_spanish_on_the_spanish_page(words, whole, says):
    (answer,) = answers(content(words), Words("es"))
    text = " ".join(answer["sentences"])
    assert "{" not in text and "NAR" in text
    for english in ("better", "worse", "cannot", "this study", "difference", "numbers", "intervals", " and "):
        assert english not in text, english


def test_readers_are_told_what_the_levels_mean():
    (answer,) = answers(content({"mcd_db": "better"}), Words("en"))
    assert dict(answer["glossary"]).keys() == {"AR", "NAR"}


@pytest.mark.parametrize(
    ("title", "english"),
    [
        ("phone error rate, test sentences", "phone error rate"),
        ("phone error rate, hard sentences", "phone error rate (hard sentences)"),
        ("mel-cepstral distortion (DCT of the 80-band mel, order 13)", "mel-cepstral distortion"),
        ("F0 error", "F0 error"),
    ],
)
def test_a_measures_title_is_short_in_a_sentence(title, english):
    assert Words("en").title({"m": {"title": title}}, "m") == english


def test_a_level_of_help_stands_in_the_quotes_of_its_language():
    assert Words("en").level("durations", "given") == "“durations: given”"
    assert Words("es").level("durations", "given") == "«duraciones: dadas»"
    assert Words("es").level("minutes", "5") == "5 minutos"
