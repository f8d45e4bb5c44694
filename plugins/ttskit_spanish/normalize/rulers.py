"""Names and titles of rulers and popes, whose Roman numerals are ordinals up to ten (RAE & ASALE 2009, ch. 21)."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context
from ttskit_spanish.normalize.nouns import gender_of

# Names that rulers and popes share.
RULERS = frozenset(
    "luis carlos felipe pablo juan alfonso isabel enrique fernando pío benedicto francisco jorge eduardo napoleón "
    "guillermo león gregorio "
    "catalina pedro nicolás ramsés ricardo jacobo sancho maría juana clemente inocencio urbano sixto julio alejandro "
    "ana margarita "
    "cristina federico otón balduino alberto leopoldo manuel amadeo josé ramiro bermudo ordoño garcía teobaldo "
    "celestino bonifacio "
    "adriano esteban martín calixto paulo mohamed abdalá hassan ptolomeo tutmosis darío jerjes artajerjes constantino teodosio "
    "iván boris vladimir segismundo ladislao casimiro estanislao cristián haroldo olaf gustavo umberto humberto víctor "
    # of antiquity and the East
    "nerón tiberio trajano seti tolomeo amenofis amenhotep psamético antíoco seleuco mitrídates filipo ciro cambises "
    "nabucodonosor sargón salmanasar asurbanipal cosroes sapor yazdgard heraclio basilio justiniano justino valentiniano "
    "andrónico alejo selim solimán mehmed murad bayaceto ahmed mahmud abdul hussein faisal faruk saúd rama menelik "
    "kamehameha pomare "
    # of the Middle Ages and Europe
    "recaredo fruela sancha urraca blanca leonor berenguela jaime wifredo teodorico childerico clotario dagoberto pipino "
    "carlomán lotario conrado rodolfo maximiliano matías wenceslao bela andrés géza vladislao miguel simeón mihai "
    "ferdinando otto zog haakon magnus sverre erico erik valdemar canuto harald óscar guillermina beatriz "
    "victoria guido roberto edmundo etelredo sebastián duarte dionisio rainiero honorato "
    # popes
    "honorio lucio eugenio silvestre pascual dámaso gelasio agapito félix anastasio sergio teodoro agatón formoso "
    "marino romano zacarías vaticano".split()
)
# Before a name, they make a ruler of whoever bears it.
_TITLES = {
    "m": frozenset(
        "papa antipapa rey reyes emperador zar sultán faraón káiser kaiser califa sha príncipe duque archiduque patriarca "
        "rajá emir inca micado delfín infante".split()
    ),
    "f": frozenset("reina emperatriz zarina sultana faraona princesa duquesa archiduquesa papisa infanta".split()),
}
_MASCULINE_IN_A = frozenset("rama wamba numa mustafá abdalá bela géza atahualpa".split())


def title_gender(context: Context) -> str | None:
    """ "m" or "f" where a title stands one to three words before the numeral (el rey Haakon VII), else None."""
    for distance in range(2, 5):
        word = context.before(distance)
        if not word:
            return None
        for gender, titles in _TITLES.items():
            if word in titles:
                return gender
    return None


def name_gender(name: str) -> str:
    """The gender of a ruler by the name.

    >>> [name_gender(n) for n in ("isabel", "catalina", "nicolás", "rama")]
    ['f', 'f', 'm', 'm']
    """
    if name in _MASCULINE_IN_A:
        return "m"
    return "f" if name in ("isabel", "leonor", "beatriz") or gender_of(name) == "f" else "m"
