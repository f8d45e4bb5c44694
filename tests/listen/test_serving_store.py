"""The database of a test: what it holds, whose it is, who gets which form, and what is undone when one of many fails."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
import threading
from collections import Counter

import pytest
from listen_server import CODES, NOW, answers_of, header_of
from made_test import made_test

from ttskit.errors import CheckpointError, InputError, TTSKitError
from ttskit_listen.answers import Answer, AnswerFile
from ttskit_listen.serving.database import FORMAT
from ttskit_listen.serving.refusals import Refused
from ttskit_listen.serving.store import Store
from ttskit_listen.serving.writer import Writer

CODE = CODES[0]


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return made_test(tmp_path_factory.mktemp("plan") / "test", sounds=False, listeners=4).plan()


@pytest.fixture
def store(plan, tmp_path):
    found = Store(tmp_path / "listen.sqlite", plan)
    with found.transaction():
        found.register(CODES[:4])
    yield found
    found.close()


def header(plan, code):
    return AnswerFile.model_validate({**header_of(plan, code), "answers": []})


def answers(plan, code):
    return [Answer.model_validate(one) for one in answers_of(plan, code)]


def test_it_is_durable_and_nobody_else_reads_it(store):
    ask = store._connection.execute
    assert ask("PRAGMA journal_mode").fetchone() == ("wal",)
    assert ask("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert ask("PRAGMA secure_delete").fetchone() == (1,)
    assert ask("PRAGMA user_version").fetchone() == (FORMAT,)
    if sys.platform != "win32":
        assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_it_opens_again_with_everything(store, plan):
    with store.transaction():
        store.put_header(CODE, header(plan, CODE))
        for one in answers(plan, CODE)[:2]:
            store.put_answer(CODE, one)
    again = Store(store.path, plan)
    (file,) = again.answer_files()
    again.close()
    assert file.answers == tuple(answers(plan, CODE)[:2]) and not file.complete


def test_the_answers_to_another_test_are_refused(store, plan):
    with pytest.raises(InputError, match="another test"):
        Store(store.path, plan.model_copy(update={"id": "another"}))


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to be read as one" * 40, b"SQLite format 3\x00" + b"\xff" * 4000]
)
def test_what_is_no_database_is_told(plan, tmp_path, content):
    path = tmp_path / "listen.sqlite"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be used"):
        Store(path, plan)
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_left_alone(plan, tmp_path):
    path = tmp_path / "listen.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE cakes (name TEXT)")
    other.commit()
    other.close()
    with pytest.raises(CheckpointError, match="another program"):
        Store(path, plan)
    other = sqlite3.connect(path)
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("cakes",)]
    other.close()


def test_a_newer_format_is_told(store, plan):
    store._connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(CheckpointError, match="newer"):
        Store(store.path, plan)


def test_a_damaged_database_is_told(store, plan):
    with store.transaction():
        store.invite(2000)
    store.close()
    data = bytearray(store.path.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 64] = b"\x5a" * 64
    store.path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError):
        Store(store.path, plan)


def test_a_place_that_is_no_file(plan, tmp_path):
    (tmp_path / "listen.sqlite").mkdir()
    with pytest.raises(TTSKitError):
        Store(tmp_path / "listen.sqlite", plan)


def test_invitations_go_to_the_form_with_the_fewest(store, plan):
    with store.transaction():
        store.withdraw(CODES[2])
        codes = store.invite(7)
    forms = Counter(int(code[:2]) for code in codes) + Counter({0: 1, 1: 1, 3: 1})
    assert sorted(forms.values()) == [2, 2, 3, 3] and len(set(codes)) == 7
    assert codes[0].startswith("02-")  # whoever withdrew is made up for


def test_many_who_come_at_once_are_spread_evenly(plan, tmp_path):
    store = Store(tmp_path / "listen.sqlite", plan)
    with store.transaction():
        store.register([CODES[0]])
    writer = Writer(store)

    async def come() -> list[str]:
        return await asyncio.gather(*(writer.do(lambda s: s.welcome("", None)) for _ in range(101)))

    codes = asyncio.run(come())
    writer.close()
    counts = Counter(code[:2] for code in codes)
    assert len(set(codes)) == 101 and max(counts.values()) - min(counts.values()) <= 1


def test_two_processes_that_invite_at_once_keep_the_balance(plan, tmp_path):
    stores = [Store(tmp_path / "listen.sqlite", plan) for _ in range(2)]
    found: list[str] = []

    def some(store):
        for _ in range(10):
            with store.transaction():
                found.extend(store.invite(1))

    threads = [threading.Thread(target=some, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert sorted(Counter(code[:2] for code in found).values()) == [5, 5, 5, 5]


def test_a_participant_gets_one_code_and_places_run_out(store):
    with store.transaction():
        first = store.welcome("5f0a", 2)
        assert store.welcome("5f0a", 2) == first
        second = store.welcome("5f0b", 2)
        with pytest.raises(Refused, match="409 full"):
            store.welcome("5f0c", 2)
        assert store.welcome("5f0b", 2) == second
        assert store.participants() == [("5f0a", first), ("5f0b", second)]


def test_withdrawing_leaves_no_trace_of_what_was_said(plan, tmp_path):
    test = made_test(tmp_path / "spoken", "transcribe", sounds=False)
    plan = test.plan()
    store = Store(test.database, plan)
    said = Answer.model_validate({**answers_of(plan, CODE)[1], "response": "telescopio violeta"})
    with store.transaction():
        store.register([CODE])
        store.put_header(CODE, header(plan, CODE))
        store.put_answer(CODE, said)
    with store.transaction():
        store.withdraw(CODE)
    store.forget_deleted()
    assert store.answer_files() == [] and store.logged()[0][1] == f"withdrawn: {CODE}"
    with store.transaction(), pytest.raises(Refused, match="401"):
        store.put_answer(CODE, said)
    store.close()
    for path in test.path.glob("listen.sqlite*"):
        assert b"telescopio" not in path.read_bytes(), path.name


def test_one_that_fails_undoes_itself_alone(store, plan):
    with store.transaction():
        store.put_header(CODE, header(plan, CODE))
    writer = Writer(store)
    good, other = answers(plan, CODE)[:2]

    def half(one: Store) -> None:
        one.put_answer(CODE, other)
        raise Refused(400, "body")

    async def together():
        works = (writer.do(lambda s: s.put_answer(CODE, good)), writer.do(half), writer.do(lambda s: s.log("after")))
        return await asyncio.gather(*works, return_exceptions=True)

    first, second, third = asyncio.run(together())
    (file,) = asyncio.run(writer.do(Store.answer_files))
    assert first is None and third is None and isinstance(second, Refused) and file.answers == (good,)
    writer.close()


def test_a_disk_that_refuses_acknowledges_nothing(store, plan):
    """The commit itself fails, as on a full disk: everyone who waited for it is told."""
    with store.transaction():
        store.put_header(CODE, header(plan, CODE))
    # SQLite's own limit of size, at what the database has now.
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    writer = Writer(store)

    async def together():
        work = [writer.do(lambda s: s.log("x" * 20_000)) for _ in range(3)]
        return await asyncio.gather(*work, return_exceptions=True)

    assert all(isinstance(one, sqlite3.Error) for one in asyncio.run(together()))
    assert asyncio.run(writer.do(Store.logged)) == []
    writer.close()


def test_an_end_is_refused_while_an_answer_is_missing(store, plan):
    with store.transaction():
        store.put_header(CODE, header(plan, CODE))
        for one in answers(plan, CODE)[:-1]:
            store.put_answer(CODE, one)
        with pytest.raises(Refused) as refused:
            store.end(CODE, NOW)
        assert refused.value.more == {"missing": [answers(plan, CODE)[-1].trial]}
        store.put_answer(CODE, answers(plan, CODE)[-1])
        store.end(CODE, NOW)
        (file,) = store.answer_files()
    assert file.complete and file.ended == NOW
    one = next(one for one in store.progress() if one.code == CODE)
    assert one.answered == one.total == len(plan.forms[0].trials) - 1  # practice is not counted
