"""A run is trained by one training at a time, whoever starts the second."""

import json

import pytest

from ttskit.errors import UsageError
from ttskit.runs import RunFolder
from ttskit.runs.lock import LOCK


@pytest.mark.parametrize("how", ["resumed", "forked into"])
def test_a_second_training_is_refused_while_the_first_goes_on(how, trained, at, tmp_path, losses_of):
    refused = []

    def second():
        holder = json.loads((tmp_path / "run" / LOCK).read_text(encoding="utf-8"))
        with pytest.raises(UsageError) as error:
            trained(steps=None, resume=True) if how == "resumed" else trained(run="other", fork=tmp_path / "run")
        refused.append((holder, error.value))

    trained(run="other", steps=1)
    whole = trained(run="whole", steps=4)
    run = trained(steps=4, registry=at(2, second))  # what a hook raises would be swallowed
    ((holder, error),) = refused
    if how == "resumed":
        assert error.what == f"{run.path} is being trained already"
        assert f"process {holder['pid']} on {holder['host']}, since {holder['since']}" in error.why
    else:
        assert "is a run already" in error.what
    assert losses_of(run.path) == losses_of(whole.path)
    assert not (run.path / LOCK).exists() and RunFolder.open(run.path).checkpoints[-1].step == 4
