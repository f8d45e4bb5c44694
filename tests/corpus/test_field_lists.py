"""Lists from the field, where the shared data is there: every row of each is read as it was meant."""

import os
import shutil
import unicodedata
from pathlib import Path

import pytest

from ttskit.corpus.readers import detect, read_list, read_ljspeech

FIELD = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared")) / "field" / "metadata"
SPEAKERS = {
    "everyvoice_5col": {"ana", "beto"},
    "piper_two_speakers": {"ana", "beto"},
    "fastpitch_spk": {"0", "1"},
    "vits_sid": {"0", "1"},
    "common_voice": {"abc0", "abc1"},
}
NAMES = (
    *("backslash", "common_voice", "everyvoice_5col", "fastpitch_spk", "four_cols", "hashtag_emoji", "mojibake", "nel_ls"),
    *(
        "nemo_manifest",
        "nfc_meta_nfd_files",
        "numeric_lost_zeros",
        "piper_two_speakers",
        "quotes_all",
        "vits_sid",
        "vt_in_text",
    ),
)
ODD = ("hashtag_emoji", "nel_ls", "vt_in_text")  # their texts have signs of their own


@pytest.mark.skipif(not FIELD.is_dir(), reason=f"no shared data at {FIELD}")
@pytest.mark.parametrize("name", NAMES)
def test_a_list_from_the_field_is_read_as_it_was_meant(tmp_path, name):
    folder = tmp_path / name
    (folder / "wavs").mkdir(parents=True)
    for path in (FIELD / name).iterdir():
        shutil.copyfile(path, folder / path.name)
    for i in range(1, 15):
        names = {"nfc_meta_nfd_files": unicodedata.normalize("NFD", f"Año_{i - 1}_camión"), "numeric_lost_zeros": f"{i:04}"}
        (folder / "wavs" / f"{names.get(name, f'demo_{i:04}')}.wav").write_bytes(b"RIFF")
    reading = {"ljspeech": read_ljspeech, "list": read_list}[detect(folder)](folder)
    assert len(reading.utterances) == 14 and all(u.audio.is_file() for u in reading.utterances)
    assert {u.speaker for u in reading.utterances} == SPEAKERS.get(name, {name})
    texts = [u.text for u in reading.utterances]
    if name not in ODD:
        assert texts[1:4] == [
            "El perro duerme en el patio.",
            "Mañana llueve en toda la costa.",
            "Yo ya llegué a la calle ancha.",
        ]
    assert not any("|" in text or "Ã" in text for text in texts) and not any(p.skipped for p in reading.problems)
    if name in ("nel_ls", "vt_in_text"):
        assert "".join(texts[1].split()) == "Elperroduermeenelpatio."
