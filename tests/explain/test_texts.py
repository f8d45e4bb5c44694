"""The page's words: complete in both languages, used, of a readable length; what a teacher breaks is told with its line."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from text_keys import asked_for

from ttskit.errors import ConfigError
from ttskit_explain.marks import formulas_of
from ttskit_explain.sections.questions import ASKED
from ttskit_explain.texts import LANGUAGES, PageTexts, equations
from ttskit_explain.wording import PARTS, places_of

TEXTS = {language: PageTexts(language) for language in LANGUAGES}
SAID = {language: dict(texts.sentences()) for language, texts in TEXTS.items()}


def without_terms(keys):
    """Terms of the hand-out are words of a language themselves."""
    return {re.sub(r"/terms/.*", "/terms", key) for key in keys}


def test_both_languages_have_the_same_keys():
    first, second = (without_terms(SAID[language]) for language in LANGUAGES)
    assert sorted(first ^ second) == []


def written(text):
    """The formulas of a text, decimals as English writes them."""
    return sorted(one.replace("{,}", ".") for one in formulas_of(text))


def test_both_languages_have_the_same_places_and_formulas():
    first, second = (SAID[language] for language in LANGUAGES)
    both = sorted(set(first) & set(second))
    assert {k: (places_of(first[k]), places_of(second[k])) for k in both if places_of(first[k]) != places_of(second[k])} == {}
    assert {k for k in both if written(first[k]) != written(second[k])} == set()


def test_both_hand_outs_have_the_same_formulas_and_as_many_terms():
    sheets = [TEXTS[language].parts["handout"] for language in LANGUAGES]
    assert (
        len({json.dumps([[key for _, key in part.get("equations", [])] for part in sheet.values()]) for sheet in sheets}) == 1
    )
    assert len({tuple(len(part.get("terms", {})) for part in sheet.values()) for sheet in sheets}) == 1
    assert {key for part in sheets[0].values() for _, key in part.get("equations", [])} <= set(equations())


@pytest.mark.parametrize("part", PARTS)
def test_no_text_is_left_over(part):
    if part == "handout":
        return  # all of it is shown
    texts = TEXTS[LANGUAGES[0]].parts[part]
    asked = {f"{section}.{key}" for section, keys in ASKED.items() for key in keys} if part == "questions" else set()
    assert [key for key in texts if key not in asked and not asked_for(key)] == []


def sentences_of(text: str) -> int:
    plain = re.sub(r"\$[^$]*\$|`[^`]*`", "x", text)
    return len(re.findall(r"[.!?…][”\"»)*’]*(?=\s|$)", " ".join(plain.split())))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_is_read_in_a_minute(language):
    """A picture needs two sentences at least, and nobody reads more than ten beside it."""
    strange = {}
    for key, card in TEXTS[language].parts["cards"].items():
        count = sentences_of(card["text"])
        # a card of questions has its questions, and one that says what is not there is short
        short = key.startswith("questions.") or re.search(r"\.(none|no_|nothing)|_none$", key)
        if count > 10 or (count < 2 and not short):
            strange[key] = count
    assert strange == {}


class Skeleton(HTMLParser):
    """What a page has, by its ids; and which of its texts are there in which language."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cards: list[str] = []
        self.figures: list[str] = []
        self.sections: list[str] = []
        self.captions: set[str] = set()
        self.links: list[str] = []
        self.ids: list[str] = []
        self._figure = ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "article":
            self.cards.append(found["id"])
        elif tag == "figure":
            self._figure = found["data-figure"]
            self.figures.append(self._figure)
        elif tag == "section":
            self.sections.append(found["id"])
        elif tag == "figcaption":
            self.captions.add(self._figure)
        elif tag == "a" and found.get("href", "").startswith("#"):
            self.links.append(found["href"][1:])


@pytest.fixture(scope="module")
def skeleton(made):
    return Skeleton(made.report.page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_on_the_page_has_words(skeleton, language):
    parts = TEXTS[language].parts
    assert [key for key in skeleton.sections if key not in parts["sections"]] == []
    assert [key for key in skeleton.cards if key not in parts["cards"]] == []
    assert [key for key in skeleton.figures if key not in parts["captions"]] == []
    assert set(skeleton.figures) == skeleton.captions


def test_links_lead_to_something_and_nothing_stands_twice(skeleton):
    assert set(skeleton.links) <= set(skeleton.ids)
    assert [one for one in skeleton.ids if skeleton.ids.count(one) > 1] == []


def test_every_section_that_the_page_has_is_asked_about(skeleton):
    asked = [key.split(".") for key in skeleton.ids if key.startswith("question.")]
    assert {section for _, section, _ in asked} == set(ASKED) & set(skeleton.sections)


def test_what_answers_a_question_is_a_card_that_has_words():
    named = {see for keys in ASKED.values() for answers in keys.values() for see in answers}
    assert named <= set(TEXTS["en"].parts["cards"])


BROKEN = {
    "a colon without quotes": ("cards:\n  a.b:\n    title: One: two\n", ":3", "not valid YAML"),
    "a tab": ("cards:\n\ta.b: {}\n", ":2", "not valid YAML"),
    "a key twice": ("words:\n  a: b\n  a: c\n", ":3", "written twice"),
    "an unknown part": ("words: {}\ncard:\n  a: b\n", ":2", "unknown part 'card'"),
    "a part that is a list": ("words:\n  - a\n", ":1", "mapping"),
    "an unknown field": ("cards:\n  a.b:\n    title: T\n    text: T\n    tri: Touch it\n", ":2", "unknown field 'tri'"),
    "a missing field": ("cards:\n  a.b:\n    title: T\n", ":2", "has no text"),
    "a list for a text": ("captions:\n  a.b: [one, two]\n", ":2", "not a text"),
    "a brace that is left open": ("captions:\n  a.b: From {tokens to the end\n", ":2", "a brace without its pair"),
    "a steps that is no list": ("handout:\n  a:\n    title: T\n    steps: one\n", ":2", "not a text"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_a_teacher_breaks_is_told_with_its_line(name, tmp_path):
    content, line, what = BROKEN[name]
    (tmp_path / "es.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        PageTexts("es", tmp_path)
    assert f"es.yaml{line}:" in caught.value.what
    assert what in f"{caught.value.what} {caught.value.why}"


def test_text_that_is_not_utf8_is_told(tmp_path):
    (tmp_path / "es.yaml").write_bytes("words:\n  a: ñandú\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"es\.yaml: not UTF-8 text"):
        PageTexts("es", tmp_path)


def test_a_key_that_stands_twice_is_told_with_both_lines(tmp_path):
    (tmp_path / "es.yaml").write_text("words:\n  a: b\n  x: y\n  a: c\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        PageTexts("es", tmp_path)
    assert "es.yaml:4" in caught.value.what and "line 2" in str(caught.value)


def test_a_place_that_nothing_fills_is_told_with_its_line(tmp_path):
    (tmp_path / "es.yaml").write_text(
        "captions:\n  ok: bien\n  a.b: |\n    Hay {tokns} símbolos\n    en la frase.\n", encoding="utf-8"
    )
    texts = PageTexts("es", tmp_path)
    with pytest.raises(ConfigError) as caught:
        texts.inline(texts.get("captions", "a.b"), {"tokens": 3})
    assert caught.value.what.startswith("es.yaml:3: captions/a.b cannot be filled") and "tokns" in caught.value.what
    assert "tokens" in caught.value.why


def test_values_are_text_and_numbers_follow_the_language(tmp_path):
    (tmp_path / "es.yaml").write_text("captions:\n  a: '**{x:,.1f}** $y_{i}$ `{z}` *{w}*'\n", encoding="utf-8")
    texts = PageTexts("es", tmp_path)
    made = texts.inline(texts.get("captions", "a"), {"x": 1234.56, "w": "<b>*no*</b>"})
    assert made.startswith("<strong>1\u202f234,6</strong>") and "<code>{z}</code>" in made
    assert made.endswith("<em>&lt;b&gt;*no*&lt;/b&gt;</em>")
