"""TrainingConfig: durations as people type them, and what excludes each other."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from ttskit.config.training import TrainingConfig, parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(90, 90), ("90", 90), ("90s", 90), ("10m", 600), ("10 min", 600), ("1.5h", 5400), ("1h30m", 5400), ("0.5s", 0.5)],
)
def test_durations(text, seconds):
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "ten", "10x", "1h30", "-5", "0", "m", "10m!", float("inf"), float("nan"), True])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="duration"):
        parse_seconds(text)


def test_budget_is_read_from_text():
    assert TrainingConfig(budget_s="2m").budget_s == 120


def test_steps_and_budget_exclude_each_other():
    with pytest.raises(ValidationError, match="not both"):
        TrainingConfig(steps=5, budget_s=5)


def test_every_field_is_described():
    assert all(field.description for field in TrainingConfig.model_fields.values())


def test_recipes_are_read_without_torch():
    code = "import sys, ttskit.config.training; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
