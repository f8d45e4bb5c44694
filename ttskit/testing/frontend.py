"""Checks for frontends."""

from __future__ import annotations

from ttskit.articulation import feature_problems
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.frontend import Frontend, FrontendFingerprint
from ttskit.symbols import SymbolTable
from ttskit.testing.checks import CheckResult, need, run_checks

TEXTS = ("Hola, ¿cómo andás?", "Son las 10 y 25.", "¡Che! Llueve… ya.", "a", "Niño: pingüino; está.")


def check_frontend(plugin: Plugin) -> list[CheckResult]:
    """Checks a frontend built with its default options."""
    frontend: Frontend = plugin.load()()

    def symbols() -> None:
        table = frontend.symbols
        need(SymbolTable.from_json(table.to_json()) == table, "the symbol table changes when it is saved and read back")
        need(
            table.silent <= set(table.symbols),
            f"silent symbols missing from the table: {sorted(table.silent - set(table.symbols))}",
        )

    def features() -> None:
        table = frontend.symbols
        strange = [s for s in table.features if s not in table]
        need(not strange, f"features of symbols that are not in the table: {strange[:5]}")
        problems = feature_problems(table.features)
        need(not problems, f"features that cannot be compared with another frontend's: {'; '.join(problems[:3])}")

    def tokens() -> None:
        for text in TEXTS:
            analysis = frontend.analyze(text)
            frontend.symbols.ids(analysis.tokens)
            need(len(analysis.tokens) == len(analysis.token_words), f"{text!r}: token_words has another length than tokens")
            need(frontend.symbols.pad not in analysis.tokens, f"{text!r}: padding appears among the tokens")
            bad = [w for w in analysis.token_words if w is not None and not 0 <= w < len(analysis.words)]
            need(not bad, f"{text!r}: token_words points at words that do not exist: {bad}")

    def spans() -> None:
        for text in TEXTS:
            analysis = frontend.analyze(text)
            need(len(analysis.words) > 0, f"{text!r}: no words")
            for word in analysis.words:
                need(
                    0 <= word.span[0] < word.span[1] <= len(analysis.text), f"{text!r}: word {word.text!r} has span {word.span}"
                )

    def deterministic() -> None:
        again: Frontend = plugin.load()()
        for text in TEXTS:
            need(
                frontend.analyze(text) == again.analyze(text) == frontend.analyze(text),
                f"{text!r} is read differently each time",
            )

    def unknown() -> None:
        analysis = frontend.analyze("hola \u4f60 che")
        found = [(u.character, u.position) for u in analysis.unknown]
        need(
            ("\u4f60", 5) in found,
            f"an unknown character is dropped without being reported with its position (reported: {found})",
        )
        need(len(analysis.words) >= 2, "the text around an unknown character is lost")

    def empty() -> None:
        for text in ("", "   \n"):
            analysis = frontend.analyze(text)
            spoken = [t for t in analysis.tokens if t not in frontend.symbols.silent]
            need(not analysis.words and not spoken, f"empty text {text!r} gives tokens {analysis.tokens}")

    def fingerprint() -> None:
        mine = frontend.fingerprint()
        need(mine.name == plugin.name, f"the fingerprint's name {mine.name!r} differs from the plugin's {plugin.name!r}")
        need(FrontendFingerprint.from_json(mine.to_json()) == mine, "the fingerprint changes when it is saved and read back")
        need(
            plugin.load()(**mine.options).fingerprint() == mine,
            "building from the fingerprint's options gives another fingerprint",
        )

    return run_checks(
        {
            "symbol table": symbols,
            "articulatory features": features,
            "tokens are in the table": tokens,
            "spans": spans,
            "determinism": deterministic,
            "unknown characters are reported": unknown,
            "empty text": empty,
            "fingerprint rebuilds the frontend": fingerprint,
        }
    )
