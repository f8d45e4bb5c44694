"""Whether a test's files are still what it was made of: rules that are changed after the answers came in do not pass unseen."""

from __future__ import annotations

import hashlib
import json
import re

import ttskit
from ttskit_listen.plan import Key, ListeningDesign, ListeningPlan

__all__ = ["as_made"]


def as_made(plan: ListeningPlan, key: Key, design: ListeningDesign) -> bool | None:
    """Whether plan, key and design are what the test's id was computed of (`making` does, by everything but id and date).

    Returns:
        None where that cannot be said: the id is of another kind, or another version made it, whose files have other fields.
    """
    if design.ttskit != ttskit.__version__ or not re.fullmatch(rf"{plan.kind}-[0-9a-f]{{16}}", plan.id):
        return None
    parts = [one.model_dump(mode="json", exclude={"id", "made"}) for one in (plan, key, design)]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return plan.id == f"{plan.kind}-{digest[:16]}"
