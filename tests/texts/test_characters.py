"""Characters that get into corpora by copying: what is seen stays, what is not goes."""

import pytest

from ttskit.texts import readable

SEEN = {
    "decomposed": ("¿Co\u0301mo anda\u0301s, pingu\u0308ino? Man\u0303ana", "¿Cómo andás, pingüino? Mañana"),
    "soft hyphens": ("computa\u00addora y re\u00adloj", "computadora y reloj"),
    "space of no width in a word": ("lin\u200bda", "linda"),
    "space of no width between words": ("Buenos\u200bAires", "Buenos Aires"),
    "space of no width beside a space": ("los chicos\u200b juegan", "los chicos juegan"),
    "joiner in a word": ("sabés\u200d que", "sabés que"),
    "joiner in an emoji": ("familia 👨\u200d👩\u200d👧", "familia 👨\u200d👩\u200d👧"),
    "word joiner": ("hermano\u2060 trabaja", "hermano trabaja"),
    "mark inside": ("un cielo\ufeff azul", "un cielo azul"),
    "marks of direction": ("\u200eHola\u200f, \u202ache\u202c \u2066vos\u2069", "Hola, che vos"),
    "line separator": ("uno\u2028dos\u2029tres", "uno dos tres"),
    "next line and vertical tab": ("uno\x85dos\x0btres\x0ccuatro", "uno dos tres cuatro"),
    "controls": ("ho\x07la\tche", "ho la che"),
    "full width": ("Ｈｏｌａ，\u3000ｃｈｅ： ２０２５", "Hola, che: 2025"),
    "ligatures": ("El oﬁcial ﬂaco y el eﬃciente", "El oficial flaco y el efficiente"),
    "signs of several letters": ("25 ℃, 5 ㎞, № 5, ① uno", "25 °C, 5 km, N.º 5, 1 uno"),
    "Cyrillic twins": ("Нola, Аrgentina, mаñаnа", "Hola, Argentina, mañana"),
    "Greek twins": ("Βuenos dΙas", "Buenos dIas"),
    "Cyrillic words": ("dice привет", "dice привет"),
    "a Cyrillic word that looks Latin": ("СОРТ", "СОРТ"),
    "mixed without twins": ("fooж", "fooж"),
    "signs that are read": ("2ª, 3.º, 5 m², ½, “sí”… —no—", "2ª, 3.º, 5 m², ½, “sí”… —no—"),
    "spaces": ("  uno   dos\u00a0tres ", "uno dos tres"),
}


@pytest.mark.parametrize("kind", SEEN)
def test_what_is_seen_is_what_is_read(kind):
    written, seen = SEEN[kind]
    assert readable(written) == seen and readable(seen) == seen
