"""What is written must be true: command lines, files and keys in the documents, the recipes and our own messages exist."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import pytest

import ttskit
from ttskit.config import load_recipe, shipped_recipes
from ttskit.plugins import create_registry

CHECKOUT = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *sorted(f"docs/{path.name}" for path in (CHECKOUT / "docs").glob("*.md")),
)
REGISTRY = create_registry()
COMMANDS = REGISTRY.all("command")
MODELS = {*REGISTRY.all("acoustic model"), *REGISTRY.all("vocoder")}
THEIRS = {"mymodel", "hello"}  # a model and a command that CONTRIBUTING.md and docs/plugins.md let the reader write


@pytest.mark.parametrize(
    ("english", "spanish", "fewest"),
    [("README.md", "README.es.md", 10), ("docs/study.md", "docs/estudio.md", 5), ("docs/listening.md", "docs/escucha.md", 0)],
)
def test_the_spanish_document_shows_the_same_code(english, spanish, fewest):
    """What is typed is the same in every language, and in the same order; comments may differ."""

    def blocks(document: str) -> list[tuple[str, list[str]]]:
        found = re.findall(r"```(sh|powershell|python|yaml)\n(.*?)```", text_of(document), flags=re.DOTALL)
        return [(kind, [re.sub(r"\s+#.*", "", line) for line in code.splitlines()]) for kind, code in found]

    assert len(blocks(english)) > fewest
    assert blocks(spanish) == blocks(english)


@pytest.mark.parametrize("document", ["docs/study.md", "docs/estudio.md"])
def test_the_documents_plan_of_a_study_is_valid(document, tmp_path):
    from ttskit_study.plan import StudyPlan, read_plan

    (written,) = re.findall(r"```yaml\n(.*?)```", text_of(document), flags=re.DOTALL)
    path = tmp_path / "plan.yaml"
    path.write_text(written, encoding="utf-8")
    plan = read_plan(path)
    for system in plan.systems.values():
        load_recipe(system.recipe, system.set, REGISTRY)
    keys = {
        key
        for row in re.findall(r"^\| (`.+?`) \|", text_of(document), flags=re.MULTILINE)
        for key in re.findall(r"`(\w+)`", row)
    }
    assert keys == set(StudyPlan.model_fields)


def test_the_readme_names_the_spanish_one_the_notebooks_and_the_language_of_messages():
    linked = set(re.findall(r"\]\(([^)]+)\)", text_of("README.md")))
    assert {"README.es.md", "docs/notebooks/voz.ipynb", "docs/notebooks/ar-contra-nar.ipynb"} <= linked
    assert all((CHECKOUT / name).is_file() for name in linked if "://" not in name)
    assert "TTSKIT_LANG=es" in text_of("README.md") and "README.md" in text_of("README.es.md")


def text_of(document: str) -> str:
    return (CHECKOUT / document).read_text(encoding="utf-8")


def command_lines(document: str) -> Iterator[str]:
    """Command lines in fenced blocks, in inline code, and in the comments of recipes."""
    text = text_of(document)
    if document.endswith(".md"):
        blocks = re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    else:
        lines = [line.lstrip("# ").removeprefix("Example: ") for line in text.splitlines() if line.lstrip().startswith("#")]
    for line in lines:
        found = re.match(r"(?:\.venv\\Scripts\\)?ttskit (.+)", line.strip())
        if found:
            yield found.group(1)


def messages() -> Iterator[tuple[str, str]]:
    """Command lines in the strings of our own code ("fix: ttskit …"), with the file; what is filled in becomes X."""
    for path in sorted([*CHECKOUT.glob("ttskit/**/*.py"), *CHECKOUT.glob("plugins/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            else:
                continue
            for line in re.findall(r"\bttskit ([a-z]+ [^`'\n]*)", text):
                if line.split()[0] in COMMANDS:
                    yield str(path.relative_to(CHECKOUT)), line


def leaf(words: list[str]) -> tuple[click.Command, list[str]]:
    """The click command that the words name, and the words after it."""
    command, rest = COMMANDS[words[0]].load(), words[1:]
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


def options_of(command: click.Command) -> set[str]:
    return {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help", "--debug"}


def split(line: str) -> list[str]:
    """Words of a command line, without a trailing remark."""
    return shlex.split(re.split(r"\s+#|\s[|<>]\s", line)[0])


DOCUMENTED = [
    (d, line)
    for d in (*DOCUMENTS, *(f"recipes/{p.name}" for p in sorted((CHECKOUT / "recipes").glob("*.yaml"))))
    for line in command_lines(d)
]


def test_there_are_command_lines_to_check():
    assert len([d for d, _ in DOCUMENTED if d == "README.md"]) >= 15
    assert len(list(messages())) >= 10


@pytest.mark.parametrize(("document", "line"), DOCUMENTED, ids=[f"{d}: {line}" for d, line in DOCUMENTED])
def test_a_documented_command_line_is_understood(document, line):
    words = split(line)
    if words[0].startswith("-"):
        assert words[0] in options_of(create_cli())
        return
    if words[0] in THEIRS:
        return
    assert words[0] in COMMANDS, f"{document}: no command {words[0]!r}"
    command, rest = leaf(words)
    if isinstance(command, click.Group):
        assert re.fullmatch(r"\{[a-z,]+\}", rest[0]) if rest else True, f"{document}: no command in ttskit {line}"
        assert not rest or set(rest[0].strip("{}").split(",")) <= set(command.commands)
        return
    if rest and "…" not in rest:  # a mention such as `ttskit demo` needs no arguments
        try:
            command.make_context(words[0], list(rest))
        except click.BadParameter as error:
            assert "does not exist" in error.message, f"{document}: ttskit {line}: {error.message}"
    given = dict(pairwise(rest))
    if "--recipe" in given:
        assert given["--recipe"] in shipped_recipes() or given["--recipe"].endswith((".yaml", ".yml"))
    for model in given.get("--model", "").split(",") + given.get("--models", "").split(","):
        assert model in {*MODELS, *THEIRS, ""} or model.isupper(), f"{document}: no model {model!r}"
    if words[:2] in (["plugins", "show"], ["plugins", "check"]):
        assert rest[0] in {*MODELS, *THEIRS, *REGISTRY.all("frontend")} or rest[0].isupper()
    for word, value in pairwise(rest):
        if word == "--set" and not value.partition("=")[2].isupper():
            load_recipe("base", [value], REGISTRY)


@pytest.mark.parametrize(("file", "line"), sorted(set(messages())), ids=lambda value: value)
def test_commands_that_messages_advise_have_these_options(file, line):
    advised = re.split(r"[,;:)]? (?:then|or|again|\()\b| \| ", line)[0]  # what follows, in words or by a pipe, is not ours
    command, _ = leaf(advised.split())
    if not isinstance(command, click.Group):
        for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", advised):
            assert option in options_of(command), f"{file}: ttskit {line}"


def create_cli() -> click.Command:
    from ttskit.cli import cli

    return cli


@pytest.mark.parametrize("document", DOCUMENTS)
def test_named_files_exist(document):
    text = text_of(document)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    named = [link for link in re.findall(r"\]\(([^)#]+)\)", prose) if "://" not in link]
    tops = r"(?:ttskit|plugins|tests|recipes|benchmarks|\.ci)/"
    named += [name for name in re.findall(r"`([^`\s]+)`", prose) if re.match(tops + r"|[\w.-]+\.(?:md|toml|txt|cfg)$", name)]
    places = (CHECKOUT, (CHECKOUT / document).parent)  # links are relative to their document
    missing = [name for name in named if not any(list(place.glob(name.rstrip("/"))) for place in places)]
    assert missing == [], f"{document} names what is not there"


def test_modules_of_the_architectures_table_exist():
    """Each row names a folder or files, and the modules in it that are public."""
    rows = re.findall(r"^\| (`.+?) \| (.+?) \| (.+?) \|$", text_of("ARCHITECTURE.md"), flags=re.MULTILINE)
    assert len(rows) > 10
    for place, knows, _ in rows:
        folder = re.match(r"`([^`]+)`", place).group(1)
        for name in re.findall(r"`(\w+)`", knows) if folder.endswith("/") and "*" not in folder else []:
            assert (CHECKOUT / folder / f"{name}.py").is_file() or name[0].isupper(), f"{folder} has no {name}"
        base = CHECKOUT / "ttskit"
        for name in re.findall(r"`([^`]+\.py)`", place):
            assert (base / name.removeprefix("ttskit/")).is_file(), f"no {name}"
    packages = {p.name for p in (CHECKOUT / "ttskit").iterdir() if p.is_dir() and (p / "__init__.py").is_file()}
    named = set(re.findall(r"`ttskit/(\w+)/`", text_of("ARCHITECTURE.md")))
    assert packages == named
    modules = {p.stem for p in (CHECKOUT / "ttskit").glob("*.py")} - {"__init__", "__main__"}
    assert modules <= set(re.findall(r"(\w+)\.py`", text_of("ARCHITECTURE.md")))


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), flags=re.MULTILINE))
    for document in (*DOCUMENTS, ".ci/run"):
        code = re.findall(r"`(make [^`\n]*)`|^(make .*)$", text_of(document), flags=re.MULTILINE)
        for found in code:
            for part in "".join(found).split("&&"):
                words = part.split("#")[0].split()
                assert words[1] in targets, f"{document}: {part}"


def test_the_readmes_recipe_is_valid(tmp_path):
    recipes = re.findall(r"```yaml\n(.*?)```", text_of("README.md"), flags=re.DOTALL)
    assert recipes
    for index, content in enumerate(recipes):
        path = tmp_path / f"{index}.yaml"
        path.write_text(content, encoding="utf-8")
        assert load_recipe(path, registry=REGISTRY).training_for("fastpitch").steps == 50_000


def test_the_readmes_python_names_what_exists():
    import inspect

    from ttskit.synthesis import Voice

    code = "\n".join(re.findall(r"```python\n(.*?)```", text_of("README.md"), flags=re.DOTALL))
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    names = {node.func.attr for node in calls if isinstance(node.func, ast.Attribute)}
    assert names == {"load_voice", "synthesize", "save"}
    assert callable(ttskit.load_voice)
    known = set(inspect.signature(Voice.synthesize).parameters)
    assert {k.arg for call in calls if call.func.attr == "synthesize" for k in call.keywords} <= known


def test_every_recipe_says_what_it_is_for_and_how_to_use_it():
    for name, path in shipped_recipes().items():
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# ") and len(first) > 20, name
