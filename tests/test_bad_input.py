"""What people get wrong at the command line: the message names it, the exit code is right, there is no traceback."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from ttskit.cli import _run
from ttskit.testing import tiny_corpus, tone


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """A folder with good recordings/ and prepared/, and corpora and recipes with one fault each."""
    folder = tmp_path_factory.mktemp("corpora")
    tiny_corpus(folder / "recordings", utterances=8)
    arguments = ["prepare", str(folder / "recordings"), "--out", str(folder / "prepared"), "--recipe", "tiny", "--jobs", "1"]
    assert _run(arguments, debug=False) == 0
    written = {
        "semicolons/metadata.csv": "a;hola; che\nb;chau\n",
        "commas/list.txt": "a.wav,hola, che\na.wav,chau\n",
        "two/list.txt": "".join(f"{i}.wav|{who}|hola che {i}\n" for i, who in enumerate(["ana", "beto"] * 3)),
        "doubtful/metadata.csv": "".join(f"{i}|{who}|hola che {i}\n" for i, who in enumerate(["m", "f"] * 3)),
        "silent/metadata.csv": "a|hola\n",
        "outside/list.txt": "../a.wav|hola\n",
        "other/corpus.json": '{"format": 99}',
        "torn/corpus.json": '{"form',
        "wrong.yaml": "extends: tiny\ntrainig:\n  steps: 3\n",
    }
    for name, content in written.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "latin.yaml").write_bytes("extends: base\nvocoder: Peña\n".encode("latin-1"))
    (folder / "empty").mkdir()
    for name in ("commas/a.wav", "a.wav"):
        soundfile.write(folder / name, tone(150, 0.5, 8000), 8000)
    soundfile.write(folder / "silent" / "a.wav", np.zeros(8000, np.float32), 8000)
    return folder


@pytest.fixture
def here(corpora, monkeypatch):
    """That folder as the current one."""
    monkeypatch.chdir(corpora)
    return corpora


PREPARE = "--recipe tiny --out out --jobs 1"
TRAIN = "train --recipe tiny --run run --steps 1"


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (f"prepare nowhere {PREPARE}", 1, "there is no corpus at nowhere"),
        (f"prepare empty {PREPARE}", 1, "empty is empty"),
        (f"prepare semicolons {PREPARE}", 1, "metadata.csv, line 1: no '|' between name and text"),
        (f"prepare commas {PREPARE}", 1, "list.txt, line 1: no '|' between name and text"),
        (f"prepare silent {PREPARE}", 1, "no usable utterance in silent"),
        (f"prepare outside/list.txt {PREPARE}", 1, "lies outside the corpus folder: refused"),
        (f"prepare recordings {PREPARE} --reader lj", 2, "unknown corpus reader 'lj'"),
        (f"prepare two/list.txt {PREPARE} --speaker bo", 2, "no speaker 'bo'"),
        (f"prepare recordings {PREPARE} --speaker bo --reader folders", 1, "these may be the list: metadata.csv"),
        (f"prepare doubtful {PREPARE}", 1, "say what they are: --columns path,speaker,text"),
        (f"prepare doubtful {PREPARE} --columns path,text", 2, "--columns names 2 columns, metadata.csv has 3"),
        (f"prepare recordings {PREPARE} --columns path,txt", 2, "did you mean 'text'?"),
        (f"prepare recordings {PREPARE} --columns path,text --reader strange", 2, "unknown corpus reader 'strange'"),
        (f"prepare recordings {PREPARE} --set corpus.trimm=1", 2, "corpus.trimm: unknown key, did you mean 'trim'?"),
        (f"prepare recordings {PREPARE} --set frontend=spansh", 2, "unknown frontend 'spansh'"),
        (f"prepare recordings {PREPARE} --set corpus.pitch_extractor=yin", 2, "unknown pitch extractor 'yin'"),
        ("prepare recordings --out out --recipe tny", 2, "did you mean 'tiny'?"),
        ("prepare recordings --out out --recipe wrong.yaml", 2, "wrong.yaml:2: trainig: unknown key, did you mean 'training'?"),
        ("prepare recordings --out out --recipe latin.yaml", 2, "latin.yaml:2: not UTF-8 text"),
        ("prepare recordings --out recordings --recipe tiny", 2, "the prepared corpus needs a folder of its own"),
        ("prepare recordings", 2, "Missing option '--out'"),
        ("check semicolons", 1, "no '|' between name and text"),
        (f"{TRAIN} --data recordings", 1, "first: ttskit prepare recordings"),
        (f"{TRAIN} --data nowhere", 1, "nowhere is not a prepared corpus"),
        (f"{TRAIN} --data other", 1, "other was prepared by another version"),
        (f"{TRAIN} --data torn", 1, "torn is damaged"),
        (f"{TRAIN} --data prepared --model fastpich", 2, "did you mean 'fastpitch'?"),
        (f"{TRAIN} --data prepared --set models.fastpitch.options.chanels=8", 2, "did you mean 'channels'?"),
        (
            f"{TRAIN} --data prepared --set model=hifigan --set models.hifigan.options.upsample_rates=[8,8,2]",
            2,
            "hifigan makes 128 samples per frame, the mel's hop is 256",
        ),
        (f"{TRAIN} --data prepared --device toaster", 2, "unknown device 'toaster'"),
        (f"{TRAIN} --data prepared --init-from nowhere", 1, "nowhere is not a run folder"),
        ("train --resume --run nowhere", 1, "nowhere is not a run folder"),
        ("train --resume", 2, "--resume needs the run"),
        ("align prepared --from nowhere", 1, "nowhere is not a run folder"),
        ("align prepared --from nowhere --name ../x", 2, "'../x' cannot name an alignment"),
        ("synthesize hola --voice nowhere", 1, "nowhere is not a run folder"),
        ("synthesize hola --voice prepared", 1, "prepared is not a run folder"),
        ("compare nowhere elsewhere -o page", 1, "nowhere is not a run folder"),
        ("compare --models fastpitch,tacotron --data prepared --steps 1 -o page", 2, "did you mean 'tacotron2'?"),
        ("text phonemize --dialect andaluz hola", 2, "dialect"),
        ("text phonemize --frontend spansh hola", 2, "did you mean 'spanish'?"),
    ],
)
def test_it_is_told_with_its_exit_code_and_without_a_traceback(line, code, message, here, capsys):
    before = {p.relative_to(here) for p in here.rglob("*")}
    assert _run(line.split(), debug=False) == code
    shown = " ".join(capsys.readouterr().err.split())
    assert message in shown
    assert "Traceback" not in shown and "internal error" not in shown
    left = {p.relative_to(here) for p in here.rglob("*")} - before
    assert not [p for p in left if p.name in ("run.json", "corpus.json", "manifest.jsonl", "index.html")]


def test_8_khz_recordings_asked_to_be_22050_are_prepared_with_a_warning(here, capsys):
    tiny_corpus(here / "phone", utterances=8, rate_hz=8000)
    assert _run(["prepare", "phone", *PREPARE.split(), "--json"], debug=False) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(p["kind"], p["skipped"]) for p in report["problems"]] == [("low rate", False)]
    assert sum(report["utterances"].values()) == 8


def test_a_text_of_emoji_and_control_characters_is_read_or_told(capsys):
    text = "Hola 🙂 \x07che\x00 \u200b👩‍👩‍👧 y \ufeffchau\U000e0041"
    assert _run(["text", "phonemize", text], debug=False) == 0
    out, err = capsys.readouterr()
    assert out.split()[:3] == ["ˈo", "l", "a"] and "tʃ" in out
    assert "'🙂' at 5" in err and "'\\x07' at 7" in err and "'\\x00' at 11" in err
