"""The table of a transfer, as people read it before step 1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ttskit.training.transfer import AXES, Inherited, Transfer

__all__ = ["FEW", "WIDTH", "transfer_lines"]

WIDTH = 100
FEW = 12


def transfer_lines(plan: Transfer) -> list[str]:
    """A table kept / new / dropped of symbols, speakers and tensors, then what every new row starts from."""
    counts = []
    for axis in AXES:
        kept = sum(row.kept for row in plan.rows[axis])
        counts.append((axis, kept, len(plan.rows[axis]) - kept, len(plan.dropped[axis])))
    tensors = {name: len(plan.tensors.get(name, ())) for name in ("kept", "by row", "new", "dropped")}
    counts.append(("tensors", tensors["kept"] + tensors["by row"], tensors["new"], tensors["dropped"]))
    total = sum(counts[-1][1:3])
    lines = [
        f"{counts[-1][1]} of {total} tensors from step {plan.step} of {plan.source}",
        f"{'':10}{'kept':>6}{'new':>6}{'dropped':>9}",
    ]
    lines += [f"{what:10}{kept:>6}{new:>6}{dropped:>9}" for what, kept, new, dropped in counts]
    lines += _wrapped("new symbols: ", _symbols(plan.rows["symbols"]))
    lines += _wrapped("symbols without a near one: ", _without(plan.rows["symbols"]))
    lines += _wrapped("dropped symbols: ", _some(plan.dropped["symbols"], 24))
    lines += _wrapped("new speakers: ", [f"{row.name} ({row.why})" for row in plan.rows["speakers"] if not row.kept])
    lines += _wrapped("kept speakers: ", _some([row.name for row in plan.rows["speakers"] if row.kept]))
    lines += _wrapped("dropped speakers: ", _some(plan.dropped["speakers"]))
    lines += _wrapped("new tensors: ", _some([_tensor(n, plan) for n in plan.tensors.get("new", ())]))
    lines += _wrapped("dropped tensors: ", _some(plan.tensors.get("dropped", ())))
    by_source: dict[str, list[str]] = {}
    for name, source in plan.pitch.items():
        by_source.setdefault(source, []).append(name)
    lines += _wrapped("pitch statistics: ", [f"{', '.join(_some(names, 4))} ({source})" for source, names in by_source.items()])
    return lines + list(plan.notes)


def _symbols(rows: Sequence[Inherited]) -> list[str]:
    return [f"{row.name} ← {_shown(row.sources[0])}" for row in rows if not row.kept and len(row.sources) == 1]


def _without(rows: Sequence[Inherited]) -> list[str]:
    return [f"{_shown(row.name)} ({row.why})" for row in rows if len(row.sources) != 1]


def _tensor(name: str, plan: Transfer) -> str:
    """A speaker parameter that a source of one speaker leaves out is the only new one that is not fresh."""
    return f"{name} (zeros)" if name in plan.tensors.get("zeros", ()) else name


def _shown(symbol: str) -> str:
    return repr(symbol) if symbol.strip() != symbol or not symbol else symbol


def _some(names: Sequence[str], limit: int = FEW) -> list[str]:
    shown = [_shown(n) for n in names[:limit]]
    return [*shown, f"… {len(names)} in all"] if len(names) > limit else shown


def _wrapped(head: str, items: Sequence[str]) -> Iterator[str]:
    """`head` and the items, in lines of WIDTH; nothing where there are none."""
    if not items:
        return
    line = head
    for index, item in enumerate(items):
        piece = item + (", " if index + 1 < len(items) else "")
        if len(line) + len(piece) > WIDTH and line.strip():
            yield line.rstrip()
            line = "  "
        line += piece
    yield line
