"""Public checkpoints become runs: reading their files safely, choosing the importer, saying what was understood."""

from ttskit.importing.archive import NemoArchive, is_archive, open_archive
from ttskit.importing.inventories import pitch_statistics, speaker_table, symbol_table
from ttskit.importing.report import Importer, ImportReport
from ttskit.importing.run import Imported, import_checkpoint
from ttskit.importing.tensors import plain_name, plain_names, read_torch, tensors_of, torch_content

__all__ = [
    "ImportReport",
    "Imported",
    "Importer",
    "NemoArchive",
    "import_checkpoint",
    "is_archive",
    "open_archive",
    "pitch_statistics",
    "plain_name",
    "plain_names",
    "read_torch",
    "speaker_table",
    "symbol_table",
    "tensors_of",
    "torch_content",
]
