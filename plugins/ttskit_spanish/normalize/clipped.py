"""Words cut short with a point in notices: courts, budgets, timetables, results, weather, advertisements, places."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.nouns import gender_of
from ttskit_spanish.pattern import Pattern

# Cut short -> in full; the plural after a number other than one is made by rule.
_WORDS = {
    "abst": "abstención", "presup": "presupuesto", "civ": "civil", "crim": "criminal",
    "correc": "correccional", "corr": "correccional", "jud": "judicial", "apel": "apelaciones", "instr": "instrucción",
    "dict": "dictamen", "cert": "certificado", "contr": "contrato", "decl": "declaración", "interv": "intervención",
    "sent": "sentencia", "sents": "sentencias", "jurisp": "jurisprudencia", "legisl": "legislación", "const": "constitución",
    "incl": "incluido", "créd": "crédito", "cred": "crédito", "div": "dividido", "lum": "luminoso", "balc": "balcón",
    "monoamb": "monoambiente", "pat": "patio", "parr": "parrilla", "imp": "impecable", "imperd": "imperdible",
    "efvo": "efectivo", "efect": "efectivo", "ctdo": "contado", "contad": "contado", "financ": "financiación",
    "fcia": "farmacia", "estud": "estudiantes", "emp": "empleado", "empl": "empleado", "env": "envío", "envs": "envíos",
    "grat": "gratis", "inmob": "inmobiliaria", "refacc": "refaccionado", "recicl": "reciclado", "amobl": "amoblado",
    "amueb": "amueblado", "bno": "bueno", "bna": "buena", "nvo": "nuevo", "nva": "nueva", "desay": "desayuno",
    "alm": "almuerzo", "tarj": "tarjeta", "tarjs": "tarjetas", "transf": "transferencia", "anticip": "anticipo",
    "negoc": "negociable", "urg": "urgente", "unid": "unidad", "cerr": "cerrado", "cont": "contrafrente",
    "indep": "independiente", "escrit": "escritura", "frec": "frecuencia", "term": "terminal", "agto": "agosto",
    "hum": "humedad", "precip": "precipitaciones", "nub": "nublado", "prob": "probabilidad", "visib": "visibilidad",
    "reb": "rebote", "asist": "asistencia", "amon": "amonestado", "clasif": "clasificación", "elim": "eliminatorias",
    "semif": "semifinal", "trim": "trimestre", "sem": "semestre", "bim": "bimestre", "mens": "mensual", "anu": "anual",
    "acum": "acumulado", "interan": "interanual", "intermens": "intermensual", "var": "variación",
    "ptje": "puntaje", "fact": "factura", "subtot": "subtotal", "ctdad": "cantidad", "capac": "capacidad", "dipl": "diploma",
    "cab": "cabecera", "vent": "ventanilla", "contrib": "contribución",
    "munic": "municipal", "subsid": "subsidio", "reglam": "reglamentario", "ampl": "amplio",
    "antig": "antigüedad", "escr": "escritura", "garant": "garantía", "mant": "mantenimiento", "ubic": "ubicación",
    "inmed": "inmediata", "coment": "comentarios", "vehíc": "vehículo", "vehic": "vehículo",
    "combust": "combustible", "aut": "automático",
    "fte": "frente", "cfte": "contrafrente", "ctrafte": "contrafrente", "contraf": "contrafrente", "plataf": "plataforma",
    "gge": "garaje", "ctro": "centro", "perm": "permuto", "tit": "titular", "gcia": "gerencia",
    "propiet": "propietario", "vig": "vigilancia", "segur": "seguridad", "orient": "orientación",
    "consult": "consultar", "ptda": "partida", "lleg": "llegada", "dem": "demora",
    "recorr": "recorrido", "pasaj": "pasajeros", "bol": "boleto", "cdra": "cuadra", "cdras": "cuadras",
    "jub": "jubilados", "pens": "pensionados", "asig": "asignación", "aguin": "aguinaldo",
    "legis": "legislador", "candid": "candidato", "enc": "encuesta", "estad": "estadística",
    "export": "exportaciones", "invers": "inversiones", "benef": "beneficiarios",
    "coef": "coeficiente", "porcent": "porcentaje", "tot": "total", "comis": "comisión",
    "edific": "edificio", "constr": "construcción", "condic": "condiciones", "cond": "condiciones",
    "estac": "estacionamiento", "superf": "superficie", "pav": "pavimento", "ilum": "iluminación",
    "oblig": "obligatorio", "requis": "requisitos", "excl": "excluyente", "zonif": "zonificación",
}  # fmt: skip
LONG = frozenset(("csi", *(word for word in _WORDS if len(word) > 6)))
# Words of their own, or common in other senses: only where a word of the same matter stands near.
_NEAR = {
    "imp": frozenset("casa departamento monoambiente vendo vende pe hache modelo kilómetros estado luminoso auto".split()),
    "cont": frozenset("frente luminoso ambientes".split()),
    "hum": frozenset("grados máxima mínima temperatura térmica lluvia viento presión".split()),
    "aut": frozenset("modelo caja kilómetros vendo".split()),
    "corr": frozenset("criminal juzgado".split()),
    "sem": frozenset("primer segundo primero".split()),
    "alm": frozenset("desayuno cena".split()),
}
_CLIPPED = Pattern(r"([A-Za-zÁÉÍÓÚÑáéíóúñ]{3,10})\.(?![^\W_])")
_LETTERS = Pattern(r"(i\.[ \xa0]?[am]\.|p\.[ \xa0]?[pb]\.|p/p(?![^\W_]))")
_IN_FULL = {"ia": "interanual", "im": "intermensual", "pp": "puntos porcentuales", "pb": "puntos básicos"}
_RATES = frozenset("riesgo país tasa tasas interés rendimiento bono bonos fed subió bajó recortó".split())
_FOR_EACH = frozenset("precio valor costo tarifa pesos dólares euros".split())
# What is counted; the others do not change after a number.
_THINGS = frozenset(
    "abstención presupuesto certificado contrato dictamen crédito balcón patio empleado envío tarjeta transferencia unidad "
    "anticipo rebote asistencia amonestado semifinal trimestre semestre bimestre factura cabecera ventanilla vehículo "
    "desayuno almuerzo terminal impuesto".split()
)
_PLACES = {
    ("S", "M"): "san martín", ("S", "C"): "san carlos", ("S", "S"): "san salvador", ("C",): "concepción",
    ("M",): "mar", ("S", "R"): "santa rosa", ("S", "F"): "santa fe", ("V",): "villa", ("S", "A"): "san antonio",
    ("G",): "general", ("R",): "río", ("C", "R"): "comodoro rivadavia", ("S", "J"): "san josé", ("S", "N"): "san nicolás",
}  # fmt: skip
_PLACE = Pattern(
    r"(S)\.[ \xa0]?(M)\.(?=[ \xa0]de[ \xa0](?:los Andes|Tucum))|(S)\.[ \xa0]?(C)\.(?=[ \xa0]de[ \xa0]Bariloche)|"
    r"(S)\.[ \xa0]?(S)\.(?=[ \xa0]de[ \xa0]Jujuy)|(S)\.[ \xa0]?(A)\.(?=[ \xa0]de[ \xa0](?:Areco|los Cobres|Giles))|"
    r"(S)\.[ \xa0]?(N)\.(?=[ \xa0]de[ \xa0]los[ \xa0]Arroyos)|(S)\.[ \xa0]?(R)\.(?=[ \xa0]de[ \xa0](?:Calamuchita|Toay))|"
    r"(C)\.(?=[ \xa0]del[ \xa0]Uruguay)|(M)\.(?=[ \xa0]del[ \xa0](?:Plata|Tuy))|"
    r"(V)\.(?=[ \xa0](?:Carlos[ \xa0]Paz|Gesell|La[ \xa0]Angostura|Crespo|Devoto|Urquiza|Lugano|Ballester|María[ ,.]))|"
    r"(R)\.(?=[ \xa0](?:Gallegos|Cuarto|Tercero|Grande))|(G)\.(?=[ \xa0](?:Pico|Roca|Alvear)[ ,.])"
)

# Adjectives, in the gender and number of the word before: cocina refacc., expensas incl.
_ADJECTIVES = frozenset(
    "incluido dividido luminoso reciclado refaccionado amoblado amueblado cerrado habilitado "
    "acumulado obligatorio automático".split()
)
_INTEREST = Pattern(r"csi(?![^\W_])", re.IGNORECASE)
_GENERATION = Pattern(r"gen\.", re.IGNORECASE)
_DEED = Pattern(r"esc\.(?=[ \xa0](?:inm|al día|ok|a cargo))", re.IGNORECASE)
_ZONE = Pattern(r"z/[ \xa0]?(?=[A-ZÁÉÍÓÚÑ])")
_AIR = Pattern(r"a/a(?![^\W_])|a\.a\.(?=[ \xa0]?[,;y]|[ \xa0]?$)", re.IGNORECASE)
_SEASONAL = Pattern(r"temp\.", re.IGNORECASE)
_SECONDARY = Pattern(r"Sec\.")
_GOVERNOR = Pattern(r"gob\.(?=[ \xa0][A-ZÁÉÍÓÚÑ])")
_CAPITAL = Pattern(r"Cap\.(?=[ \xa0]Hum)")
_HOUR = Pattern(r"hs\.?(?![^\W_])")
_DEEP = frozenset("metro metros kilómetro kilómetros centímetros".split())
_WEEKLY = Pattern(r"sem\.", re.IGNORECASE)
_SURFACE = Pattern(r"m[²2](?![^\W_])")
_COSTS = Pattern(r"exp\.(?=[ \xa0](?:baj|alt|incl|muy|m[ií]n))", re.IGNORECASE)
_HIGHWAY = Pattern(r"Aut?\.(?=[ \xa0][A-ZÁÉÍÓÚÑ][a-záéíóúñ])")
_GRADUATE = Pattern(r"prof\.", re.IGNORECASE)
_SENT = frozenset("envío envíos enviamos entrega entregas delivery reparto".split())
_HOME = Pattern(r"dom\.", re.IGNORECASE)
_BOOK = Pattern(r"[TF][º°](?=[ \xa0]?\d)")
_FOLIO_AHEAD = Pattern(r"T[º°][ \xa0]?\d+[ \xa0,-]+[FL][º°]")
_MINISTER = Pattern(r"[Mm]in\.(?=[ \xa0]de(?:l| la)?[ \xa0](?:la[ \xa0])?[A-ZÁÉÍÓÚ])")
_STATION = Pattern(r"Est\.(?=[ \xa0][A-ZÁÉÍÓÚ])")
_SCHOOL = Pattern(r"Esc\.(?=[ \xa0](?:[Nn][.º°ro]{1,4}[ \xa0]?\d|(?:Téc|Prim|Sec|Nac|Normal|Media)))")
_SECRETARY = Pattern(r"Sec(?:ret)?\.(?=[ \xa0][Nn][.º°ro]{1,4}[ \xa0]?\d)")
_HOLIDAYS = Pattern(r"fer\.", re.IGNORECASE)
_DAYS = frozenset("lunes viernes sábado sábados domingo domingos y".split())
_ROOM = Pattern(r"hab\.", re.IGNORECASE)
_EXPERIENCE = Pattern(r"exp\.", re.IGNORECASE)
_WORK = frozenset(
    "busca busco buscamos necesita necesito empleado empleada vendedor vendedora cocinero cocinera chofer mozo moza operario "
    "personal ayudante ofrezco requiere excluyente mínima años niñera albañil plomero electricista secretaria cajera".split()
)
_REFERENCES = Pattern(r"refs?\.", re.IGNORECASE)
_LIABLE = Pattern(
    r"resp\.(?=[ \xa0](?:civil|objetiva|subjetiva|penal|limitada|solidaria|parental|extra|contract))", re.IGNORECASE
)
_REGULATING = Pattern(r"reg\.", re.IGNORECASE)
_QUARTER = Pattern(r"([1-4])(T|Q|S)(?![^\W_])")
_PERIODS = {"T": "trimestre", "Q": "trimestre", "S": "semestre"}
_NTH = ("primer", "segundo", "tercer", "cuarto")
_ENDING = Pattern(r"\s*$")


def read_clipped(text: str, at: int, context: Context) -> Found | None:
    """A word cut short, in the plural after a number; letters of budgets; places by their initials.

    >>> def read(t, at=0):
    ...     from ttskit_spanish.normalize.reader import normalize
    ...
    ...     return " ".join(p.text for p in normalize(t).pieces)
    >>> read("5 abst. y"), read("creció 3% i.a. en el 2T"), read("S. M. de los Andes")
    ('cinco abstenciones y', 'creció tres por ciento interanual en el segundo trimestre', 'san martín de los andes')
    >>> read("T° 4 F° 12"), read("el min. de Economía"), read("hab. c/ ref.")
    ('tomo cuatro folio doce', 'el ministro de economía', 'habitación con referencias .')
    """
    if text[at] in "SCMVRG" and (place := _PLACE.match(text, at)):
        return _PLACES[tuple(filter(None, place.groups()))], place.end(), "a place shortened"
    if text[at] in "TF" and (book := _BOOK.match(text, at)):
        if text[at] == "F" or _FOLIO_AHEAD.match(text, at):
            return ("tomo" if text[at] == "T" else "folio"), book.end(), "volume and page of a register"
        return None
    if text[at] in "ip" and (letters := _LETTERS.match(text, at)):
        return _of_letters(letters[1], letters.end(), text, context)
    special = _special(text, at, context)
    if special is not None:
        return special
    match = _CLIPPED.match(text, at)
    said = _WORDS.get(match[1].lower()) if match is not None else None
    if match is None or said is None or (match[1].isupper() and not context.shouting):
        return None
    if match[1] == "Div":
        said = "división"
    near = _NEAR.get(match[1].lower())
    if near is not None and context.recent(10).isdisjoint(near):
        return None
    return _counted(said, context), _end(text, match.end()), "cut short"


def _special(text: str, at: int, context: Context) -> Found | None:
    """Those that their neighbours explain."""
    before = context.before()
    if before in ("el", "la", "al", "del", "los") and (match := _MINISTER.match(text, at)):
        return (
            ("ministerio" if text[at] == "M" else "ministra" if before == "la" else "ministro"),
            match.end(),
            "an office follows",
        )
    if before in ("escuela", "colegio") and (match := _SECONDARY.match(text, at)):
        return ("secundario" if before == "colegio" else "secundaria"), match.end(), "after a school"
    for pattern, said in ((_STATION, "estación"), (_SCHOOL, "escuela"), (_SECRETARY, "secretaría")):
        if match := pattern.match(text, at):
            return said, match.end(), "a name or number follows"
    if before in _DAYS and (match := _HOLIDAYS.match(text, at)):
        return "feriados", _end(text, match.end()), "after days"
    if match := _ROOM.match(text, at):
        near = context.recent(4)
        if not context.pieces or not near.isdisjoint(("alquilo", "alquila", "busco", "ofrezco", "comparto", "casa")):
            return "habitación", _end(text, match.end()), "of an advertisement"
    if before in ("con", "sin", "años") and not context.recent(12).isdisjoint(_WORK) and (match := _EXPERIENCE.match(text, at)):
        return "experiencia", _end(text, match.end()), "of an advertisement"
    if before in ("con", "sin", "buenas") and (match := _REFERENCES.match(text, at)):
        return "referencias", _end(text, match.end()), "of an advertisement"
    if context.pieces and context.pieces[-1].kind == "number" and (match := _INTEREST.match(text, at)):
        return "cuota sin interés" if context.pieces[-1].text == "una" else "cuotas sin interés", match.end(), "after a number"
    if context.pieces and context.pieces[-1].kind == "ordinal" and (match := _GENERATION.match(text, at)):
        return "generación", _end(text, match.end()), "after an ordinal"
    if match := _DEED.match(text, at):
        return "escritura", match.end(), "of a house"
    if match := _ZONE.match(text, at):
        return "zona", at + 2, "before a place"
    if match := _AIR.match(text, at):
        return "aire acondicionado", _end(text, match.end()), "of an advertisement"
    if before in ("alquilo", "alquilan", "alquila") and (match := _SEASONAL.match(text, at)):
        return "temporario", match.end(), "of an advertisement"
    if before in ("el", "al", "del") and (match := _GOVERNOR.match(text, at)):
        return "gobernador", match.end(), "a name follows"
    if before in ("ministerio", "ministra", "de") and (match := _CAPITAL.match(text, at)):
        return "capital", match.end(), "of a ministry"
    if before == "la" and (match := _HOUR.match(text, at)):
        return "hora", _end(text, match.end()), "one hour"
    if before == "de" and not context.recent(5).isdisjoint(_DEEP) and (match := _GRADUATE.match(text, at)):
        return "profundidad", _end(text, match.end()), "after a depth"
    if before in ("pago", "cobro", "sueldo") and (match := _WEEKLY.match(text, at)):
        return "semanal", _end(text, match.end()), "after a payment"
    if before in ("el", "los", "del", "por", "cada") and (match := _SURFACE.match(text, at)):
        return ("metros" if before == "los" else "metro") + " cuadrado" + "s" * (before == "los"), match.end(), "by area"
    if match := _COSTS.match(text, at):
        return "expensas", match.end(), "costs of a flat"
    if match := _HIGHWAY.match(text, at):
        return "autopista", match.end(), "a name follows"
    if before in ("apto", "registro", "carnet", "título", "matrícula") and (match := _GRADUATE.match(text, at)):
        return "profesional", _end(text, match.end()), "of an advertisement"
    if before == "a" and not context.recent(4).isdisjoint(_SENT) and (match := _HOME.match(text, at)):
        return "domicilio", _end(text, match.end()), "of an advertisement"
    if match := _LIABLE.match(text, at):
        return "responsabilidad", match.end(), "of law"
    if before == "decreto" and (match := _REGULATING.match(text, at)):
        return "reglamentario", match.end(), "after a decree"
    return None


def _of_letters(written: str, end: int, text: str, context: Context) -> Found | None:
    """i.a. and p.p. after a figure, p/p after a price."""
    key = "".join(c for c in written if c.isalpha())
    last = context.pieces[-1] if context.pieces else None
    if "/" in written:
        paid = last is not None and (last.kind == "money" or last.text in _FOR_EACH)
        return ("por persona", end, "after a price") if paid else None
    if last is None or not (last.kind in ("number", "measure", "portion") or last.text in ("ciento", "porcentual")):
        return None
    if key == "pb" and context.recent(24).isdisjoint(_RATES):
        return None  # planta baja
    return _IN_FULL[key], _end(text, end), "after a figure"


def read_period(text: str, at: int, context: Context) -> Found | None:
    """2T, 1S after an article or "en": a quarter or half of a year.

    >>> from ttskit_spanish.normalize.piece import Piece
    >>> def read(t, before):
    ...     found = read_period(t, 0, Context(t, "es-AR", [Piece(before, (0, 0))]))
    ...     return found and found[0]
    >>> read("2T", "el"), read("1S", "del"), read("3S", "el"), read("2T", "los")
    ('segundo trimestre', 'primer semestre', None, None)
    """
    match = _QUARTER.match(text, at) if context.before() in ("el", "del", "al") else None
    number = int(match[1]) if match is not None else 0
    if match is None or (match[2] == "S" and number > 2):
        return None
    return f"{_NTH[number - 1]} {_PERIODS[match[2]]}", match.end(), "part of a year"


def _counted(said: str, context: Context) -> str:
    """The plural after a number that is not one; an adjective as the word before it."""
    last = context.pieces[-1] if context.pieces else None
    if said in _ADJECTIVES and said[-1] == "o":
        noun = last.text if last is not None and last.kind in ("word", "abbreviation") and len(last.text) > 3 else ""
        many = noun.endswith("s") and noun not in ("gratis", "lunes")
        return said[:-1] + ("a" if noun and gender_of(noun) == "f" else "o") + "s" * many
    if said not in _THINGS or last is None or last.kind != "number" or last.text in ("un", "una", "uno") or said[-1] == "s":
        return said
    if said.endswith("ción"):
        return said[:-2] + "ones"
    return said + ("s" if said[-1] in "aeiou" else "es")


def _end(text: str, end: int) -> int:
    """The end without a point that ends the text."""
    return end - 1 if text[end - 1] == "." and _ENDING.match(text, end) else end
