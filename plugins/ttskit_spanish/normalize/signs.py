"""Punctuation, quotes and dashes of dialogue, symbols, and what is silent."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context
from ttskit_spanish.normalize.settle import MARKS, add, add_mark
from ttskit_spanish.pattern import Pattern

_QUOTES = frozenset("\"'«»“”„‟‘’‚‛‹›`´")
_SILENT = frozenset("•▪‣◦●○■□►▶·*_\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff\u00ad")
_SYMBOLS = {
    "%": "por ciento",
    "&": "y",
    "@": "arroba",
    "#": "numeral",
    "+": "más",
    "=": "igual a",
    "×": "por",
    "÷": "dividido",
    "<": "menor que",
    ">": "mayor que",
    "≤": "menor o igual que",
    "≥": "mayor o igual que",
    "≠": "distinto de",
    "±": "más menos",
    "√": "raíz de",
    "π": "pi",
    "≈": "aproximadamente",
    "§": "sección",
    "©": "copyright",
    "®": "marca registrada",
    "™": "marca registrada",
    "°": "grados",
    "º": "grados",
    "€": "euros",
    "£": "libras",
    "¥": "yenes",
    "¢": "centavos",
    "$": "pesos",
    "µ": "micro",
    "∞": "infinito",
    "~": "aproximadamente",
    "^": "elevado a",
    "|": "barra vertical",
    "\\": "barra invertida",
}

_AMOUNT = Pattern(r"[^\W\d_]{0,3}[$€£¥₡₲₩₧₹][ \xa0]?\d")  # -US$ 20
_VARIABLE = Pattern(r"(?:^|[ (])[a-zA-Z] $")  # x - y = 3
_OPERATIONS = frozenset(("más", "menos", "por", "dividido"))
_MARKUP = Pattern(r"</?(?:b|i|u|em|strong|p|br|hr|span|div|sub|sup|small|h[1-6]|li|ul|ol|a|font)(?:\s[^<>]{0,200})?/?>")


def read_sign(text: str, at: int, context: Context) -> int:
    """Read the character at `at` that is no letter, digit, space, hyphen or emoji; returns the end."""
    pieces, character, end = context.pieces, text[at], at + 1
    after = text[end : end + 1]
    in_words = bool(pieces) and pieces[-1].kind != "mark"
    if character == "<" and (markup := _MARKUP.match(text, at)):
        context.silent(at, markup.end(), "markup")
        return markup.end()
    if character == "~" and (after == "~" or (at and text[at - 1] == "~")):
        context.silent(at, end, "formatting")
        return end
    if character == "." and after == ".":
        while text[end : end + 1] == ".":
            end += 1
        add_mark(context, "…", at, end)
    elif character in MARKS:
        if MARKS[character] != "—" or pieces:
            add_mark(context, MARKS[character], at, end)
        else:
            context.silent(at, end, "dash that opens a dialogue")
    elif character == "*" and after.isdecimal():
        add(context, "asterisco", (at, end), "symbol")
    elif character in _QUOTES:
        context.silent(at, end, "quotes")
    elif character in _SILENT:
        context.silent(at, end, "formatting")
    elif text.startswith("(h)", at) and in_words:
        end = at + 3
        add(context, "hijo", (at, end), "abbreviation", "the younger of two")
    elif character in "([{)]}":
        opens = character in "([{"
        if in_words and (opens or text[end : end + 2].strip()[:1].isalnum()):
            add_mark(context, ",", at, end)
        else:
            context.silent(at, end, "bracket")
    elif character == "/":
        between = text[at - 1 : at].isspace() and after.isspace()
        if between and pieces and pieces[-1].kind == "number":
            add(context, "dividido", (at, end), "symbol")
        elif in_words:
            add_mark(context, ",", at, end)
        else:
            context.silent(at, end, "slash")
    elif character in _SYMBOLS:
        add(context, _SYMBOLS[character], (at, end), "symbol")
    else:
        context.report(at, end)
    return end


def read_dash(text: str, at: int, context: Context) -> int:
    """Minus before a number, a dash between spaces, nothing inside a word."""
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    pieces, span = context.pieces, (at, at + 1)
    starts = before == "" or before.isspace() or before in "(["
    operand = bool(pieces) and (pieces[-1].kind == "number" or _VARIABLE.search(text, max(0, at - 3), at) is not None)
    between_numbers = after.isspace() and context.equation and operand
    if len(pieces) > 1 and pieces[-2].text in _OPERATIONS and pieces[-2].kind == "symbol" and after.isspace():
        between_numbers = True  # 2 + x - 1
    if starts and (after.isnumeric() or text[at] == "−" or _AMOUNT.match(text, at + 1) or between_numbers):
        add(context, "menos", span, "symbol", "minus")
    elif starts and pieces:
        add_mark(context, "—", *span)
    else:
        context.silent(*span, "hyphen")
    return at + 1
