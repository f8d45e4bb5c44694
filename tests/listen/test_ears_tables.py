"""Tables of measured values: ours, those of strangers, and what is none."""

from __future__ import annotations

import json
import math

import pytest

from ttskit.compare.results import COLUMNS
from ttskit.errors import InputError
from ttskit_listen.ears.tables import read_measured


def written(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding=encoding, newline="")
    return path


def ours(*rows):
    line = lambda row: ",".join(str(row.get(name, "")) for name in COLUMNS)  # noqa: E731
    return "\n".join([",".join(COLUMNS), *map(line, rows)]) + "\n"


def mcd(value, seed=0, run=1, weight=1, sentence="u1", system="a"):
    about = {"system": system, "training_seed": run, "seed": seed, "sentence": sentence, "group": "test", "speaker": "ana"}
    return about | {"measurement": "quality", "measure": "mcd_db", "value": value, "unit": "dB", "weight": weight}


def test_a_comparison_brings_titles_sides_and_means_of_its_seeds(tmp_path):
    written(
        tmp_path / "measurements.csv",
        ours(mcd(4.0, 0, weight=1), mcd(5.0, 1, weight=3), mcd(7.0, run=2), mcd("nan", sentence="u2")),
    )
    rows = [{"key": "mcd_db", "title": "mel-cepstral distortion", "unit": "dB", "better": "lower"}]
    written(tmp_path / "results.json", json.dumps({"measurements": {"quality": {"rows": rows}}}))
    found = read_measured([tmp_path])
    assert found.value("mcd_db", "a", "1", "u1") == pytest.approx(4.75)
    assert math.isnan(found.value("mcd_db", "a", "1", "u2")) and math.isnan(found.value("mcd_db", "b", "1", "u1"))
    assert found.value("mcd_db", "a", "", "u1") == pytest.approx((4.75 + 7.0) / 2)  # a test that tells no runs apart
    facts = found.facts["mcd_db"]
    assert (facts.title, facts.unit, facts.better) == ("mel-cepstral distortion", "dB", "lower")
    assert found.tables == [tmp_path.name]
    assert read_measured([tmp_path / "measurements.csv"]).values == found.values


@pytest.mark.parametrize("cells", [("fp",), ("fp-5min", "fp-20min")])
def test_a_study_is_read_cell_by_cell_and_its_systems_called_as_listening_tests_call_them(tmp_path, cells):
    for number, name in enumerate(cells):
        place = tmp_path / "cells" / name / "3"
        written(place / "cell.json", json.dumps({"system": "fp", "training_seed": 3}))
        written(place / "spoken" / "observations.csv", ours(mcd(4.0 + number, run=3, system="fp")))
        written(place / "spoken" / "sentences.json", json.dumps({"measures": {"mcd_db": {"key": "mcd_db", "better": "lower"}}}))
    found = read_measured([tmp_path])
    names = ["fp"] if len(cells) == 1 else list(cells)
    assert [found.value("mcd_db", name, "3", "u1") for name in names] == [4.0 + i for i in range(len(cells))]
    assert found.facts["mcd_db"].better == "lower"
    # The report of the study has all cells in one table, told apart by other columns: the cells are what counts.
    written(tmp_path / "report" / "measurements.csv", "system,minutes," + ours(mcd(1.0)).removeprefix("system,"))
    assert read_measured([tmp_path / "report" / "measurements.csv"]).values == found.values


def test_a_strangers_table_has_few_columns(tmp_path):
    text = "measure,value,sentence,system,better,unit\nutmos,3.5,s1,x,higher,MOS\nutmos,,s2,x,higher,MOS\n"
    found = read_measured([written(tmp_path / "t.csv", text, "utf-8-sig")])
    assert found.value("utmos", "x", "any", "s1") == 3.5 and math.isnan(found.value("utmos", "x", "any", "s2"))
    assert (found.facts["utmos"].better, found.facts["utmos"].unit) == ("higher", "MOS")


def test_a_spreadsheet_with_semicolons_and_decimal_commas(tmp_path):
    found = read_measured([written(tmp_path / "t.csv", "system;sentence;measure;value\nx;s1;m;3,25\n")])
    assert found.value("m", "x", "", "s1") == 3.25 and found.facts["m"].better == ""


def test_the_later_table_counts(tmp_path):
    head = "system,sentence,measure,value\n"
    one, two = (written(tmp_path / f"{v}.csv", f"{head}x,s1,m,{v}\n") for v in (1, 2))
    assert read_measured([one, two]).value("m", "x", "", "s1") == 2.0


HEAD = "system,sentence,measure,value\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00\x00",
        "system,sentence,value\nx,s,1\n",
        HEAD + "x,s1,m,much\n",
        HEAD + "x,s1,m,inf\n",
        HEAD + "x,s1,m,1e999\n",
        HEAD + "x,s1,m\n",
        HEAD + "x,s1,m,1,2\n",
        HEAD + ",s1,m,1\n",
        HEAD + "x,s1,,1\n",
        HEAD + f"{'x' * 300},s1,m,1\n",
        HEAD + 'x,"s1,m,1\n',
        HEAD + "".join(f"x,s1,m{i},1\n" for i in range(500)),
        HEAD.replace("value", "value,weight") + "x,s1,m,1,-3\n",
        HEAD.replace("value", "value,weight") + "x,s1,m,1,nan\n",
        HEAD + "x,s1,m," + "9" * 200_000 + "\n",
    ],
)
def test_what_is_no_table_is_one_error_that_names_it(tmp_path, text):
    path = written(tmp_path / "table.csv", text)
    with pytest.raises(InputError) as caught:
        read_measured([path])
    assert "table.csv" in caught.value.what and len(str(caught.value.why)) < 400


def test_bytes_that_are_no_text_and_folders_that_hold_nothing(tmp_path):
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00system")
    for path in (tmp_path / "b.csv", tmp_path, tmp_path / "nowhere.csv"):
        with pytest.raises(InputError):
            read_measured([path])
    written(tmp_path / "cells" / "a" / "1" / "spoken" / "observations.csv", ours(mcd(1.0)))
    written(tmp_path / "cells" / "a" / "1" / "cell.json", '{"system": 3}')
    with pytest.raises(InputError):
        read_measured([tmp_path])


def test_damage_beside_a_table_costs_its_titles_only(tmp_path):
    written(tmp_path / "measurements.csv", ours(mcd(4.0)))
    for damage in (
        "{",
        "[]",
        '{"measurements": 3}',
        '{"measurements": {"a": {"rows": [3, {"key": 4}]}}}',
        '{"measures": ["x"]}',
    ):
        written(tmp_path / "results.json", damage)
        assert read_measured([tmp_path]).facts["mcd_db"].title == "mcd_db"
