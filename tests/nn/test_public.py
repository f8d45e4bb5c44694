"""What `ttskit.nn` offers is what its modules say, documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import ttskit.nn


def test_everything_public_can_be_imported_from_the_package_and_says_what_it_is():
    names = []
    for info in pkgutil.iter_modules(ttskit.nn.__path__):
        module = importlib.import_module(f"ttskit.nn.{info.name}")
        for name in module.__all__:
            part = getattr(ttskit.nn, name)
            assert part is getattr(module, name), name
            if inspect.isclass(part) or inspect.isfunction(part):  # a constant or an alias of a type has its comment
                assert inspect.getdoc(part), f"{name} has no docstring"
            names.append(name)
    assert sorted(names) == sorted(ttskit.nn.__all__)
