"""Everyday abbreviations."""

from __future__ import annotations

import re

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.pattern import Pattern

# Written (lower case) -> said. Those with a space or a sign inside are tried first, the longest first.
_TABLE = {
    "bs. as.": "buenos aires", "bs as": "buenos aires", "ee. uu.": "estados unidos", "ee.uu.": "estados unidos",
    "ee.uu": "estados unidos",
    "eeuu": "estados unidos",
    "a. c.": "antes de cristo", "a.c.": "antes de cristo", "d. c.": "después de cristo", "d.c.": "después de cristo",
    "p. ej.": "por ejemplo", "p.ej.": "por ejemplo", "s/n": "sin número", "c/u": "cada uno", "y/o": "y o", "s.a.": "ese a",
    "s. a.": "ese a", "s.r.l.": "ese erre ele", "n.º": "número", "n.°": "número", "nº": "número", "n°": "número",
    "nro.": "número",
    "nro": "número", "núm.": "número", "n.os": "números", "av.": "avenida", "avda.": "avenida", "avs.": "avenidas",
    "bv.": "bulevar",
    "pje.": "pasaje", "dr.": "doctor", "dra.": "doctora", "dres.": "doctores", "sr.": "señor", "sra.": "señora",
    "srta.": "señorita",
    "sres.": "señores", "sras.": "señoras", "lic.": "licenciado", "ing.": "ingeniero", "arq.": "arquitecto",
    "prof.": "profesor",
    "profa.": "profesora", "pte.": "presidente", "pdte.": "presidente", "gral.": "general", "cnel.": "coronel",
    "cap.": "capítulo",
    "tte.": "teniente", "sgto.": "sargento", "mons.": "monseñor", "sto.": "santo", "sta.": "santa", "ud.": "usted",
    "uds.": "ustedes",
    "vd.": "usted", "vds.": "ustedes", "pcia.": "provincia", "prov.": "provincia", "cía.": "compañía", "cia.": "compañía",
    "etc.": "etcétera",
    "aprox.": "aproximadamente", "pág.": "página", "págs.": "páginas", "pag.": "página", "vol.": "volumen",
    "vols.": "volúmenes",
    "art.": "artículo", "arts.": "artículos", "inc.": "inciso", "tel.": "teléfono", "tel": "teléfono", "tels.": "teléfonos",
    "cel.": "celular", "depto.": "departamento", "dpto.": "departamento", "dto.": "departamento", "esq.": "esquina",
    "ed.": "edición",
    "máx.": "máximo", "mín.": "mínimo", "int.": "interno", "ext.": "extensión", "hno.": "hermano",
    "hnos.": "hermanos",
    "vs.": "versus", "vs": "versus", "fig.": "figura", "figs.": "figuras", "gob.": "gobierno", "admin.": "administración",
    "atte.": "atentamente", "tv": "te ve", "km": "kilómetro", "hs": "horas", "hs.": "horas", "kg": "kilo", "ec": "era común",
    "ej.": "ejemplo", "fdo.": "firmado", "dpto": "departamento", "depto": "departamento", "mtro.": "maestro",
    "cte.": "corriente",
    "ref.": "referencia", "cód.": "código", "trad.": "traducción", "izq.": "izquierda", "der.": "derecha",
    "c.p.": "código postal",
    "cdad.": "ciudad", "gta.": "glorieta", "ntra.": "nuestra", "ntro.": "nuestro", "excmo.": "excelentísimo", "urss": "urs",
    "cd": "ce de", "nros.": "números", "fac.": "facultad", "univ.": "universidad", "t°": "temperatura",
    "exp.": "expediente", "expte.": "expediente", "pref.": "prefecto", "subte.": "subteniente", "cmte.": "comandante",
    "ctes.": "corrientes", "gtía.": "garantía", "suc.": "sucursal", "mza.": "manzana",
    "bvar.": "bulevar", "diag.": "diagonal", "entrep.": "entrepiso", "pta.": "puerta", "dptos.": "departamentos",
    "deptos.": "departamentos", "lics.": "licenciados", "ings.": "ingenieros", "profs.": "profesores",
    "q.e.p.d.": "que en paz descanse",
    "q. e. p. d.": "que en paz descanse", "p.d.": "posdata", "p. d.": "posdata", "v.gr.": "verbigracia", "rte.": "remitente",
    "dcha.": "derecha", "tlf.": "teléfono", "tfno.": "teléfono", "pza.": "plaza", "plza.": "plaza", "ctra.": "carretera",
    "urb.": "urbanización", "ptas.": "pesetas", "cgo.": "cargo", "hab.": "habitantes", "habs.": "habitantes",
    "lun.": "lunes", "mié.": "miércoles", "jue.": "jueves", "vie.": "viernes", "sáb.": "sábado", "dom.": "domingo",
    "amb.": "ambientes", "exc.": "excelente", "esc.": "escalera", "ctvs.": "centavos", "dña.": "doña",
    "a. de c.": "antes de cristo", "d. de c.": "después de cristo",
    "y ss.": "y siguientes", "km/h": "kilómetros por hora", "n/a": "no aplica", "nac.": "nacional",
    "cdor.": "contador", "cdora.": "contadora",
    "abog.": "abogado", "mg.": "magíster", "mgter.": "magíster", "téc.": "técnico", "hosp.": "hospital",
    "vto.": "vencimiento", "ff.aa.": "fuerzas armadas", "ff. aa.": "fuerzas armadas", "rr.hh.": "recursos humanos",
    "rr. hh.": "recursos humanos", "dd.hh.": "derechos humanos", "dd. hh.": "derechos humanos",
    "mod.": "modelo", "const.": "constitución", "comp.": "comprimido", "comps.": "comprimidos", "jr.": "júnior",
    "fco.": "francisco",
    "alte.": "almirante", "almte.": "almirante", "brig.": "brigadier", "gdor.": "gobernador", "sgo.": "santiago",
    "cta.": "cuenta", "cta. cte.": "cuenta corriente", "inst.": "instituto", "dir.": "dirección",
    "dir. gral.": "dirección general",
    "min.": "minutos", "secr.": "secretaría", "sec.": "secretaría", "subsec.": "subsecretaría", "cf.": "confróntese",
    "cfr.": "confróntese", "íd.": "ídem", "ib.": "ibídem", "ibíd.": "ibídem", "op. cit.": "obra citada",
    "ob. cit.": "obra citada",
    "et al.": "y otros", "n. de la r.": "nota de la redacción", "n. del t.": "nota del traductor",
    "cap. fed.": "capital federal",
    "asoc.": "asociación", "fund.": "fundación", "soc.": "sociedad", "coop.": "cooperativa", "bibl.": "biblioteca",
    "fed.": "federal", "cs.": "ciencias", "cám.": "cámara", "dist.": "distrito", "loc.": "localidad", "cant.": "cantidad",
    "prom.": "promedio",
    "pto.": "puerto", "ptos.": "puntos", "temp.": "temperatura", "adm.": "administración", "lcdo.": "licenciado",
    "lcda.": "licenciada", "dras.": "doctoras", "srtas.": "señoritas", "arqs.": "arquitectos", "pbro.": "presbítero",
    "hna.": "hermana", "hnas.": "hermanas", "aux.": "auxiliar", "subj.": "subjuntivo", "edif.": "edificio", "doc.": "documento",
    "tít.": "título", "apdo.": "apartado", "párr.": "párrafo", "obs.": "observaciones", "cat.": "categoría",
    "nº.": "número", "n°.": "número", "p/d": "posdata", "a/c": "a cargo", "tpo.": "tiempo",
    "s. r. l.": "ese erre ele",
    "bco.": "banco", "munic.": "municipalidad", "muni.": "municipalidad", "leg.": "legajo", "reg.": "registro",
    "mat.": "matrícula",
    "i.e.": "es decir", "i. e.": "es decir", "e.g.": "por ejemplo", "e. g.": "por ejemplo", "ap.": "apartado",
    "sr/a": "señor o señora", "sres/as": "señores y señoras", "hno/a": "hermano o hermana",
    "a. e. c.": "antes de la era común", "a.e.c.": "antes de la era común", "d. e. c.": "después de la era común",
    "d.e.c.": "después de la era común", "a. n. e.": "antes de nuestra era", "a.n.e.": "antes de nuestra era",
    "e. c.": "era común", "e.c.": "era común", "v.º b.º": "visto bueno", "c.º": "camino",
    "p.º": "paseo", "excmo. sr.": "excelentísimo señor", "excma.": "excelentísima", "ilmo.": "ilustrísimo",
    "ilma.": "ilustrísima", "rvdo.": "reverendo", "rvda.": "reverenda",
    "prof.ª": "profesora", "dr.ª": "doctora", "sr.ª": "señora", "ip": "i pe", "vda.": "viuda", "afmo.": "afectísimo",
    "flia.": "familia", "flias.": "familias", "hist.": "historia", "inorg.": "inorgánica", "cuat.": "cuatrimestre",
    "serv.": "servicios", "coc.": "cocina", "fís.": "física", "quím.": "química", "lit.": "literatura", "econ.": "economía",
    "geog.": "geografía", "perj.": "perjuicios", "juzg.": "juzgado", "juzgs.": "juzgados", "vta.": "venta", "pers.": "personas",
    "porc.": "porciones", "dorm.": "dormitorios", "calef.": "calefacción", "cda.": "cucharada", "cdas.": "cucharadas",
    "cdta.": "cucharadita", "cdtas.": "cucharaditas", "trib.": "tribunal", "mun.": "municipal", "alq.": "alquila",
    "conf.": "conforme", "docs.": "documentos", "decr.": "decreto",
    "disp.": "disposición", 
    "proc.": "procesal",
    "vdo.": "vendo",
    "rod.": "rodado", "jdo.": "juzgado", "fisc.": "fiscalía",
    "lav.": "lavadero", "dep.": "departamento", "terr.": "terraza", "sup.": "superficie",
    "cub.": "cubiertos", "desc.": "descuento", "biol.": "biología",
    "jj.oo.": "juegos olímpicos", "jj. oo.": "juegos olímpicos", "e.e.u.u.": "estados unidos",
}  # fmt: skip
_STARTS = frozenset((*(key[0] for key in _TABLE), "o"))
_LONGEST_FIRST = sorted(_TABLE, key=len, reverse=True)
_PATTERN = Pattern("|".join(re.escape(key).replace(r"\ ", "[ \xa0]?") for key in _LONGEST_FIRST), re.IGNORECASE)
# Shortened to a letter or two, and read so only before a number or Roman numeral.
_BEFORE_NUMBER = {"s.": "siglo", "ss.": "siglos", "t.": "tomo", "c.": "circa", "p.": "página", "pp.": "páginas",
    "res.": "resolución",
                  "fol.": "folio", "ord.": "ordenanza", "no.": "número", "col.": "columna", "of.": "oficina",
                  "mz.": "manzana"}  # fmt: skip
_NUMBERED = Pattern(r"(ss?|t|c|pp?|fol|ord|[Rr]es|No|[Cc]ol|[Oo]f|[Mm]z)\.[ \xa0]?(?=([\dN])|([IVXLCDM]+)(?![^\W_]))")
_FEMININE = {"lic.": "licenciada", "ing.": "ingeniera", "arq.": "arquitecta", "prof.": "profesora", "pte.": "presidenta"}
# Said the same without their point, so that a second reading finds nothing more to expand.
WITHOUT_POINT = {key: said for key, said in _TABLE.items() if key.isalpha() and key != "ec"}
# What a point after it makes an abbreviation: "av" of "av."
STEMS = {key[:-1]: said for key, said in _TABLE.items() if key.endswith(".") and key[:-1].isalpha()}
_ERAS = frozenset(("a. e. c.", "a.e.c.", "d. e. c.", "d.e.c.", "e. c.", "e.c.", "a. n. e.", "a.n.e."))
_KILOMETRES = frozenset(("km", "kg", "hs", "hs.", "min."))
# What a sentence can end with, its point then being the full stop too.
_CAN_END = frozenset(("etc.", "hs.", "cía.", "cia.", "bs. as.", "ee.uu.", "ee. uu.", "a.c.", "a. c.",
                      "d.c.", "d. c.", "s.a.", "s. a.", "s.r.l.", "uds.", "ud.", "min."))  # fmt: skip
_TEXT_ENDS = Pattern(r"\s*$")
_NEW_SENTENCE = Pattern(r"\s*$|\s+[¿¡«\"“(—]*[A-ZÁÉÍÓÚÑ]")


def read_abbreviation(text: str, at: int, context: Context) -> Found | None:
    """An abbreviation; its point stays a full stop where a sentence can end with it.

    >>> from ttskit_spanish.normalize.context import Context
    >>> def read(t):
    ...     found = read_abbreviation(t, 0, Context(t, "es-AR"))
    ...     return found and found[0]
    >>> read("Av. Mitre"), read("Bs. As."), read("etc."), read("n.º 5"), read("EE.UU. crece"), read("Sonó")
    ('avenida', 'buenos aires .', 'etcétera .', 'número', 'estados unidos', None)
    """
    if text[at].lower() not in _STARTS:
        return None
    found = _numbered(text, at)
    if found is not None:
        return found
    match = _PATTERN.match(text, at)
    if match is None:
        return None
    key = re.sub(r"[\xa0]", " ", match.group().lower())
    if match.group()[-1].isalnum() and match.group()[-1] not in "ºª" and not ends_token(text, match.end()):
        return None
    if match.group()[-1] in "º°" and key[0] == "n" and not _number_follows(text, match.end()):
        return None
    if key in _KILOMETRES and context.shouting:
        return None
    if key not in _TABLE:  # written without its space
        key = key.replace(".", ". ").strip() if key.replace(".", ". ").strip() in _TABLE else key.replace(" ", "")
    said = _TABLE.get(key)
    if said is None:
        return None
    if key == "ptas." and context.locale == "es-AR":
        said = "puertas"
    dated = bool(context.pieces) and context.pieces[-1].kind in ("number", "roman", "ordinal", "date")
    if key in _ERAS and not (match.group().islower() and dated):
        return None  # E. C. Segar
    if key == "ec" and context.before(2) != "siglo" and not dated:
        return None
    if context.before() == "la" and key in _FEMININE:
        said = _FEMININE[key]
    if match.group().endswith("."):
        ends_here = _NEW_SENTENCE if key in _CAN_END else _TEXT_ENDS
        if ends_here.match(text, match.end()):
            said += " ."
    return said, match.end()


def _numbered(text: str, at: int) -> Found | None:
    """A letter or two with a point before a number: s. XX, t. II, c. 1850, p. 12."""
    match = _NUMBERED.match(text, at)
    if match is None:
        return None
    key, digits, roman = match[1].lower(), match[2], match[3]
    if key == "c" and (not text[match.end() : match.end() + 4].isdecimal() or text[at - 1 : at] == "."):
        return None  # circa is for years
    if not (digits if key not in ("s", "ss", "t") else roman or (key == "t" and digits)):
        return None
    return _BEFORE_NUMBER[key + "."], at + len(key) + 1, "before a number"


def _number_follows(text: str, at: int) -> bool:
    return text[at : at + 6].strip()[:1].isdecimal()
