"""Spoilt listening tests: answer files of strangers, and the three files of a test."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

from answering import answered
from fuzz_values import json_text, mutated
from made_test import made_test
from plain_statistics import plain_statistics
from test_answers_fuzz import errors_of, spoilt

from ttskit.errors import InputError
from ttskit_listen.answered.judging import heard_in, heard_of
from ttskit_listen.answered.reading import read_answers
from ttskit_listen.folder import TestFolder
from ttskit_listen.plan import KINDS
from ttskit_listen.report.results import agreement_of, results_of

__all__ = ["answer_files", "listening_tests"]

Act = Callable[[], object]


def answer_files(folder: Path) -> Callable[[random.Random], tuple[str, Act]]:
    """Files of one listener, with something wrong or nothing: they are counted or told, and never an error."""
    tests = [made_test(folder / kind, kind, sounds=False, sentences=3) for kind in KINDS]
    read = [(test, test.plan(), test.key(), test.design()) for test in tests]
    sent = folder / "sent.json"

    def make(rng: random.Random) -> tuple[str, Act]:
        test, plan, key, design = rng.choice(read)
        content = spoilt(rng, answered(plan, key, rng.randrange(4)))

        def act() -> None:
            sent.write_bytes(content)
            came = read_answers(test, [sent], plan=plan)
            assert len(came.files) + len(came.problems) == 1
            if came.problems:
                raise InputError("answers that do not count", came.problems[0], "")
            agreement_of(heard_in(plan, key, design, came, errors=errors_of).all_judgements)

        return repr(content[:200]), act

    return make


def _other_values(rng: random.Random, text: str) -> bytes:
    """The file with values that are others or gone: JSON still, and often a test still."""
    start, end = text.index("{"), text.rindex("}") + 1
    changed = mutated(rng, json.loads(text[start:end]))[0]
    return f"{text[:start]}{json_text(changed)}{text[end:]}".encode("utf-8", "surrogatepass")


def listening_tests(folder: Path) -> Callable[[random.Random], tuple[str, Act]]:
    """Plan, key or design with a value that is another, one that is gone, or bytes that are wrong: read, or refused."""
    test = made_test(folder / "test", "cmos", sounds=False, sentences=2, listeners=2)
    whole = {path: path.read_bytes() for path in (test.plan_file, test.key_file, test.design_file)}
    sent = folder / "sent.json"
    sent.write_text(json.dumps(answered(test.plan(), test.key(), 0)), encoding="utf-8")

    def make(rng: random.Random) -> tuple[str, Act]:
        path = rng.choice(list(whole))
        text = whole[path].decode("utf-8")
        data = bytearray(_other_values(rng, text) if rng.random() < 0.7 else whole[path])
        for _ in range(rng.choice((0, 0, 1, 2)) if data != whole[path] else 1):
            at = rng.randrange(len(data))
            data[at : at + rng.randrange(4)] = rng.choice((b"", b"9", b'"', b"null", b"[", b"-1e999", b"\xff", b"true", b"{}"))

        def act() -> None:
            for file, content in whole.items():
                file.write_bytes(bytes(data) if file == path else content)
            heard = heard_of(TestFolder(test.path), [sent])
            results_of(heard, plain_statistics(heard))

        return f"{path.name}: {bytes(data[:120])!r}", act

    return make
