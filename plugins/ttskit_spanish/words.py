"""Words that rules alone do not read: clitics, -mente adverbs, x said as j, everyday loans."""

from __future__ import annotations

import re

# Said without stress inside a phrase (RAE & ASALE, Fonética 2011, 9.4): articles, clitic pronouns,
# possessives before nouns, most prepositions, conjunctions, relatives.
UNSTRESSED = frozenset(
    "el la los las lo al del de a en con por para sin ante bajo desde entre hacia hasta contra tras sobre durante "
    "me te se nos os le les mi tu su mis tus sus nuestro nuestra nuestros nuestras "
    "y e o u ni que si pero sino aunque porque pues como cuando donde mientras quien quienes cuyo cuya cuyos cuyas "
    "don doña san santo santa fray sor".split()
)

# Place names and family names where x keeps its old value (Mexico, Texas) and what is derived from them.
SPELT_X_AS_J = re.compile(r"(?:.*m[eé]xi(?:c|qu)|oaxa[cq]|texas$|texan|xalapa|xalapeñ|xalisc|xim[eé]n|xavier$|axarqu)")

# Loans and names in Spanish spelling of their usual (Rioplatense) pronunciation.
RESPELLINGS: dict[str, str] = dict(
    line.split()
    for line in """
software sóftwer
hardware járdwer
whisky wiski
jazz yas
rock rok
show shou
shows shous
short short
shopping shopin
web web
online onláin
mail méil
mails méils
email iméil
e-mail iméil
marketing márketin
feedback fídbak
backup bákap
server sérver
playlist pléilist
heavy jevi
metal metal
hip jip
hop jop
hobby jobi
hall jol
ballet balé
ballets balés
chalet chalé
carnet carné
club club
clubes clubes
reggaetón regetón
reggae regue
pizza pitsa
pizzas pitsas
pizzería pitsería
pizzerías pitserías
mozzarella motsarela
jean yin
jeans yins
john yon
jack yak
george yorch
michael máikel
facebook féisbuk
google gúguel
youtube yutub
twitter tuíter
instagram ínstagram
whatsapp wátsap
wifi wifi
internet internet
manager mánayer
team tim
freezer fríser
living livin
camping campin
ranking rankin
casting castin
parking parkin
meeting mitin
jogging yoguin
smoking esmokin
sándwich sángüich
sándwiches sángüiches
sushi sushi
show-room shourrum
style estáil
stand estand
stop estop
stock estok
stress estrés
sport esport
spa espá
boom bum
zoom sum
look luk
bluetooth blutuz
delivery delíveri
country cantri
gay guei
gays gueis
junior yúnior
sexy seksi
baby béibi
party parti
blues blus
night náit
light láit
shakespeare shékspir
nietzsche niche
schwarzenegger shuarseneguer
tchaikovsky chaikovski
massachusetts masachusets
washington wáshinton
new niu
york york
xochimilco sochimilco
xochitl sóchitl
hollywood jólivud
hawaii jawai
sídney sídnei
harry jarri
houston jiuston
bach baj
freud froid
einstein áinstain
""".split("\n")
    if line.strip()
)

# Subjunctives and adjectives in -mente that are no adverbs, though their stem looks like an adjective.
_NOT_ADVERBS = frozenset(
    "vehemente inclemente clemente demente alimente argumente documente experimente complemente implemente incremente "
    "fundamente reglamente juramente medicamente escarmente atormente ornamente parlamente pavimente condimente "
    "sedimente segmente suplemente desatormente sacramente cumplimente temperamente".split()
)


def adverb_stem(word: str) -> str | None:
    """The adjective inside an adverb in -mente, else None.

    >>> adverb_stem("fácilmente"), adverb_stem("solamente"), adverb_stem("clemente"), adverb_stem("aumente")
    ('fácil', 'sola', None, None)
    """
    if not word.endswith("mente") or len(word) < 8 or word in _NOT_ADVERBS:
        return None
    stem = word[:-5]
    vowels = sum(letter in "aeiouáéíóú" for letter in stem)
    return stem if vowels >= 2 and stem[-1] in "aelrszn" and stem not in ("la", "au") else None
