"""Spellings that no Spanish word has, respelt by rule, for loans and names that no lexicon lists.

Each rule needs a sequence that Spanish spelling does not use, so that Spanish words pass untouched.
"""

from __future__ import annotations

from ttskit_spanish.pattern import Pattern

_RULES: tuple[tuple[str, str], ...] = (
    (r"^dj", "y"),  # djembé
    (r"tx", "ch"),  # Basque and Catalan: pintxo
    (r"tsch", "ch"),  # kitsch
    (r"sch(?=[aouáóúlmnrtwv]|$)", "sh"),  # Schumacher; but Schiaretti, Bianchi
    (r"(?<!no)cc(?:i(?=[aou]s?$)|(?=is?$))", "ch"),  # focaccia, Gucci; but acción, equinoccio
    (r"tions?$", "shon"),  # Foundation
    (r"(?<!z)(?<!^)(?:oo(?=[mkfdt])|oo(?=[lnp]s?$)|oo$)", "u"),  # room, cookie, cool, shampoo; but zootecnia, oocito
    (r"ee(?=[kp]|[tlmz]s?$)", "i"),  # geek, jeep; but leer, leed, desee
    (r"(?<=.{3})ing$", "in"),  # shopping
    (r"(?<=[^aeiou])y(?=s$)", "i"),
    (r"nn(?=$|(?:y|ie|ers?)$)", "n"),  # Kenny, spinner; but innovar, dígannos, circunnavegar
)  # fmt: skip
_COMPILED = tuple((Pattern(pattern), replacement) for pattern, replacement in _RULES)

MARKS = Pattern(r"dj|tx|sch|cci|tion|oo|ee|ing|ys$|nn")
_SPANISH_DOUBLES = Pattern(
    r"^(?:co|micro|macro|auto|proto|neo|fito|zoo|foto|radio|bio|geo|video|electro|termo|meteoro|psico|socio|p?re|sobre|entre)"
    r"(?=oo|o[a-z]|ee|e[a-z])|^(?:al|mo|lo|azo)o"
)


def hispanicise(word: str) -> str:
    """`word` with its un-Spanish sequences respelt.

    >>> [hispanicise(w) for w in ("footing", "gucci", "spinner", "innovar", "cooperar", "reemplazar", "zoomorfo", "leer")]
    ['futin', 'guchi', 'spiner', 'innovar', 'cooperar', 'reemplazar', 'zoomorfo', 'leer']
    """
    doubles = _SPANISH_DOUBLES.match(word)
    for pattern, replacement in _COMPILED:
        if doubles is not None and replacement in ("u", "i"):
            continue
        word = pattern.sub(replacement, word)
    return word
