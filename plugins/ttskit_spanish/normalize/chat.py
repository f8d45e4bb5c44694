"""Words as people type them to each other: dsps, tkm, bldo, q and xq, stressed where they ask."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.settle import squeeze
from ttskit_spanish.normalize.typed import CHAT
from ttskit_spanish.pattern import Pattern

# Those that ask are stressed: their other form.
_ASKING = {"que": "qué", "porque": "por qué", "cuando": "cuándo", "donde": "dónde", "como": "cómo", "quien": "quién",
           "quienes": "quiénes"}  # fmt: skip
_WORD = Pattern(
    r"[a-zñá]{1,9}\d?(?![^\W_]|[.'’)]\w|-\w)|100pre(?!\w)|Q(?=[ \xa0][a-záéíóúñ])|"
    r"[A-ZÑ][a-zñá]{2,8}(?![^\W_]|[.'’)]\w|-\w)|(?:[XP]q|Dsps?|Dps|Tkm|Tqm|Tmb)(?![^\W_])"
)
_FOR_WHAT = Pattern(r"[xX][ \xa0]?q(?=[ \xa0?!.,]|$)")
_END = Pattern(r"[.!?\n…]")
_ONE_LETTER = frozenset(("q", "d", "k", "t", "m"))
_SPOKEN = frozenset(("word", "abbreviation", "mark"))
_NO_PRONOUN = frozenset("es son y e o u a de del en por más menos igual vale con cuadrado".split())
_LETTERS = frozenset(
    "letra la el una eje vitamina grupo punto clase valor variable factor sea que los las opción plan hepatitis talle".split()
)
_BEFORE_ASKING = frozenset(
    "a de con para por en hasta desde y pero che bueno ok dale entonces vos igual ah eh uh boludo boluda amigo".split()
)
_WONDER = frozenset(
    "sé sabe sabés sabemos saben saber sabía decime contame explicame pregunto preguntó entiendo entendí entendés mirá".split()
)
_INFINITIVE = Pattern(r"[ \xa0][a-záéíóúñ]{1,12}[aeií]r(?:me|te|se|lo|la|le|nos|los|las|les)?(?![^\W_])")


def read_chat(text: str, at: int, context: Context) -> Found | None:
    """A word typed short, if nothing about it says that it is letters.

    >>> def read(t):
    ...     found = read_chat(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("dsps te llamo"), read("q hacés?"), read("xq no fui"), read("xq no fuiste?"), read("x q no?"), read("km")
    ('después', 'qué', 'porque', 'por qué', 'por qué', None)
    """
    why = _FOR_WHAT.match(text, at)
    if why is not None and (why.end() == len(text) or text[why.end()] != "=") and not context.equation:
        return _answer("porque", text, why.end(), context)
    match = _WORD.match(text, at)
    if match is None:
        return None
    written = match.group()
    low = written.lower() if written.lower() in CHAT else squeeze(written.lower())
    if low not in CHAT and low[-1:] == low[-2:-1]:
        low = low[:-1]  # bldaa
    said = CHAT.get(low)
    if said is None:
        return None
    if low in _ONE_LETTER:
        follows = context.after(match.end())
        if (context.before() in _LETTERS and not (low in ("m", "t") and context.before() == "que")) or (
            low != "d" and low != "q" and not (follows.islower() and len(follows) > 1)
        ):
            return None
        if low == "k" and context.before() and context.before() not in _BEFORE_ASKING:
            return None
        if low == "m" and follows in _NO_PRONOUN:
            return None  # m es la masa
        if low in ("k", "t", "m") and (not follows or (context.pieces and context.pieces[-1].kind not in _SPOKEN)):
            return None
        if (written == "Q" and context.before()) or text[match.end() : match.end() + 1] in (".", "'", "’", ")"):
            return None
    if said in _ASKING:
        return _answer(said, text, match.end(), context)
    return said, match.end(), "as people type"


def _answer(said: str, text: str, end: int, context: Context) -> Found:
    """que or qué: asked where a question begins with it, or what is wondered."""
    before = context.before()
    if before in _WONDER and (said != "que" or _INFINITIVE.match(text, end)):
        return _ASKING[said], end, "as people type: what is wondered"
    if before == "no" and said == "que":
        return said, end, "as people type"
    stop = _END.search(text, end, end + 400)
    opened = bool(context.pieces) and context.pieces[-1].text == "¿"
    asked = opened or (stop is not None and stop.group() == "?")
    if asked:
        words = 0
        for piece in reversed(context.pieces):
            if piece.kind == "mark":
                break
            words += 1
        first = (
            words == 0
            or (words <= 2 and (said != "que" or before in _BEFORE_ASKING))
            or (said == "que" and before in ("a", "de", "por"))
        )
        if first:
            return _ASKING[said], end, "as people type: asked"
    elif said == "donde" and not before:
        return _ASKING[said], end, "as people type: asked"
    return said, end, "as people type"
