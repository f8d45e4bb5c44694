"""Real third-party distributions, installed with pip into an empty folder: one that works and one that does not."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ttskit.testing import tiny_corpus

HERE = Path(__file__).parent / "third_party"


def pip_install(project: Path, folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--no-deps", "--no-index", "--target", folder, project], check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="module")
def example(tmp_path_factory) -> Path:
    return pip_install(HERE / "ttskit_example", tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> Path:
    return pip_install(HERE / "ttskit_broken", tmp_path_factory.mktemp("broken"))


def ttskit(*arguments, plugins: Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess:
    """The CLI in its own process, with the installed folder on the path."""
    environment = {**os.environ, "PYTHONPATH": str(plugins), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    environment.pop("TTSKIT_PLUGINS", None)
    command = [sys.executable, "-m", "ttskit", *map(str, arguments)]
    result = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8")
    if check:
        assert result.returncode == 0, result.stdout + result.stderr
    return result


def test_its_plugins_and_command_are_there(example, tmp_path):
    found = json.loads(ttskit("plugins", "list", "--json", plugins=example, cwd=tmp_path).stdout)
    origin = ("ttskit-example", "0.4.2")
    theirs = {(p["kind"], p["name"]) for p in found["plugins"] if (p["distribution"], p["version"]) == origin}
    assert theirs == {
        ("acoustic model", "stretch"),
        ("acoustic model", "murmur"),
        ("vocoder", "buzz"),
        ("command", "wordcount"),
        ("measurement", "opinion"),
        ("measurement", "tempo"),
    }
    assert "wordcount" in ttskit("--help", plugins=example, cwd=tmp_path).stdout
    assert ttskit("wordcount", "hola, che", plugins=example, cwd=tmp_path).stdout == "2 words: hola che\n"


@pytest.mark.parametrize("name", ["stretch", "murmur", "buzz", "wordcount"])
def test_it_passes_the_conformance_kit(example, tmp_path, name):
    results = json.loads(ttskit("plugins", "check", name, "--json", plugins=example, cwd=tmp_path, check=False).stdout)
    assert [r for r in results if not r["passed"]] == []
    assert len(results) >= 2


def test_a_plugin_broken_on_import_is_named_and_the_rest_works(broken, tmp_path):
    listed = ttskit("plugins", "list", plugins=broken, cwd=tmp_path)
    assert "fastpitch" in listed.stdout
    assert "left out: ttskit-broken 3.1" in listed.stderr
    assert "No module named 'a_library_that_is_not_installed'" in listed.stderr
    assert "1 plugin(s) with problems" in ttskit("--help", plugins=broken, cwd=tmp_path).stdout
    shown = ttskit("plugins", "show", "broken", plugins=broken, cwd=tmp_path, check=False)
    assert shown.returncode == 2
    assert "a_library_that_is_not_installed" in shown.stderr
    assert "Traceback" not in shown.stderr
    report = json.loads(ttskit("doctor", "--json", plugins=broken, cwd=tmp_path).stdout)
    assert [p["distribution"] for p in report["plugin_problems"]] == ["ttskit-broken"]


def test_it_trains_speaks_and_is_compared_through_the_cli(example, tmp_path):
    tiny_corpus(tmp_path / "recordings", utterances=6)

    def run(*arguments):
        return ttskit(*arguments, plugins=example, cwd=tmp_path).stdout

    run("prepare", "recordings", "--recipe", "tiny", "--out", "prepared", "--jobs", 1)
    # swapping model and vocoder is one option each
    run(
        "train",
        "--recipe",
        "tiny",
        "--model",
        "stretch",
        "--data",
        "prepared",
        "--run",
        "runs/stretch",
        "--steps",
        2,
        "--set",
        "models.stretch.options.frames_per_token=5",
        "--set",
        "vocoder=buzz",
    )
    saved = json.loads((tmp_path / "runs/stretch/run.json").read_text(encoding="utf-8"))
    assert (saved["model"], saved["plugin"]["distribution"]) == ("stretch", "ttskit-example")
    run("synthesize", "hola mundo", "--voice", "runs/stretch", "--pace", 0.5, "-o", "hola.wav")
    audio, rate_hz = soundfile.read(tmp_path / "hola.wav")
    spectrum = np.abs(np.fft.rfft(audio))
    assert np.argmax(spectrum) * rate_hz / len(audio) == pytest.approx(150, abs=rate_hz / len(audio))  # buzz's tone

    # a vocoder is fitted to any model that declares teacher_forced
    fitted = run(
        "train",
        "--recipe",
        "tiny",
        "--model",
        "hifigan",
        "--data",
        "prepared",
        "--run",
        "runs/hifigan",
        "--steps",
        1,
        "--from-acoustic",
        "runs/stretch",
        "--json",
    )
    assert {row["mels"] for row in json.loads(fitted)["fit"]["figures"]} == {"teacher-forced", "natural"}
    run("synthesize", "hola mundo", "--voice", "runs/stretch", "--vocoder", "runs/hifigan", "-o", "fitted.wav")

    run("train", "--recipe", "tiny", "--model", "fastpitch", "--data", "prepared", "--run", "runs/fastpitch", "--steps", 1)
    run("compare", "runs/stretch", "runs/fastpitch", "--recipe", "tiny", "--vocoder", "buzz", "-o", "page")
    results = json.loads((tmp_path / "page/results.json").read_text(encoding="utf-8"))
    assert [system["model"] for system in results["systems"]] == ["stretch", "fastpitch"]
    page = (tmp_path / "page/index.html").read_text(encoding="utf-8")
    assert "stretch" in page
    their_metric_has_its_column(results, tmp_path / "page/measurements.csv")
    # their section, by their own template
    assert results["measurements"]["tempo"]["plugin"] == "ttskit-example 0.4.2"
    assert "How fast it is said" in page and "takes its time over" in page


def their_metric_has_its_column(results: dict, table: Path) -> None:
    """Natural speech, the recording through the vocoder and every system, on recorded and on hard sentences, one by one."""
    systems = {"stretch", "fastpitch"}
    rows = {row["key"]: row for row in results["measurements"]["opinion"]["rows"]}
    assert set(rows) == {"opinion", "opinion_hard"}
    assert set(rows["opinion"]["values"]) == {"natural", "natural, through the vocoder"} | systems
    assert set(rows["opinion_hard"]["values"]) == systems
    assert {"opinion", "opinion_hard"} <= {row["key"] for row in results["summary"]}
    with table.open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["measurement"] == "opinion"]
    assert all(1 <= float(line["value"]) <= 5 for line in lines)
    assert {line["system"] for line in lines if line["group"] == "test"} == set(rows["opinion"]["values"])
    assert {line["system"] for line in lines if line["group"] == "hard"} == systems
    natural = [float(line["value"]) for line in lines if line["system"] == "natural"]
    assert rows["opinion"]["values"]["natural"]["value"] == pytest.approx(np.mean(natural))
