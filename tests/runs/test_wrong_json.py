"""Files of a run and of a prepared corpus that are not what was written: file, field, what is there and what should be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fuzz_folders import make_corpus, make_run

from ttskit.compare.results import FORMAT, ComparisonResults
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.corpus.storage import write_npz
from ttskit.errors import CheckpointError, CorpusError, TTSKitError
from ttskit.plugins import create_registry
from ttskit.reading import Misread, parse_json, read_json
from ttskit.runs.folder import RunFolder
from ttskit.runs.metrics import read_metrics

NEST = "[" * 20_000


def changed(path: Path, where: str, value: object) -> None:
    """Put a value at a dotted place of a JSON file; `...` takes the place away."""
    data = json.loads(path.read_text(encoding="utf-8"))
    *above, last = where.split(".")
    place = data
    for key in above:
        place = place[int(key) if isinstance(place, list) else key]
    if value is ...:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    path.write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("format", True, "format must be a valid integer, got true"),
        ("format", "1", 'format must be a valid integer, got "1"'),
        ("kind", ["acoustic model"], 'kind ["acoustic model"]'),
        ("model", 3, "model must be a valid string, got 3"),
        ("options", [], "options must be"),
        ("options", ..., "missing: options"),
        ("context", None, "context must be"),
        ("context.mel.bands", True, "bands must be a valid integer, got true"),
        ("context.mel.bands", 10**7, "bands is 1e+07, must be 1 … 4096"),
        ("context.mel.log_guard", float("inf"), "log_guard is inf"),
        ("context.symbols.pad", 0, "symbols.pad must be a valid string, got 0"),
        ("context.symbols.symbols", "abc", "symbols.symbols must be"),
        ("context.symbols.symbols", ["a", "a"], "repeats a symbol"),
        ("context.speakers", [1], "context.speakers.0 must be a valid string, got 1"),
        ("context.speakers", [], "speaker table is empty"),
        ("context.pitch", ..., "context.pitch is missing"),
        ("context.pitch.ana", [200, "30"], 'context.pitch.ana.1 must be a valid number, got "30"'),
        ("context.pitch.ana", [float("nan"), 1], "context.pitch.ana.0 must be a finite number"),
        ("context.speaker_vectors", 1, "context.speaker_vectors must be a valid boolean, got 1"),
        ("frontend.name", None, "frontend.name must be a valid string, got null"),
        ("frontend.files", {"a": 1}, "frontend.files must be"),
        ("steps.total", "20", 'steps.total must be a valid integer, got "20"'),
        ("steps.total", 1e300, "steps.total must be a valid integer, got 1e+300"),
        ("corpus.folder", 7, "corpus.folder must be a valid string, got 7"),
        ("plugin", {"distribution": "x"}, "plugin.version is missing"),
        ("seed", 1.5, "seed must be a valid integer, got 1.5"),
        ("versions", "0.1", "versions must be"),
    ],
)
def test_run_json_names_the_field(where, value, said, tmp_path):
    run = make_run(tmp_path / "run")
    changed(run.path / "run.json", where, value)
    with pytest.raises(CheckpointError) as caught:
        _ = RunFolder.open(run.path).frontend
    assert said in caught.value.why and "run.json" in caught.value.what


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b'{"format": 1', "not whole JSON"),
        (NEST.encode(), "inside one another too deeply"),
        (b'{"a": "\xff"}', "not UTF-8 text: byte 7 is 0xff"),
        ('{"format": 1}'.encode("utf-16"), "not UTF-8 text: byte 0 is 0xff"),
        (b'{"format": ' + b"1" * 5_000 + b"}", "not whole JSON"),
        (b"[1, 2]", "it must be"),
        (b"null", "it must be"),
        (b'{"format": 1} x', "Extra data"),
        (b" " * (17 << 20), "more than 16 MiB"),
    ],
)
def test_bytes_that_are_no_run(content, said, tmp_path):
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        RunFolder.open(tmp_path)
    assert said in caught.value.why


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("sha256", "abc", "sha256 must be"),
        ("sha256", ..., "sha256 is missing"),
        ("format", None, "format must be a valid integer, got null"),
        ("step", -1, "step must be greater than or equal to 0, got -1"),
        ("validation_loss", "low", 'validation_loss must be a valid number, got "low"'),
        ("versions", [], "versions must be"),
    ],
)
def test_checkpoint_json_names_the_field_and_the_one_before_is_offered(where, value, said, tmp_path):
    run = make_run(tmp_path / "run")
    changed(run.path / "checkpoints" / "step_00000020" / "checkpoint.json", where, value)
    with pytest.raises(CheckpointError) as caught:
        RunFolder.open(run.path).load(checkpoint="last")
    assert said in caught.value.why and "step_00000010, is good" in caught.value.why
    assert RunFolder.open(run.path).load(checkpoint="best").step == 10


def test_a_loss_that_is_nan_ranks_nowhere(tmp_path):
    run = make_run(tmp_path / "run")
    changed(run.path / "checkpoints" / "step_00000020" / "checkpoint.json", "validation_loss", float("nan"))
    assert RunFolder.open(run.path).load(checkpoint="best").step == 10


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"step": "3", "split": "train"}', 'line 2: step must be a valid integer, got "3"'),
        ('{"step": true, "split": "train"}', "line 2: step must be a valid integer, got true"),
        ('{"split": "train"}', "line 2: step is missing"),
        ('{"step": 3, "split": ["train"]}', "line 2: split must be"),
        ('{"step": 3, "loss": "low"}', "line 2: loss"),
        ("[1]", "line 2: it must be"),
        (NEST, "line 2: lists or mappings inside one another too deeply"),
        ('{"step": 3, "lo', "line 2: not whole JSON"),
    ],
)
def test_a_wrong_row_of_the_log_is_named_and_resuming_leaves_it_out(line, said, tmp_path):
    run = make_run(tmp_path / "run")
    log = run.path / "metrics.jsonl"
    first, *others = log.read_text(encoding="utf-8").splitlines()
    log.write_text("\n".join([first, line, *others]) + "\n", encoding="utf-8")
    with pytest.raises(CheckpointError) as caught:
        run.metrics()
    assert said in caught.value.why and "metrics.jsonl" in caught.value.what
    run.cut_metrics(15)
    assert [row["step"] for row in run.metrics()] == [10, 10]


def test_only_a_last_line_may_be_torn(tmp_path):
    log = tmp_path / "metrics.jsonl"
    log.write_bytes(b'{"step": 1, "split": "train", "loss": NaN, "frames": 7}\n{"step": 2, "spl')
    rows = list(read_metrics(log))
    assert (
        len(rows) == 1 and rows[0]["frames"] == 7 and isinstance(rows[0]["frames"], int) and rows[0]["loss"] != rows[0]["loss"]
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"channels": 10_000_000}, "describe a larger model than it holds"),
        ({"channels": 2**70}, "describe nothing that can be built"),
        ({"encoder": {"layers": 1_000}}, "describe a larger model than it holds"),
        ({"encoder": {"filter_channels": 10**9}}, "describe a larger model than it holds"),
        ({"decoder": {"kernel": 99_999_999}}, "describe a larger model than it holds"),
    ],
)
def test_a_run_is_built_only_if_it_is_the_size_of_its_weights(options, said, tmp_path):
    run = make_run(tmp_path / "run")
    for name, value in options.items():
        for key, inner in value.items() if isinstance(value, dict) else (("", value),):
            changed(run.path / "run.json", f"options.{name}{'.' if key else ''}{key}", inner)
    with pytest.raises(TTSKitError) as caught:
        RunFolder.open(run.path).load(registry=create_registry())
    assert said in caught.value.what or "nothing that can be built" in caught.value.what


@pytest.mark.parametrize(
    ("file", "where", "value", "said"),
    [
        ("corpus.json", "statistics", [], "corpus.json: statistics must be"),
        (
            "corpus.json",
            "statistics.ana.pitch_mean_hz",
            "120",
            "corpus.json: statistics.ana.pitch_mean_hz must be a valid number",
        ),
        ("corpus.json", "statistics.ana.pitch_range_hz", None, "statistics.ana.pitch_range_hz"),
        ("corpus.json", "settings", None, "corpus.json: settings must be"),
        ("corpus.json", "settings.corpus.pitch_extractor", 3, "settings.corpus.pitch_extractor must be a valid string, got 3"),
        *[
            ("corpus.json", f"mel.{name}", sign * 10**400, f"{name} is {figure} than")
            for name in ("fft_samples", "window_samples", "hop_samples", "bands", "sample_rate_hz")
            for sign, figure in ((1, "more"), (-1, "less"))
        ],
        ("corpus.json", "mel.f_max_hz", 10**400, "got 0 and inf"),
        ("corpus.json", "mel.f_min_hz", -(10**400), "got -inf and 4000"),
        ("corpus.json", "mel.first_frame_centre_samples", 10**400, "must be within 0 … fft/2"),
        ("corpus.json", "mel.bands", False, "bands must be a valid integer, got false"),
        ("corpus.json", "speakers", ["ana", 1], "speakers.1 must be a valid string, got 1"),
        ("corpus.json", "frontend.name", ..., "frontend.name is missing"),
        ("manifest.jsonl", "samples", True, "manifest.jsonl: line 1: samples must be a valid integer, got true"),
        ("manifest.jsonl", "frames", "6", 'line 1: frames must be a valid integer, got "6"'),
        ("manifest.jsonl", "frames", 2**70, "line 1: frames must be less than"),
        ("manifest.jsonl", "frames", -1, "line 1: frames must be greater than or equal to 0, got -1"),
        ("manifest.jsonl", "tokens", "asa", "line 1: tokens must be"),
        ("manifest.jsonl", "tokens", ["a", None, "a"], "line 1: tokens.1 must be a valid string, got null"),
        ("manifest.jsonl", "gain_db", float("nan"), "line 1: gain_db must be a finite number"),
        ("manifest.jsonl", "id", "../../u0", "line 1: id"),
        ("manifest.jsonl", "id", "", 'line 1: id "" names no file'),
        ("manifest.jsonl", "split", ..., "line 1: split is missing"),
    ],
)
def test_a_prepared_corpus_names_file_line_and_field(file, where, value, said, tmp_path):
    root = make_corpus(tmp_path / "prepared").folder
    path = root / file
    if path.suffix == ".jsonl":
        first, _, rest = path.read_text(encoding="utf-8").partition("\n")
        path.write_text(first, encoding="utf-8")
        changed(path, where, value)
        path.write_text(path.read_text(encoding="utf-8") + "\n" + rest, encoding="utf-8")
    else:
        changed(path, where, value)
    with pytest.raises(CorpusError) as caught:
        PreparedCorpus.open(root)
    assert said in caught.value.why and str(root) in caught.value.what


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("durations", [2, 2, True], "durations.2 must be a valid integer, got true"),
        ("durations", [2, 2, 2.0], "durations.2 must be a valid integer, got 2.0"),
        ("durations", [8, -4, 2], "durations.1 must be greater than or equal to 0, got -4"),
        ("durations", ..., "durations is missing"),
        ("tokens", [1, 2, 3], "tokens.0 must be a valid string, got 1"),
        ("durations", [2**63, 1, 1], "durations.0 must be less than"),
    ],
)
def test_an_alignment_names_the_field(where, value, said, tmp_path):
    corpus = make_corpus(tmp_path / "prepared")
    changed(corpus.folder / "alignments" / "reference" / "u0.json", where, value)
    with pytest.raises(CorpusError) as caught:
        corpus.alignment(corpus.utterances[0], "reference")
    assert said in caught.value.why and "u0.json" in caught.value.what


@pytest.mark.parametrize("times", [[0.0, 0.02, 0.01, 0.07], [0.0, 0.02], [0.0, 0.02, float("nan"), 0.07], ["0", 1, 2, 3]])
def test_times_of_a_reference_that_are_none(times, tmp_path):
    corpus = make_corpus(tmp_path / "prepared")
    changed(corpus.folder / "alignments" / "reference" / "u0.json", "times_s", times)
    with pytest.raises(CorpusError, match=r"u0\.json"):
        corpus.reference_times(corpus.utterances[0])


def test_features_that_unpack_to_more_than_their_file(tmp_path):
    import zipfile

    import numpy as np

    corpus = make_corpus(tmp_path / "prepared")
    path = corpus.features_path("u0")
    write_npz(path, mel=np.zeros((8, 200_000), np.float32), pitch_hz=np.zeros(6, np.float32))
    with zipfile.ZipFile(path) as plain:
        members = {name: plain.read(name) for name in plain.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name, data in members.items():
            bomb.writestr(name, data)
    with pytest.raises(CorpusError, match="missing or damaged") as caught:
        corpus.features(corpus.utterances[0])
    assert "would unpack to" in caught.value.why


def test_a_folder_instead_of_a_file_is_said(tmp_path):
    (tmp_path / "results.json").mkdir()
    with pytest.raises(CheckpointError, match="is not a comparison") as caught:
        ComparisonResults.open(tmp_path)
    assert "a folder or device" in caught.value.why
    with pytest.raises(Misread, match="a folder or device"):
        read_json(tmp_path)


def test_a_comparison_names_the_field(tmp_path):
    row = {"key": "mcd", "title": "MCD", "unit": "dB", "digits": 2, "values": {"a": {"value": None, "low": None, "high": None}}}
    whole = {"format": FORMAT, "systems": [{"label": "a", "runs": ["a"]}], "runs": [], "summary": [row], "measurements": {}}
    (tmp_path / "results.json").write_text(json.dumps(whole), encoding="utf-8")
    assert ComparisonResults.open(tmp_path).table()[1] == [["MCD", "dB", "–"]]
    for where, value, said in (
        ("summary.0.digits", "2", 'summary.0.digits must be a valid integer, got "2"'),
        ("summary.0.values.a.low", "x", "summary.0.values.a"),
        ("systems.0", 3, "systems.0 must be"),
        ("measurements", [], "measurements must be"),
        ("summary.0.values", ..., "summary.0.values is missing"),
    ):
        (tmp_path / "results.json").write_text(json.dumps(whole), encoding="utf-8")
        changed(tmp_path / "results.json", where, value)
        with pytest.raises(CheckpointError) as caught:
            ComparisonResults.open(tmp_path)
        assert said in caught.value.why


def test_a_byte_order_mark_is_no_fault():
    assert parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
