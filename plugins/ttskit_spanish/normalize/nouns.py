"""Gender of the noun that a number counts, from its ending (RAE & ASALE, Nueva gramática, ch. 2)."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context
from ttskit_spanish.pattern import Pattern

# Words after which no counted noun stands: the number is read in its own form (uno, veintiuno).
_NO_NOUN = frozenset(
    "a al ante con contra de del desde en entre hacia hasta para por según sin sobre tras y e o u ni que si pero sino "
    "el la los las lo "
    "un una es son era eran fue fueron está están hay ha han he se me te nos le les no sí ya más menos como cuando "
    "donde porque "
    "también muy todo todos esta este ese esa mi tu su".split()
)
_MASCULINE = frozenset(
    "día días problema problemas sistema sistemas tema temas programa programas idioma idiomas clima climas mapa mapas "
    "planeta planetas "
    "poema poemas drama dramas síntoma síntomas fantasma fantasmas cometa cometas tranvía tranvías sofá sofás yoga puma pumas "
    "gramo diploma diplomas telegrama telegramas kilograma panoramas dilema dilemas lema lemas aroma aromas crucigrama "
    "crucigramas "
    "dálmatas jamás atrás quizás artistas colegas pijama pijamas gorila gorilas koala koalas papa".split()
)
_FEMININE = frozenset(
    "vez veces noche noches tarde tardes calle calles clase clases ley leyes flor flores parte partes mujer mujeres "
    "llave llaves nube nubes "
    "voz voces luz luces cruz cruces fuente fuentes mente mentes red redes pared paredes cárcel cárceles piel pieles "
    "señal señales sal "
    "imagen imágenes orden órdenes razón razones gente base bases serie series especie especies superficie mano manos "
    "moto motos "
    "foto fotos radio radios frase frases fase fases nave naves torre torres muerte muertes suerte sangre leche carne carnes "
    "nariz raíz raíces hélice índole crisis tesis dosis síntesis bases hambre catedral catedrales capital capitales "
    "vocal vocales "
    "hectáreas provincias tribu tribus costumbre costumbres cumbre cumbres madre madres miel labor labores actriz "
    "actrices".split()
)
_FEMININE_ENDING = Pattern(r"(?:[cgstx]ión|[cgstx]iones|[dt]ad|[dt]ades|tud|tudes|umbres?|ez|eces|as?)$")
# "1 de cada 4 chicas": the noun comes later.
# Finite verbs: una mujer de 31 murió.
VERB = Pattern(r"(?:[aiy]r?eron|aron|aban|ían|[aei]rán?|[aei]ría|[b-df-hj-np-tv-z]ó|estaba|tenía|sufrió|fue)$")
# Feminine nouns that begin with a stressed a: un arma, un aula (RAE & ASALE, Nueva gramática, 14.2).
_UN = frozenset(
    "agua águila ala alba alga alma alza ama anca ancla ánfora ansia arca área arma arpa asa asma aula aura ave acta "
    "ánima áncora haba habla hacha hada hambre haya".split()
)
_GROUP = Pattern(r"\s+de\s+(?:ell|l|est|es|nosotr)(a|o)s(?![^\W\d_])(?!\s+\d)")
_LATER = Pattern(r"\s+de\s+(?:cada|las|los|entre)\s+(?:[\d.]+\s+)?([^\W\d_]+)")


def gender_after(context: Context, at: int) -> str:
    """ "m", "f" or "n" (no noun follows) for a number that ends at `at`.

    >>> from ttskit_spanish.normalize.context import Context
    >>> [gender_after(Context(t, "es-AR"), 2) for t in ("21 libros", "21 casas", "21 días", "21 de mayo", "21")]
    ['m', 'f', 'm', 'n', 'n']
    """
    written = context.after(at)
    word = written.lower()
    if word == "de":
        group = _GROUP.match(context.text, at)
        if group:
            return "f" if group[1].lower() == "a" else "n"
        later = _LATER.match(context.text, at)
        word = later[1].lower() if later else word
    if not word or word in _NO_NOUN:
        return "f" if context.before() in ("la", "las") else "n"  # a la 1, a las 21: hours
    if word in _UN:
        return "m"
    if VERB.search(word) and word not in _MASCULINE and context.before() == "de":
        return "n"
    if written[0].isupper() and not written.isupper() and context.before():
        return "n"  # Boca 2-1 River: a name is not counted
    return gender_of(word)


def gender_of(word: str) -> str:
    """ "m" or "f" of a lower-case noun.

    >>> [gender_of(w) for w in ("casas", "problema", "manos", "canciones", "perro", "ciudades")]
    ['f', 'm', 'f', 'f', 'm', 'f']
    """
    if word in _MASCULINE:
        return "m"
    return "f" if word in _FEMININE or _FEMININE_ENDING.search(word) else "m"
