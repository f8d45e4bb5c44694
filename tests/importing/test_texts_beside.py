"""Files beside a checkpoint, in whatever encoding an editor left them."""

import codecs
import json

import pytest

from ttskit.errors import CheckpointError, InputError
from ttskit.importing.inventories import speaker_table
from ttskit_hifigan.importers import _config_json


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_config_json_in_any_encoding_is_read(tmp_path, encoding):
    path, content = tmp_path / "config.json", {"name": "voz de Peña, Ã±", "num_mels": 80}
    path.write_bytes(json.dumps(content, ensure_ascii=False).encode(encoding))
    assert _config_json(path, tmp_path / "g_1") == content


@pytest.mark.parametrize(
    ("content", "told"), [(b"PK\x03\x04\0", "a zip archive"), (b'{"a": ', "Expecting value"), (b"\0", "NUL")]
)
def test_a_config_json_that_is_none(tmp_path, content, told):
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read") as error:
        _config_json(path, tmp_path / "g_1")
    assert told in error.value.why
    with pytest.raises(CheckpointError, match="does not say how its model is built"):
        _config_json(tmp_path / "none.json", tmp_path / "g_1")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_names_of_speakers_in_any_encoding(tmp_path, encoding):
    path = tmp_path / "speakers.tsv"
    path.write_bytes("speaker\tspeaker_id\nPeña\t0\nGüemes\t1\n".encode(encoding))
    assert speaker_table(path, 2).names == ("Peña", "Güemes")
    path.write_bytes(codecs.BOM_UTF8[:2] + b"\0")
    with pytest.raises(InputError, match="cannot read the speakers"):
        speaker_table(path, 2)
