"""Markup in the text: what it says, what is left of the text, and where each mistake stands."""

from __future__ import annotations

import pytest

from ttskit.errors import InputError
from ttskit.plugins import create_registry
from ttskit.synthesis.markup import parse_markup


def covered(written: str) -> list[tuple[str, dict]]:
    marked = parse_markup(written)
    return [(marked.text[s.start : s.end], dict(s.values)) for s in marked.spans]


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("{pace=0.8|a}", {"pace": 0.8}),
        ("{pace=80%|a}", {"pace": 0.8}),
        ("{energy=1.3|a}", {"energy": 1.3}),
        ("{pitch=+3|a}", {"pitch": 3.0}),
        ("{pitch=-2.5st|a}", {"pitch": -2.5}),
        ("{range=.5|a}", {"range": 0.5}),
        ("{flat|a}", {"range": 0.0}),
        ("{invert|a}", {"range": -1.0}),
        ("{hz=180|a}", {"hz": (180.0, 180.0)}),
        ("{hz=120>180Hz|a}", {"hz": (120.0, 180.0)}),
        ("{st=-2>4|a}", {"st": (-2.0, 4.0)}),
        ("{speaker=ana:0.7,beto:0.3|a}", {"speaker": "ana:0.7,beto:0.3"}),
        ("{ pace=2   pitch=-1 |a}", {"pace": 2.0, "pitch": -1.0}),
    ],
)
def test_every_control_has_its_value(written, values):
    assert covered(written) == [("a", pytest.approx(values) if "pace" in values else values)]


def test_braces_stand_in_braces_the_outer_first():
    assert covered("Hoy {pace=0.9|no {pitch=4|puedo} ir}, mañana {flat|sí}.") == [
        ("no puedo ir", {"pace": 0.9}),
        ("puedo", {"pitch": 4.0}),
        ("sí", {"range": 0.0}),
    ]


def test_positions_lead_back_to_the_marked_text():
    written = r"Che, {pace=0.8|¿qué} \{tal\}? {pause=0.25}Bien | mal \n."
    marked = parse_markup(written)
    assert marked.text == r"Che, ¿qué {tal}? Bien | mal \n."
    assert parse_markup(r"sí \| no").text == "sí | no"  # without a brace in the text as well
    assert [written[marked.position(i)] for i in range(len(marked.text))] == list(marked.text)
    assert marked.pauses == ((marked.text.index("Bien"), 0.25, written.index("{pause")),)
    assert parse_markup("{pause=400ms}a").pauses[0][1] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("written", "position", "words", "fix"),
    [
        ("ab {hola} c", 4, "no control 'hola'", "controls: pace"),
        ("ab {pich=2|c}", 4, "no control 'pich'", "did you mean 'pitch'?"),
        ("ab {pace=2|c", 3, "never closed", "}"),
        ("ab }", 3, "closes nothing", r"\}"),
        ("ab {|c}", 3, "no control", "{pace"),
        ("{pace=2}", 0, "no text", "{pace=0.8|"),
        ("{pace=2", 0, "do not end", "{pace=0.8|"),
        ("{pace=0|a}", 1, "'0' is not a value of 'pace'", "above 0"),
        ("{pace=-1|a}", 1, "'-1'", "above 0"),
        ("{pace=nan|a}", 1, "'nan'", "above 0"),
        ("{energy=0|a}", 1, "'0' is not a value", "above 0"),
        ("{pitch=high|a}", 1, "'high'", "semitones"),
        ("{hz=0|a}", 1, "'0'", "Hz above 0"),
        ("{hz=1>2>3|a}", 1, "'1>2>3'", "glide"),
        ("{flat=1|a}", 1, "takes no value", "write flat"),
        ("{pace|a}", 1, "takes a value", "pace="),
        ("{pace=1 pace=2|a}", 8, "given twice", "one"),
        ("{hz=100 st=2|a}", 8, "cannot be given together", "one"),
        ("{flat range=2|a}", 6, "given twice", "one"),
        ("a {pause=1|b}", 2, "holds no text", "{pause=0.4}"),
        ("a {pause=1 pace=2} b", 2, "stands alone", "{pause"),
        ("a {pause=-1} b", 3, "'-1'", "seconds"),
        ("{speaker=|a}", 1, "not a value", "name"),
    ],
)
def test_mistakes_are_told_with_their_position(written, position, words, fix):
    with pytest.raises(InputError, match=f"at character {position} ") as caught:
        parse_markup(written)
    assert words in caught.value.what and fix in caught.value.fix
    assert caught.value.why == f"…{written[position : position + 30]}"


@pytest.mark.parametrize(("frontend", "options"), [("spanish", {"annotations": True}), ("characters", {}), ("nemo-ipa", {})])
def test_the_frontend_reads_the_text_as_if_there_were_no_markup(frontend, options):
    """Numbers, abbreviations, `[[phonemes]]`, tags and pauses of the Spanish frontend stay what they are."""
    pairs = [
        ("Son {pace=0.5|1.500 kg} y {pitch=2|el Sr. Pérez}.", "Son 1.500 kg y el Sr. Pérez."),
        ("El {flat|grupo [[ˈwa i m]]} toca / hoy.", "El grupo [[ˈwa i m]] toca / hoy."),
        ("bueno <filler>{pace=0.7|eeh}</filler> sí", "bueno <filler>eeh</filler> sí"),
        ("des{pitch=3|arm}ar", "desarmar"),
    ]
    reader = create_registry().get("frontend", frontend).load()(**options)
    for written, plain in pairs:
        assert reader.analyze(parse_markup(written).text) == reader.analyze(plain)
