"""Names of currencies and their coins, by sign, by ISO 4217 code and by the abbreviations in use in each country."""

from __future__ import annotations

from typing import NamedTuple


def _plural(word: str) -> str:
    if word.endswith(("és", "án")):
        return word[:-2] + ("eses" if word[-1] == "s" else "anes")
    return word + ("s" if word[-1] in "aeo" else "es")


class Currency(NamedTuple):
    """Its name in singular and plural, gender, what follows the name, and its hundredth ("" if it has none)."""

    one: str
    many: str
    gender: str = "m"
    of: str = ""
    cent: str = "centavo"

    def name(self, one: bool) -> str:
        """The name, with its adjective in the same number.

        >>> Currency("peso", "pesos", of="argentino").name(False), Currency("dólar", "dólares", of="guyanés").name(False)
        ('pesos argentinos', 'dólares guyaneses')
        """
        extra = self.of
        if extra and not one and not extra.startswith(("de ", "del ")) and extra not in ("cfa", "cfp"):
            extra = " ".join(_plural(word) for word in extra.split())
        return (self.one if one else self.many) + (f" {extra}" if extra else "")

    @property
    def coins(self) -> tuple[str, str]:
        """The hundredth in singular and plural."""
        return self.cent, self.cent + ("s" if self.cent[-1] in "aeok" else "es")


def _peso(of: str) -> Currency:
    return Currency("peso", "pesos", of=of)


def _dollar(of: str) -> Currency:
    return Currency("dólar", "dólares", of=of)


def _pound(of: str, cent: str = "penique") -> Currency:
    return Currency("libra", "libras", "f", of, cent)


def _crown(of: str, cent: str) -> Currency:
    return Currency("corona", "coronas", "f", of, cent)


def _dinar(of: str) -> Currency:
    return Currency("dinar", "dinares", of=of, cent="")  # of a thousand parts


def _rial(of: str) -> Currency:
    return Currency("rial", "riales", of=of)


def _rupee(of: str = "") -> Currency:
    return Currency("rupia", "rupias", "f", of, "paisa")


PESO, DOLLAR = Currency("peso", "pesos"), Currency("dólar", "dólares")
_EURO = Currency("euro", "euros", cent="céntimo")
_POUND, _YEN, _YUAN = _pound(""), Currency("yen", "yenes"), Currency("yuan", "yuanes")
_MARK, _RUPEE, _WON = Currency("marco", "marcos"), _rupee(), Currency("won", "wones")
_REAL, _COLON, _FRANC = (
    Currency("real", "reales"),
    Currency("colón", "colones", cent="céntimo"),
    Currency("franco", "francos", cent="céntimo"),
)
_SOL, _GUARANI, _BALBOA = (
    Currency("sol", "soles", cent="céntimo"),
    Currency("guaraní", "guaraníes"),
    Currency("balboa", "balboas"),
)
_BOLIVIANO, _BOLIVAR = Currency("boliviano", "bolivianos"), Currency("bolívar", "bolívares", cent="céntimo")
_LEMPIRA, _QUETZAL, _CORDOBA = (
    Currency("lempira", "lempiras"),
    Currency("quetzal", "quetzales"),
    Currency("córdoba", "córdobas"),
)
_ROUBLE, _LIRA = Currency("rublo", "rublos", cent="kopek"), Currency("lira", "liras", "f", "turca")
_BITCOIN = Currency("bitcóin", "bitcoines", cent="")
_HRYVNIA, _BAHT, _DONG = Currency("grivna", "grivnas", "f", cent="kopek"), Currency("baht", "bahts"), Currency("dong", "dongs")
_CENT = Currency("centavo", "centavos", cent="")
_PESETA = Currency("peseta", "pesetas", "f", cent="céntimo")
_ZLOTY, _SHEKEL, _NAIRA = Currency("esloti", "eslotis"), Currency("séquel", "séqueles"), Currency("naira", "nairas", "f")
_CZECH = _crown("checa", "háler")
_FORINT = Currency("florín", "florines", of="húngaro")
_CFA = Currency("franco", "francos", of="cfa", cent="céntimo")

# Exactly as written; beside these, a code of ISO 4217 before $ (USD$, MXN$).
SIGNS: dict[str, Currency] = {
    "US$": DOLLAR, "U$S": DOLLAR, "u$s": DOLLAR, "U$D": DOLLAR, "u$d": DOLLAR, "USD$": DOLLAR, "AR$": PESO, "ARS$": PESO,
    "$U": _peso("uruguayo"), "UY$": _peso("uruguayo"), "$b": _BOLIVIANO, "CLP$": _peso("chileno"), "CL$": _peso("chileno"),
    "COP$": _peso("colombiano"), "COL$": _peso("colombiano"), "RD$": _peso("dominicano"), "MEX$": _peso("mexicano"),
    "MX$": _peso("mexicano"), "MXN$": _peso("mexicano"), "Mex$": _peso("mexicano"), "mex$": _peso("mexicano"),
    "A$": _dollar("australiano"), "AU$": _dollar("australiano"), "C$": _dollar("canadiense"), "CA$": _dollar("canadiense"),
    "Can$": _dollar("canadiense"), "NZ$": _dollar("neozelandés"), "HK$": _dollar("de hong kong"), "NT$": _dollar("taiwanés"),
    "S$": _dollar("de singapur"), "SG$": _dollar("de singapur"), "J$": _dollar("jamaiquino"), "TT$": _dollar("trinitense"),
    "BZ$": _dollar("beliceño"), "EC$": _dollar("del caribe"), "FJ$": _dollar("fiyiano"), "N$": _dollar("namibio"),
    "R$": _REAL, "€": _EURO, "£": _POUND, "¥": _YEN, "￥": _YEN, "元": _YUAN, "₩": _WON, "₧": _PESETA,
    "₡": _COLON, "₹": _RUPEE, "₨": _RUPEE, "₲": _GUARANI, "₽": _ROUBLE, "¢": _CENT,
    "₿": _BITCOIN, "₺": _LIRA, "₤": Currency("lira", "liras", "f"), "₴": _HRYVNIA, "₪": _SHEKEL, "₱": _peso("filipino"),
    "฿": _BAHT, "₫": _DONG, "₦": _NAIRA, "₸": Currency("tenge", "tengues"), "₼": Currency("manat", "manats"),
    "₾": Currency("lari", "laris"), "₵": Currency("cedi", "cedis"), "₭": Currency("kip", "kips"),
    "₮": Currency("tugrik", "tugriks"), "៛": _rial("camboyano"), "﷼": Currency("rial", "riales"),
    "৳": Currency("taka", "takas"), "֏": Currency("dram", "drams"), "₣": _FRANC, "₳": Currency("austral", "australes"),
    "S/.": _SOL, "S/": _SOL, "B/.": _BALBOA, "B/": _BALBOA, "Bs.": _BOLIVIANO, "Bs": _BOLIVIANO, "Gs.": _GUARANI,
    "Gs": _GUARANI, "Lps.": _LEMPIRA, "Kč": _CZECH, "zł": _ZLOTY, "Ft": _FORINT, "kr": _crown("", "öre"),
    "kr.": _crown("", "öre"), "Rs.": _RUPEE, "Fr.": _FRANC, "dls.": DOLLAR, "dls": DOLLAR, "dlls": DOLLAR, "dlls.": DOLLAR,
    "cts.": _CENT, "cts": _CENT, "ctvs.": _CENT, "ctvs": _CENT,
   
    "лв": Currency("lev", "levas"), "Pta.": _PESETA, "лв.": Currency("lev", "levas"),
}  # fmt: skip
CODES: dict[str, Currency] = {
    # The Americas
    "ars": _peso("argentino"), "usd": _dollar("estadounidense"), "brl": _REAL, "clp": _peso("chileno"),
    "clf": Currency("unidad de fomento", "unidades de fomento", "f", cent=""), "uyu": _peso("uruguayo"),
    "mxn": _peso("mexicano"), "cop": _peso("colombiano"), "cup": _peso("cubano"), "cuc": _peso("cubano convertible"),
    "dop": _peso("dominicano"),
    "bop": _peso("boliviano"), "bob": _BOLIVIANO, "pyg": _GUARANI, "pen": _SOL, "ves": _BOLIVAR, "vef": _BOLIVAR,
    "ved": _BOLIVAR, "veb": _BOLIVAR, "ecs": Currency("sucre", "sucres"),
    "uyi": Currency("unidad indexada", "unidades indexadas", "f", cent=""),
    "cad": _dollar("canadiense"), "crc": _COLON._replace(of="costarricense"), "svc": _COLON._replace(of="salvadoreño"),
    "nio": _CORDOBA, "pab": _BALBOA, "gtq": _QUETZAL, "hnl": _LEMPIRA, "htg": Currency("gourde", "gourdes"),
    "awg": Currency("florín", "florines", of="arubeño"), "ang": Currency("florín", "florines", of="antillano"),
    "srd": _dollar("surinamés"), "gyd": _dollar("guyanés"), "ttd": _dollar("trinitense"), "jmd": _dollar("jamaiquino"),
    "bsd": _dollar("bahameño"), "bzd": _dollar("beliceño"), "bbd": _dollar("barbadense"), "xcd": _dollar("del caribe oriental"),
    "kyd": _dollar("de las islas caimán"), "bmd": _dollar("bermudeño"), "fkp": _pound("malvinense"),
    # Europe
    "eur": _EURO, "gbp": _POUND, "chf": _FRANC._replace(of="suizo"), "sek": _crown("sueca", "öre"),
    "nok": _crown("noruega", "öre"), "dkk": _crown("danesa", "öre"), "isk": _crown("islandesa", ""), "czk": _CZECH,
    "huf": _FORINT,
    "pln": _ZLOTY, "ron": Currency("leu", "leus", of="rumano"), "bgn": Currency("lev", "levas"), "rsd": _dinar("serbio"),
    "mkd": Currency("denar", "denares"), "bam": Currency("marco", "marcos", of="bosnio"),
    "rub": _ROUBLE, "byn": _ROUBLE._replace(of="bielorruso"), "uah": _HRYVNIA, "mdl": Currency("leu", "leus", of="moldavo"),
    "try": _LIRA, "gel": Currency("lari", "laris"), "azn": Currency("manat", "manats"),
    "hrk": Currency("kuna", "kunas", "f"), "dem": _MARK._replace(of="alemán"),
    "itl": Currency("lira", "liras", "f", "italiana"), "frf": _FRANC._replace(of="francés"), "bef": _FRANC._replace(of="belga"),
    "nlg": Currency("florín", "florines", of="neerlandés"), "ats": Currency("chelín", "chelines", of="austriaco"),
    "iep": _pound("irlandesa"), "grd": Currency("dracma", "dracmas", "f"), "gip": _pound("gibraltareña"),
    # Asia and Oceania
    "jpy": _YEN, "cny": _YUAN, "rmb": _YUAN, "cnh": _YUAN, "krw": _WON, "kpw": _WON._replace(of="norcoreano"), "inr": _RUPEE,
    "pkr": _rupee("pakistaní"), "lkr": _rupee("de sri lanka"), "npr": _rupee("nepalí"), "idr": _rupee("indonesia"),
    "mur": _rupee("mauriciana"), "scr": _rupee("seychellense"), "mvr": Currency("rufiyaa", "rufiyaas", "f"),
    "hkd": _dollar("de hong kong"), "twd": _dollar("taiwanés"), "sgd": _dollar("de singapur"), "aud": _dollar("australiano"),
    "nzd": _dollar("neozelandés"), "fjd": _dollar("fiyiano"), "bnd": _dollar("de brunéi"), "thb": _BAHT, "vnd": _DONG,
    "php": _peso("filipino"), "myr": Currency("ringgit", "ringgits"), "khr": _rial("camboyano"), "lak": Currency("kip", "kips"),
    "mmk": Currency("kiat", "kiats"), "mnt": Currency("tugrik", "tugriks"), "bdt": Currency("taka", "takas"),
    "kzt": Currency("tengue", "tengues"), "uzs": Currency("som", "soms", of="uzbeko"),
    "tjs": Currency("somoni", "somonis"), "tmt": Currency("manat", "manats", of="turcomano"),
    "afn": Currency("afgani", "afganis"),
    "mop": Currency("pataca", "patacas", "f"), "xpf": _FRANC._replace(of="cfp"), "pgk": Currency("kina", "kinas", "f"),
    # The Near East and Africa
    "ils": _SHEKEL, "aed": Currency("dírham", "dírhams"), "mad": Currency("dírham", "dírhams", of="marroquí", cent="céntimo"),
    "sar": _rial("saudí"), "qar": _rial("catarí"), "omr": _rial("omaní"), "yer": _rial("yemení"), "irr": _rial("iraní"),
    "kwd": _dinar("kuwaití"), "bhd": _dinar("bareiní"), "jod": _dinar("jordano"), "iqd": _dinar("iraquí"),
    "dzd": _dinar("argelino"),
    "tnd": _dinar("tunecino"), "lyd": _dinar("libio"), "lbp": _pound("libanesa", "piastra"), "syp": _pound("siria", "piastra"),
    "egp": _pound("egipcia", "piastra"), "sdg": _pound("sudanesa", "piastra"), "zar": Currency("rand", "rands"),
    "ngn": _NAIRA, "ghs": Currency("cedi", "cedis"), "kes": Currency("chelín", "chelines", of="keniano"),
    "tzs": Currency("chelín", "chelines", of="tanzano"), "ugx": Currency("chelín", "chelines", of="ugandés"),
    "etb": Currency("bir", "bires"), "aoa": Currency("kuanza", "kuanzas"), "mzn": Currency("metical", "meticales"),
    "bwp": Currency("pula", "pulas"), "zmw": Currency("kuacha", "kuachas"), "nad": _dollar("namibio"), "xaf": _CFA, "xof": _CFA,
    "cdf": _FRANC._replace(of="congoleño"), "rwf": _FRANC._replace(of="ruandés"), "cve": Currency("escudo", "escudos"),
    # Older, and not of ISO
    "rs": _RUPEE, "mk": _MARK, "fr": _FRANC, "btc": _BITCOIN, "xbt": _BITCOIN,
    "eth": Currency("éter", "éteres", cent=""),
}  # fmt: skip
# Codes that are also words: read as codes in capitals only.
WORDS = frozenset("bam cup eth gel mad mop php ron sar try".split())
