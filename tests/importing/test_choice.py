"""Which importer takes a file, and what is left when it fails."""

from __future__ import annotations

import io

import pytest
import torch

from ttskit.errors import CheckpointError, UsageError
from ttskit.importing import import_checkpoint
from ttskit.importing.run import _chosen
from ttskit.interfaces.descriptions import ImporterPlugin
from ttskit.plugins import Origin, create_registry


@pytest.fixture
def file(tmp_path):
    path, buffer = tmp_path / "some.pt", io.BytesIO()
    torch.save({"weight": torch.ones(2)}, buffer)
    path.write_bytes(buffer.getvalue())
    return path


@pytest.fixture
def offered():
    """offered(name=recognises, …) -> a registry with importers that know a file so; their imports make half a run and fail."""

    def make(**knows):
        registry = create_registry(only=set())
        for name, recognises in knows.items():

            def bring(path, run, *, speakers=None):
                run.mkdir(exist_ok=True)
                (run / "config.yaml").write_text("", encoding="utf-8")
                raise KeyboardInterrupt

            if recognises is not None:
                bring.recognises = recognises

            class Here(ImporterPlugin):
                def load(self, bring=bring):
                    return bring

            registry.found["importer", name] = (Here(name, f"reads {name}", ""), Origin(name, name, "1"))
        return registry

    return make


def damaged(path):
    raise CheckpointError("damaged")


def test_the_importer_that_recognises_the_content_is_taken(offered, file):
    """Planted: the first one that is installed."""
    registry = offered(none=None, no=lambda path: False, yes=lambda path: True, also=lambda path: True)
    assert _chosen(file, registry).name == "yes"


def test_one_that_fails_on_a_file_does_not_keep_others_from_it(offered, file):
    """Planted: the first complaint ended the search."""
    assert _chosen(file, offered(bad=damaged, yes=lambda path: True)).name == "yes"
    with pytest.raises(CheckpointError, match="damaged"):
        _chosen(file, offered(bad=damaged, no=lambda path: False))


def test_a_file_that_nobody_knows_is_described_with_what_is_read(offered, file):
    with pytest.raises(CheckpointError, match=r"some.pt is not a checkpoint that ttskit can import") as error:
        _chosen(file, offered(no=lambda path: False))
    assert error.value.why == "it is a torch file with weight\nttskit reads: reads no"


@pytest.mark.parametrize("existed", [False, True])
def test_an_import_that_is_stopped_leaves_what_was_there(offered, file, tmp_path, existed):
    """Planted: a folder that was there was taken away, or half a run left in it."""
    run = tmp_path / "run"
    if existed:
        run.mkdir()
    with pytest.raises(KeyboardInterrupt):
        import_checkpoint(file, run, registry=offered(yes=lambda path: True))
    assert run.exists() == existed and not (existed and list(run.iterdir()))


def test_nothing_is_imported_over_a_run_or_with_an_option_it_does_not_take(offered, file, tmp_path):
    registry = offered(yes=lambda path: True)
    with pytest.raises(UsageError, match="takes no --config"):
        import_checkpoint(file, tmp_path / "run", registry=registry, config="a.yaml")
    with pytest.raises(KeyboardInterrupt):  # what is None was not given
        import_checkpoint(file, tmp_path / "run", registry=registry, config=None, speakers="a")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="is not empty"):
        import_checkpoint(file, tmp_path / "full", registry=registry)
    assert (tmp_path / "full" / "mine").read_text(encoding="utf-8") == "mine"
