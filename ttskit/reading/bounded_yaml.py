"""YAML from anyone: bounded in size, depth and in what its aliases amount to; text, numbers, lists and mappings only.

All YAML that the toolkit reads comes through `parse_yaml`: recipes, values of `--set`, lexicons, configurations in archives.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, cast

import yaml

from ttskit.reading.typed import CONTROLS

__all__ = ["DEPTH", "NODES", "SIZE", "YamlFault", "parse_yaml"]

SIZE = 256 << 10  # characters: a hundred times the longest recipe, and two seconds of reading
NODES = 50_000  # values, each alias counted as all that it stands for
DEPTH = 64  # lists and mappings inside one another

_TAG = "tag:yaml.org,2002:"
_KINDS = {f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float", "str", "seq", "map", "merge")}
_WRONG = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)  # what PyYAML's constructors let through


class YamlFault(ValueError):
    """What is wrong with a text of YAML.

    Attributes:
        reason: in words.
        line: where, counted from 1; None where no line can be named.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason, self.line = reason, line


def parse_yaml(
    text: str,
    *,
    size: int = SIZE,
    nodes: int = NODES,
    unique: bool = True,
    finite: bool = False,
    texts: bool = False,
    visit: Callable[[yaml.Node], None] = lambda root: None,
) -> Any:
    """Plain data of one document of YAML 1.1. Dates are text, 1e-3 is a number, tags name nothing but plain kinds.

    Args:
        text: at most `size` characters.
        nodes: most values, each alias counted as all that it stands for.
        unique: a key that is written twice in one mapping is a fault.
        finite: .inf and .nan are faults too.
        texts: every word without a tag is text: `no` is the word, 007 its three digits.
        visit: is shown the nodes, with their lines and before merge keys are resolved; not called for an empty text.

    Raises:
        YamlFault: not YAML, or beyond a bound.

    >>> parse_yaml("a: [1e-3, 2024-13-45, no]")
    {'a': [0.001, '2024-13-45', False]}
    >>> parse_yaml("a: &x [*x]")
    Traceback (most recent call last):
    ttskit.reading.bounded_yaml.YamlFault: line 1: an alias inside of what it stands for
    """
    if len(text) > size:
        raise YamlFault(f"{len(text)} characters of YAML, the most are {size}")
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlFault(f"the character U+{ord(text[error.position]):04X} cannot stand in YAML", line) from None
    loader.most, loader.unique, loader.finite, loader.texts = nodes, unique, finite, texts
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        visit(root)
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part) or "not YAML"
        raise YamlFault(said[:300], None if mark is None else mark.line + 1) from None
    except (yaml.YAMLError, RecursionError, *_WRONG) as error:  # an escape such as "\U00110000" stops the scanner itself
        raise YamlFault(f"{type(error).__name__}: {error}"[:300]) from None
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which counts while it composes, before anything is built."""

    most, unique, finite, texts = NODES, True, False, False

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._count = 0
        self._sizes: dict[int, int] = {}  # node → values in it; only of nodes that are whole

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if id(node) not in self._sizes:
                raise _fault("an alias inside of what it stands for", event)
            self._add(self._sizes[id(node)], event)
            return node
        before = self._count
        self._add(1, event)
        self._depth += 1
        if self._depth > DEPTH:
            raise _fault(f"more than {DEPTH} lists or mappings inside one another", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._sizes[id(node)] = self._count - before
        if node is not None:
            self._check(node)
        return node

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:
        if self.texts and kind is yaml.ScalarNode and implicit[0]:
            return f"{_TAG}str"
        return super().resolve(kind, value, implicit)

    def _add(self, count: int, event: yaml.Event) -> None:
        self._count += count
        if self._count > self.most:
            raise _fault(f"more than {self.most} values, aliases counted as what they stand for", event)

    def _check(self, node: yaml.Node) -> None:
        if node.tag not in _KINDS:
            raise _fault(
                f"{node.tag.removeprefix(_TAG)!r:.60} values are not read: text, numbers, lists and mappings are", node
            )
        if not isinstance(node, yaml.MappingNode):
            return
        first: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _fault("a key must be one word, not a list or mapping", key)
            same = (key.tag, key.value)
            if self.unique and same in first:
                raise _fault(f"{key.value!r:.60} is written twice, first in line {first[same]}: keep one", key)
            first[same] = key.start_mark.line + 1

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
        except _WRONG as error:
            kind = node.tag.removeprefix(_TAG)
            raise _fault(f"{node.value!r:.60} cannot be read as {kind} ({str(error)[:80]})", node) from None
        if isinstance(value, str) and (found := CONTROLS.search(value)):
            raise _fault(f"the character U+{ord(found[0]):04X} cannot stand in a text", node)
        if isinstance(value, int) and abs(value) >= 1 << 64:
            raise _fault("a whole number of more than 64 bits", node)
        if self.finite and isinstance(value, float) and not math.isfinite(value):
            raise _fault(f"{node.value!r:.60} is not a finite number", node)
        return value


_Loader.add_implicit_resolver(
    f"{_TAG}float", re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != f"{_TAG}timestamp"]
    for first, pairs in _Loader.yaml_implicit_resolvers.items()
}


def _fault(reason: str, place: yaml.Event | yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, reason, cast("yaml.Mark", place.start_mark))
