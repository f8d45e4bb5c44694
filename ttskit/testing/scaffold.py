"""A new plugin's distribution, written from templates: it installs, conforms and does something as it stands."""

from __future__ import annotations

import keyword
import shutil
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from ttskit import __version__
from ttskit.errors import PluginError
from ttskit.plugins import Registry, create_registry

__all__ = ["SCAFFOLDS", "Scaffold", "new_plugin"]


@dataclass(frozen=True)
class Scaffold:
    """A kind of distribution that can be written.

    Args:
        kind: of the plugin in it, as `ttskit plugins list` calls it.
        summary: of the plugin, until its author writes another.
        use: a command line that uses it, for its README.
    """

    kind: str
    summary: str
    use: str


SCAFFOLDS = {
    "acoustic-model": Scaffold(
        "acoustic model",
        "parallel transformer that learns its own alignment",
        "ttskit train --model @name@ --data prepared --run runs/@name@",
    ),
    "vocoder": Scaffold(
        "vocoder",
        "convolutions and an inverse Fourier transform",
        "ttskit train --model @name@ --data prepared --run runs/@name@",
    ),
    "frontend": Scaffold("frontend", "letters as tokens", 'ttskit text phonemize "¿Cómo andás?" --frontend @name@'),
    "metric": Scaffold("measurement", "share of silence in each sample", "ttskit compare runs/a runs/b -o comparison"),
    "measurement": Scaffold("measurement", "levels, with a section of their own", "ttskit compare runs/a runs/b -o comparison"),
    "command": Scaffold("command", "Count the tokens that a text is read as", 'ttskit @command@ "son 21 casas"'),
    "reader": Scaffold(
        "corpus reader", "a table texts.tsv (file, speaker, text)", "ttskit prepare recordings --reader @name@ --out prepared"
    ),
}


def new_plugin(name: str, kind: str, folder: Path | str = ".", registry: Registry | None = None) -> Path:
    """Write the distribution `ttskit-NAME` into `folder`; returns its folder. Nothing that exists is touched.

    Args:
        name: of the plugin, and of its package `ttskit_NAME`: lower-case letters, digits and "_", a letter first.
        kind: a key of `SCAFFOLDS`.
        folder: where the distribution's own folder is made.
        registry: whose names are taken; what is installed, if not given.

    Raises:
        PluginError: a name that is no package's or is taken; an unknown kind; a folder that exists.
    """
    if kind not in SCAFFOLDS:
        raise PluginError(f"unknown kind {kind!r}", f"kinds: {', '.join(SCAFFOLDS)}", "choose one of these")
    _check_name(name, SCAFFOLDS[kind].kind, registry or create_registry())
    target = Path(folder) / f"ttskit-{name.replace('_', '-')}"
    if target.exists() or target.is_symlink():
        raise PluginError(f"{target} exists", "nothing in it was touched", "choose another name, or another folder with --out")
    target.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))  # all of it or nothing
    try:
        for path, text in _contents(name, kind).items():
            (making / path).parent.mkdir(parents=True, exist_ok=True)
            (making / path).write_text(text, encoding="utf-8", newline="\n")
        making.chmod(0o755)  # mkdtemp's folder is its owner's alone
        making.rename(target)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return target


def _check_name(name: str, kind: str, registry: Registry) -> None:
    if not (name.isascii() and name.isidentifier() and name == name.lower() and name[0] != "_") or keyword.iskeyword(name):
        why = "the package is called ttskit_NAME, the class after it"
        raise PluginError(f"{name!r} cannot be the name of a plugin", why, "lower-case letters, digits and '_', a letter first")
    if kind == "command":
        name = name.replace("_", "-")
    if (kind, name) in registry.found or (kind, name) in registry.taken:
        raise PluginError(f"the {kind} {name!r} exists already", "a name offered twice is refused", "choose another name")
    if find_spec(f"ttskit_{name.replace('-', '_')}") is not None:
        raise PluginError(
            f"there is a package ttskit_{name} already", "two packages of one name hide each other", "choose another"
        )


def _contents(name: str, kind: str) -> dict[str, str]:
    """Text by path in the distribution."""
    scaffold, words = SCAFFOLDS[kind], name.replace("_", " ")
    title = words[0].upper() + words[1:]
    places = {
        "@summary@": scaffold.summary,
        "@use@": scaffold.use,
        "@kind@": scaffold.kind,
        "@version@": __version__,
        "@title@": words,
        "@Title@": title,
        "@Class@": "".join(word[:1].upper() + word[1:] for word in name.split("_")),
        "@command@": name.replace("_", "-"),
        "@dashed@": name.replace("_", "-"),
        "@name@": name,
    }
    found = {}
    for part in ("distribution", kind):
        for template in files("ttskit.testing").joinpath("templates", part).iterdir():
            file = template.name.removesuffix(".txt")
            text = template.read_text(encoding="utf-8")
            for place, value in places.items():
                text = text.replace(place, value)
            if part == "distribution":
                found[file] = text
            else:
                found[f"tests/test_{name}.py" if file == "test.py" else f"ttskit_{name}/{file}"] = text
    if kind == "command":
        found["README.md"] = found["README.md"].replace(f"plugins check {name} ", f"plugins check {places['@command@']} ")
    return found
