"""Find the messages of a source tree, so that a catalogue can be complete: errors, notes, help texts, labels.

Messages are written in English where they arise, as plain strings and f-strings; nothing is marked. What counts as one:

- what is passed to the error classes, to `note`, `echo`, `print`, `progress`, `confirm`, `prompt` and the like, or as
  `help=`, `summary=`, `title=`, `reason=`, …, also through a name, a conditional or a function of the same module;
- the docstrings of click commands;
- every other string of three words or more that is not a docstring, and everything in an assignment that ends in
  `# messages`; a line that ends in `# no message` is left out.

An f-string becomes a template: `f"{path} has {len(clips)} clips"` is `{path} has {n} clips`. A conditional inside it
(`{'s' if n != 1 else ''}`) gives one template for each branch, so that a translator sees whole sentences.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

__all__ = ["LEFT_OUT", "collect", "collect_click", "collect_pydantic", "collect_template"]

_ERRORS = re.compile(r"^(?!(Value|Attribute|Runtime|Assertion|Type|Key|Import|OS|Index|Lookup|NotImplemented)Error$)\w+Error$")
_CALLS = {
    "note", "_note", "echo", "say", "print", "progress", "confirm", "prompt", "BadParameter", "secho", "add_column", "_failed",
    "translated", "section",
}  # fmt: skip
_PLACES = {"Measure": (1, 2, 5), "_fact": (0,), "_commented": (0,)}  # by position: title, unit, how; the fact's name
_KEYWORDS = {
    "help", "epilog", "summary", "what", "why", "fix", "reason", "cause", "label", "title", "text", "prompt", "description",
    "short_help", "message", "footnote",
}  # fmt: skip
_SYNTAX = re.compile(r"\s*[\w: ]+ = |.*<(span|img|audio)|\w+\.\w+ \|")  # of written files and of types
_LETTERS = re.compile(r"[^\W\d_]{2}")
_MOST_BRANCHES = 8
_LIST, _SMALL_WORDS = 9, {"the", "a", "of", "is", "not", "and", "are"}


# Types of error that a value in YAML or JSON can have.
_OF_PYDANTIC = frozenset(
    """bool_parsing bool_type dict_type finite_number float_parsing float_type greater_than greater_than_equal int_from_float
    int_parsing int_parsing_size int_type less_than less_than_equal list_type literal_error missing model_type
    model_attributes_type multiple_of none_required string_pattern_mismatch string_type tuple_type""".split()
)


# What speaks to others than the users of the command line: Spanish data, symbol tables, the kit for plugin developers, files
# that are written.
LEFT_OUT = (
    "ttskit/testing/*", "ttskit/messages/*", "ttskit/importing/symbol_sets.py", "ttskit/corpus/column_names.py",
    "ttskit/corpus/tier_names.py", "ttskit/cli/completion.py", "plugins/ttskit_spanish/normalize/*",
    "plugins/ttskit_spanish/phonetics.py", "plugins/ttskit_spanish/foreign.py", "plugins/ttskit_spanish/words.py",
    "plugins/ttskit_spanish/g2p.py", "plugins/ttskit_spanish/spelling.py", "plugins/ttskit_spanish/syllables.py",
)  # fmt: skip


def collect(root: Path, folders: Sequence[str] = ("ttskit", "plugins")) -> dict[str, list[str]]:
    """Template -> places (file:line, relative to `root`), of all Python files and Jinja templates of the folders."""
    found: dict[str, list[str]] = {}
    paths = [path for folder in folders for kind in ("*.py", "*.j2") for path in (root / folder).rglob(kind)]
    for path in sorted(paths):
        name = path.relative_to(root).as_posix()
        if any(fnmatch(name, pattern) for pattern in LEFT_OUT):
            continue
        text = path.read_text(encoding="utf-8")
        messages = collect_template(text) if path.suffix == ".j2" else _Module(text).messages()
        for line, template in messages:
            found.setdefault(template, []).append(f"{name}:{line}")
    return found


def collect_template(text: str) -> Iterator[tuple[int, str]]:
    """The `{% trans %}` blocks and constant `_()` calls of a Jinja template, and constants that pass the filter `t`."""
    import jinja2

    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"])
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # as the page's: a % is always doubled
    for line, _function, message in environment.extract_translations(text):  # type: ignore[attr-defined]
        for one in message if isinstance(message, tuple) else [message]:
            if one:
                yield line, one


def collect_click() -> dict[str, list[str]]:
    """What click itself says (usage, missing option, …); it asks gettext for each."""
    import click

    found: dict[str, list[str]] = {}
    for path in sorted(Path(inspect.getfile(click)).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in ("_", "gettext", "ngettext"):
                for text in (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)):
                    found.setdefault(text, []).append(f"click/{path.name}")
    return found


def collect_pydantic() -> dict[str, list[str]]:
    """What pydantic says of values in recipes: as it says it, and as the recipe's errors put it, with the value and without."""
    from pydantic_core._pydantic_core import list_all_errors

    from ttskit.config.recipe import in_our_words

    found: dict[str, list[str]] = {}
    for error in list_all_errors():
        if error["type"] in _OF_PYDANTIC:
            text = error["message_template_python"]
            for template in (text, in_our_words(text), in_our_words(text) + ", got {input}"):
                found.setdefault(template, []).append("pydantic")
    return found


class _Module:
    """The messages of one Python file."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._tree = ast.parse(text)
        self._functions = {n.name: n for n in ast.walk(self._tree) if isinstance(n, ast.FunctionDef)}
        self._assigned: dict[str, list[ast.expr]] = {}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self._assigned.setdefault(target.id, []).append(node.value)
        self._seen: set[int] = set()  # nodes that were followed already

    def messages(self) -> Iterator[tuple[int, str]]:
        docstrings = self._docstrings()
        given: dict[tuple[int, str], None] = {}
        for node, short in self._positions():
            for line, template in self._templates(node):
                if short or len(template.split()) > 2:
                    given.setdefault((line, template))
        for node in self._prose(docstrings):
            for line, template in self._templates(node):
                if len(template.split()) > 2:
                    given.setdefault((line, template))
        for line, text in docstrings.values():
            given.setdefault((line, text))
        seen = set()
        for line, template in given:
            if template not in seen and _says_something(template) and not _SYNTAX.match(template) and not self._left_out(line):
                seen.add(template)
                yield line, template

    def _positions(self) -> Iterator[tuple[ast.expr, bool]]:
        """Expressions in the places of messages; True: short ones count as well."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call):
                name = _name(node.func)
                if _ERRORS.match(name) or name in _CALLS:
                    yield from ((argument, True) for argument in node.args)
                elif name.endswith("Plugin") and len(node.args) > 1:
                    yield node.args[1], True
                elif name in _PLACES:
                    yield from ((node.args[i], True) for i in _PLACES[name] if i < len(node.args))
                elif name == "print_table" and node.args:
                    yield from ((element, True) for element in ast.walk(node.args[0]) if isinstance(element, ast.Constant))
                yield from ((k.value, True) for k in node.keywords if k.arg in _KEYWORDS)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and self._marked(node):
                yield from ((part, True) for part in ast.walk(node.value) if isinstance(part, ast.Constant | ast.JoinedStr))

    def _prose(self, docstrings: dict[int, tuple[int, str]]) -> Iterator[ast.expr]:
        """Strings of three words or more anywhere, but docstrings, annotations and pieces of f-strings."""
        skipped = {id(n.value) for n in ast.walk(self._tree) if isinstance(n, ast.Expr)}
        skipped |= {
            id(part) for n in ast.walk(self._tree) if isinstance(n, ast.JoinedStr) for part in ast.walk(n) if part is not n
        }
        for node in ast.walk(self._tree):
            if id(node) not in skipped and (isinstance(node, ast.JoinedStr) or _is_text(node)):
                yield node

    def _docstrings(self) -> dict[int, tuple[int, str]]:
        found = {}
        for node in self._functions.values():
            text = ast.get_docstring(node)
            if text and any(_is_command(decorator) for decorator in node.decorator_list):
                found[id(node)] = (node.lineno, _escaped(text))
        return found

    def _templates(self, node: ast.expr, depth: int = 0) -> Iterator[tuple[int, str]]:
        """Every template that an expression can become."""
        if isinstance(node, ast.Constant | ast.JoinedStr):
            for pieces in itertools.islice(self._branches(node), _MOST_BRANCHES):
                yield node.lineno, _template(pieces)
        elif isinstance(node, ast.IfExp):
            yield from self._templates(node.body, depth)
            yield from self._templates(node.orelse, depth)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self._templates(value, depth)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            for pieces in itertools.islice(self._branches(node), _MOST_BRANCHES):
                yield node.lineno, _template(pieces)
        elif isinstance(node, ast.Name) and depth < 2 and node.id in self._assigned and id(node) not in self._seen:
            self._seen.add(id(node))
            for value in self._assigned[node.id]:
                yield from self._templates(value, depth + 1)
        elif isinstance(node, ast.Call) and depth < 2:
            called = self._functions.get(_name(node.func))
            if called is not None and id(node) not in self._seen:
                self._seen.add(id(node))
                for part in ast.walk(called):
                    if isinstance(part, ast.Return) and part.value is not None:
                        yield from self._templates(part.value, depth + 1)
            for argument in node.args if _name(node.func) in ("join", "style", "cleandoc") else ():
                yield from self._templates(argument, depth)
        elif isinstance(node, ast.List | ast.Tuple):
            for element in node.elts:
                yield from self._templates(element, depth)

    def _branches(self, node: ast.expr) -> Iterator[list[str | ast.expr]]:
        """The pieces of a string, texts and expressions; one list for each way its conditionals go."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield [node.value]
        elif isinstance(node, ast.JoinedStr):
            parts = [list(self._branches(v.value if isinstance(v, ast.FormattedValue) else v)) for v in node.values]
            yield from ([piece for part in way for piece in part] for way in itertools.product(*parts))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            both = itertools.product(list(self._branches(node.left)), list(self._branches(node.right)))
            yield from ([*left, *right] for left, right in both)
        elif isinstance(node, ast.IfExp) and all(_is_text(branch) for branch in (node.body, node.orelse)):
            yield from self._branches(node.body)
            yield from self._branches(node.orelse)
        else:
            yield [node]

    def _marked(self, node: ast.stmt) -> bool:
        return any("# messages" in self._lines[at - 1] for at in (node.lineno, node.end_lineno or node.lineno))

    def _left_out(self, line: int) -> bool:
        return "# no message" in self._lines[line - 1]


def _template(pieces: Sequence[str | ast.expr]) -> str:
    used: dict[str, int] = {}
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += _escaped(piece)
        else:
            name = _placeholder(piece)
            used[name] = used.get(name, 0) + 1
            text += "{" + (name if used[name] == 1 else f"{name}{used[name]}") + "}"
    return text


def _placeholder(node: ast.expr) -> str:
    """A name that tells a translator what will stand there."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        key = node.slice
        return key.value if isinstance(key, ast.Constant) and str(key.value).isidentifier() else _placeholder(node.value)
    if isinstance(node, ast.Call):
        name = _name(node.func)
        if name in ("len", "sum"):
            return "n"
        if name == "join":
            return "list"
        return (
            _placeholder(node.args[0])
            if name in ("str", "repr", "sorted", "round", "max", "min") and node.args
            else name or "value"
        )
    return "value"


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _says_something(template: str) -> bool:
    """Letters outside its places, and no list of names to look up: those have neither marks nor small words."""
    words = template.split()
    if len(words) >= _LIST and not re.search(r"[,;:()?]|\.\s", template) and not _SMALL_WORDS & set(words):
        return False
    return bool(_LETTERS.search(re.sub(r"{\w*}", "", template)))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_command(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and _name(decorator.func) in ("command", "group")


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
