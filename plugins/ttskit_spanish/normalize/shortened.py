"""Abbreviations that only what stands around them explains: D. Juan, Int. Güiraldes, Bº Norte."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.pattern import Pattern

# Before a name in capitals; before a number they are what `abbreviations` says (int. 12, cap. 3, esc. B).
_BEFORE_NAME = {
    "int": "intendente", "intend": "intendente", "pres": "presidente", "alte": "almirante", "brig": "brigadier",
    "gdor": "gobernador",
    "gob": "gobernador", "min": "ministro", "dip": "diputado", "sen": "senador", "cap": "capitán", "dir": "director",
    "cmdte": "comandante", "cte": "comandante", "may": "mayor", "cabo": "cabo", "sec": "secretario", "pbro": "presbítero",
    "fr": "fray", "emb": "embajador", "cont": "contador", "esc": "escribano", "conc": "concejal", "rev": "reverendo",
    "vicealte": "vicealmirante", "contraalte": "contraalmirante", "com": "comodoro", "pte": "presidente", "sn": "san",
    "almte": "almirante", "hna": "hermana", "hnas": "hermanas", "psic": "psicólogo", "mtra": "maestra", "crio": "comisario",
    "fco": "francisco", "gmo": "guillermo", "st": "saint", "comp": "compañero",
}  # fmt: skip
_FEMININE = {"intendente": "intendenta", "presidente": "presidenta", "gobernador": "gobernadora", "ministro": "ministra",
             "diputado": "diputada", "senador": "senadora", "director": "directora", "secretario": "secretaria",
             "contador": "contadora", "escribano": "escribana", "psicólogo": "psicóloga", "embajador": "embajadora",
             "doctor": "doctora", "ingeniero": "ingeniera", "licenciado": "licenciada", "profesor": "profesora",
             "arquitecto": "arquitecta"}  # fmt: skip
# Before "de": an office, not a person.
_OFFICES = {"min": "ministerio", "dir": "dirección", "sec": "secretaría", "secr": "secretaría", "subsec": "subsecretaría",
            "pres": "presidencia", "gob": "gobierno", "int": "intendencia", "com": "comisión", "inst": "instituto",
            "fed": "federación"}  # fmt: skip
_POINTED = Pattern(r"([A-Za-z]{2,10})\.[ \xa0](?=([A-ZÁÉÍÓÚÑ][\wáéíóúñü.]|(?:de|del) ))")
# Without their point, before a name: Dr Paz, Av Mitre.
_BARE = {
    "Dr": "doctor", "Dra": "doctora", "Sr": "señor", "Sra": "señora", "Srta": "señorita", "Sres": "señores",
    "Lic": "licenciado",
    "Ing": "ingeniero", "Prof": "profesor", "Arq": "arquitecto", "Av": "avenida", "Avda": "avenida", "Gral": "general",
    "Cnel": "coronel", "Tte": "teniente", "Sto": "santo", "Sta": "santa", "Pte": "presidente", "Pje": "pasaje", "Bv": "bulevar",
    "Pcia": "provincia", "Cap": "capitán", "Sgto": "sargento", "Alte": "almirante", "Gdor": "gobernador", "Dña": "doña",
}  # fmt: skip
_POINTLESS = Pattern(r"([A-Z][a-zñ]{1,4})[ \xa0](?=[A-ZÁÉÍÓÚÑ](?:[a-záéíóúñü]|\.)|\d+ de )")
_DON = Pattern(r"(D|Da|Dª|D\.ª|Dn|Dña)\.?[ \xa0](?=([A-ZÁÉÍÓÚÑ][a-záéíóúñü]+))")
_DON_NAMES = frozenset(
    "juan josé pedro pablo luis carlos manuel antonio francisco miguel jesús ángel javier fernando diego ramón rafael enrique "
    "alfonso felipe jorge martín santiago domingo bernardo bernardino cornelio mariano hipólito vicente justo bartolomé julio "
    "faustino segundo ricardo benito lorenzo tomás andrés alonso rodrigo gonzalo álvaro gaspar melchor baltasar quijote sancho "
    "agustín joaquín ignacio gregorio león nicolás esteban arturo alberto alejandro eduardo ernesto federico gabriel germán "
    "guillermo gustavo horacio hugo leopoldo marcelo mario óscar osvaldo raúl roberto rodolfo rubén sebastián sergio víctor "
    "walter atahualpa sixto zenón isidro isidoro jacinto fermín saturnino eusebio anselmo clodomiro evaristo rosa maría ana "
    "inés "
    "carmen teresa isabel juana josefa dolores mercedes pilar concepción encarnación remedios manuela elvira elena lucía marta "
    "beatriz catalina francisca antonia petrona rosario luisa emilia sofía victoria".split()
)
_QUARTER = Pattern(r"B(?:º|°|o\.)[ \xa0]?(?=[A-ZÁÉÍÓÚÑ\d])|Bo\.[ \xa0](?=[A-ZÁÉÍÓÚÑ])")
_REDUCED = Pattern(r"\d{1,2} ?%")
_MARIA = Pattern(r"M(?:a\.|ª\.?)[ \xa0](?=[A-ZÁÉÍÓÚÑ])")


def read_shortened(text: str, at: int, context: Context) -> Found | None:
    """A shortened word read by its neighbours.

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t):
    ...     found = read_shortened(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("D. Juan"), read("D. Trump"), read("Int. Güiraldes"), read("int. 12"), read("Min. de Salud"), read("Dr Paz")
    ('don', None, 'intendente', None, 'ministerio', 'doctor')
    >>> read("Bº Norte"), read("dto. 20%")
    ('barrio', 'descuento')
    """
    first = text[at]
    match = _DON.match(text, at) if first == "D" else None
    if match is not None and match[2].lower() in _DON_NAMES:
        return ("don" if match[1] in ("D", "Dn") else "doña"), match.end() - 1, "don before a name"
    match = _MARIA.match(text, at) if first == "M" else None
    if match is not None:
        return "maría", match.end() - 1, "a name shortened"
    match = _QUARTER.match(text, at) if first == "B" else None
    if match is not None:
        return "barrio", match.end(), "quarter"
    if text[at : at + 4].lower() == "dto." and (_REDUCED.match(text, at + 5) or context.before() == "ciento"):
        return "descuento", at + 4, "reduction"
    if text[at : at + 4].lower() == "exp." and context.before() in ("más", "con", "sin"):
        return "expensas", at + 4, "costs of a flat"
    match = _POINTLESS.match(text, at)
    if match is not None and match[1] in _BARE:
        return _of_woman(_BARE[match[1]], context), at + len(match[1]), "title without its point"
    match = _POINTED.match(text, at)
    if match is None:
        return None
    key = match[1].lower()
    if match[2].startswith("de"):
        said = _OFFICES.get(key) if key != "fed" or not context.before() else None  # Cámara Fed. de Casación
        return (said, at + len(key) + 1, "office") if said is not None and match[1][0].isupper() else None
    said = _BEFORE_NAME.get(key)
    if said is None or (key in ("gob", "com", "may", "sec", "min", "cont", "conc", "rev", "cap") and not match[1][0].isupper()):
        return None
    return _of_woman(said, context), at + len(key) + 1, "title before a name"


def _of_woman(said: str, context: Context) -> str:
    return _FEMININE.get(said, said) if context.before() in ("la", "señora") else said
