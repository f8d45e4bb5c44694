"""How people shorten words when they type to each other, and what is meant."""

from __future__ import annotations

CHAT = {
    "xk": "porque", "xfa": "porfa", "xfi": "porfi", "tmb": "también", "tmbn": "también", "tbn": "también", "tbm": "también",
    "tb": "también", "tmbien": "también", "msj": "mensaje", "msjs": "mensajes", "mje": "mensaje", "mjes": "mensajes",
    "bn": "bien",
    "dde": "desde", "dsd": "desde", "d": "de", "xd": "equis de", "grax": "gracias", "grcs": "gracias", "gcs": "gracias",
    "pls": "plis",
    "dsps": "después", "dsp": "después", "dps": "después", "desps": "después", "dspues": "después", "tkm": "te quiero mucho",
    "tqm": "te quiero mucho", "tkmm": "te quiero mucho", "tqmm": "te quiero mucho", "tq": "te quiero", "tk": "te quiero",
    "bss": "besos", "bsos": "besos", "bso": "beso", "bsito": "besito", "abz": "abrazo", "abzo": "abrazo", "abzs": "abrazos",
    "bldo": "boludo", "bld": "boludo", "blda": "boluda", "bldos": "boludos", "bldas": "boludas", "mñn": "mañana",
    "mñna": "mañana",
    "mñana": "mañana", "gde": "grande", "gdes": "grandes", "ntp": "no te preocupes", "npi": "ni puta idea",
    "nqv": "nada que ver",
    "vdd": "verdad", "fds": "fin de semana", "salu2": "saludos", "slds": "saludos", "sldos": "saludos",
    "100pre": "siempre", "tds": "todos", "tdos": "todos", "tdo": "todo", "tda": "toda", "vms": "vamos", "hsta": "hasta",
    "kpo": "capo",
    "cdo": "cuando", "qdo": "cuando", "cndo": "cuando", "dnd": "donde", "cmo": "como", "qn": "quien",
    "qnes": "quienes",
    "xq": "porque", "pq": "porque", "xke": "porque", "porq": "porque", "q": "que", "k": "que", "ke": "que", "t": "te",
    "nd": "nada",
    "mcho": "mucho", "tmpr": "temprano", "pdo": "puedo", "qro": "quiero", "qiero": "quiero", "mcha": "mucha", "mchas": "muchas",
    "mchos": "muchos", "trbjo": "trabajo", "lpm": "la puta madre", "ddp": "de puta madre",
    "xfvr": "por favor",
    "pfvr": "por favor", "pfv": "por favor", "hna": "hermana", "hno": "hermano",
    "cn": "con", "vrns": "viernes", "sbdo": "sábado", "dmgo": "domingo",
}  # fmt: skip

_LONG = {word: said for word, said in CHAT.items() if len(word) > 1 and word.isalpha()}
# Without those of one letter, letters as well; with the last letter held too (bldaa): read so wherever they come from.
SURE = {word + word[-1]: said for word, said in _LONG.items()} | _LONG
