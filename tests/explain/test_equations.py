"""Every formula of the page was rendered beforehand, and nothing else."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ttskit_explain.texts import equations, formula, formulas

RENDERED = json.loads(files("ttskit_explain").joinpath("texts", "equations.json").read_text(encoding="utf-8"))
HERE = Path(__file__).resolve().parent / "equations"
# Elements of MathML Core, which Chromium and Firefox draw.
CORE = (
    "math merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub "
    "msubsup msup mtable mtd mtext mtr munder munderover"
).split()


def test_every_formula_of_the_texts_is_rendered_and_no_other():
    assert sorted(RENDERED) == sorted(formulas()), "run: make equations"


def test_the_file_is_sorted_so_that_a_change_is_a_line():
    assert list(RENDERED) == sorted(RENDERED)


@pytest.mark.parametrize("key", sorted(RENDERED))
def test_a_formula_is_whole_mathml_without_an_error(key):
    root = ElementTree.fromstring(RENDERED[key].replace("&nbsp;", " "))
    names = {one.tag for one in root.iter()}
    assert root.tag == "math" and names <= set(CORE)
    assert "merror" not in names and "error" not in RENDERED[key]
    assert "color" not in RENDERED[key]  # Temml paints in red what it does not know; the page's own colours are variables
    assert "".join(root.itertext()).strip()
    assert ("tml-display" in root.attrib.get("class", "")) == key.startswith("block ")


def test_a_formula_is_found_over_the_line_ends_of_the_texts():
    key = next(iter(equations().values()))
    assert formula(key, block=True).startswith("<math")
    assert formula(key.replace(" ", "\n  "), block=True) == formula(key, block=True)


def test_a_formula_that_was_not_rendered_shows_its_latex():
    assert formula(r"a < \never{b}") == r"<code>a &lt; \never{b}</code>"


def test_what_renders_is_pinned_by_its_hash_and_names_no_host():
    text = (HERE / "package-lock.json").read_text(encoding="utf-8")
    (package,) = (one for name, one in json.loads(text)["packages"].items() if name)
    asked = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert package["version"] == asked["temml"] and package["integrity"].startswith("sha512-")
    assert "://" not in text
