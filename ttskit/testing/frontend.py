"""Checks for frontends."""

from __future__ import annotations

from functools import cached_property

from ttskit.articulation import feature_problems
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.frontend import Analysis, Frontend, FrontendFingerprint
from ttskit.symbols import SymbolTable
from ttskit.testing.checks import Check, CheckList, CheckResult, misspelt, need, run_checks

__all__ = ["TEXTS", "check_frontend", "frontend_checks"]

TEXTS = ("Hola, ¿cómo andás?", "Son las 10 y 25.", "¡Che! Llueve… ya.", "a", "Niño: pingüino; está.")

_CHECKS = CheckList()


class _Subject:
    """A frontend built with its default options, and what it reads in the texts."""

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin

    @cached_property
    def frontend(self) -> Frontend:
        return self.plugin.load()()

    @cached_property
    def analyses(self) -> dict[str, Analysis]:
        return {text: self.frontend.analyze(text) for text in TEXTS}


def frontend_checks(plugin: Plugin) -> list[Check]:
    """The checks of a frontend built with its default options."""
    return _CHECKS.of(plugin.kind, plugin.name, _Subject(plugin))


def check_frontend(plugin: Plugin) -> list[CheckResult]:
    """Run them all."""
    return run_checks(frontend_checks(plugin))


@_CHECKS("declared facts are true")
def _facts(subject: _Subject) -> None:
    facts = subject.plugin.facts
    misspelt(facts, ("language", "small_options"))
    need(bool(facts.get("language")), "the description does not declare the fact 'language'")
    name = subject.frontend.name
    need(name == subject.plugin.name, f"the frontend calls itself {name!r}, its description {subject.plugin.name!r}")


@_CHECKS("symbol table")
def _symbols(subject: _Subject) -> None:
    table = subject.frontend.symbols
    need(SymbolTable.from_json(table.to_json()) == table, "the symbol table changes when it is saved and read back")
    missing = sorted(table.silent - set(table.symbols))
    need(not missing, f"silent symbols missing from the table: {missing}")


@_CHECKS("articulatory features")
def _features(subject: _Subject) -> None:
    table = subject.frontend.symbols
    strange = [s for s in table.features if s not in table]
    need(not strange, f"features of symbols that are not in the table: {strange[:5]}")
    problems = feature_problems(table.features)
    need(not problems, f"features that cannot be compared with another frontend's: {'; '.join(problems[:3])}")


@_CHECKS("tokens are in the table")
def _tokens(subject: _Subject) -> None:
    for text, analysis in subject.analyses.items():
        subject.frontend.symbols.ids(analysis.tokens)
        need(len(analysis.tokens) == len(analysis.token_words), f"{text!r}: token_words has another length than tokens")
        need(subject.frontend.symbols.pad not in analysis.tokens, f"{text!r}: padding appears among the tokens")
        bad = [w for w in analysis.token_words if w is not None and not 0 <= w < len(analysis.words)]
        need(not bad, f"{text!r}: token_words points at words that do not exist: {bad}")
        order = [w for w in analysis.token_words if w is not None]
        need(order == sorted(order), f"{text!r}: token_words goes back to an earlier word: {order}")


@_CHECKS("spans")
def _spans(subject: _Subject) -> None:
    for text, analysis in subject.analyses.items():
        need(len(analysis.words) > 0, f"{text!r}: no words")
        size = len(analysis.text)
        for word in analysis.words:
            inside = 0 <= word.span[0] < word.span[1] <= size
            need(inside, f"{text!r}: word {word.text!r} has span {word.span}, the text has {size} characters")


@_CHECKS("readings cover the text")
def _readings(subject: _Subject) -> None:
    """A frontend that gives readings covers every character by one of them, or lists it as unknown."""
    for text, analysis in subject.analyses.items():
        if not analysis.readings:
            continue
        covered = {place for reading in analysis.readings for place in range(*reading.span)}
        covered |= {unknown.position for unknown in analysis.unknown}
        left = sorted(set(range(len(analysis.text))) - covered)
        need(not left, f"{text!r}: no reading covers {[analysis.text[i] for i in left[:5]]} at {left[:5]}")
        wrong = [r for r in analysis.readings if analysis.text[slice(*r.span)] != r.text]
        need(not wrong, f"{text!r}: a reading says {wrong[0].text!r} of {wrong[0].span}" if wrong else "")


@_CHECKS("determinism")
def _deterministic(subject: _Subject) -> None:
    again: Frontend = subject.plugin.load()()
    for text, analysis in subject.analyses.items():
        same = analysis == again.analyze(text) == subject.frontend.analyze(text)
        need(same, f"{text!r} is read differently each time")


@_CHECKS("unknown characters are reported")
def _unknown(subject: _Subject) -> None:
    analysis = subject.frontend.analyze("hola \u4f60 che")
    found = [(u.character, u.position) for u in analysis.unknown]
    fault = f"an unknown character is dropped without being reported with its position (reported: {found})"
    need(("\u4f60", 5) in found, fault)
    need(len(analysis.words) >= 2, "the text around an unknown character is lost")


@_CHECKS("empty text")
def _empty(subject: _Subject) -> None:
    for text in ("", "   \n"):
        analysis = subject.frontend.analyze(text)
        spoken = [t for t in analysis.tokens if t not in subject.frontend.symbols.silent]
        need(not analysis.words and not spoken, f"empty text {text!r} gives tokens {analysis.tokens}")


@_CHECKS("fingerprint rebuilds the frontend")
def _fingerprint(subject: _Subject) -> None:
    plugin, mine = subject.plugin, subject.frontend.fingerprint()
    need(mine.name == plugin.name, f"the fingerprint's name {mine.name!r} differs from the plugin's {plugin.name!r}")
    need(FrontendFingerprint.from_json(mine.to_json()) == mine, "the fingerprint changes when it is saved and read back")
    rebuilt = plugin.load()(**mine.options).fingerprint()
    need(rebuilt == mine, "building from the fingerprint's options gives another fingerprint")
