"""Every example in the package's docstrings is run."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import ttskit_spanish

MODULES = [m.name for m in pkgutil.walk_packages(ttskit_spanish.__path__, "ttskit_spanish.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name):
    result = doctest.testmod(import_module(name))
    assert result.failed == 0


def test_there_are_examples():
    assert sum(len([t for t in doctest.DocTestFinder().find(import_module(n)) if t.examples]) for n in MODULES) > 30
