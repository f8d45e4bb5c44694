"""Lines all in capitals: acronyms among them, and the accents that capitals were typed without."""

from __future__ import annotations

from functools import cache

from ttskit_spanish.pattern import Pattern

# Spelt though they have a vowel; in a line of capitals nothing else tells them from words.
_ACRONYMS = frozenset(
    "FMI DNI CBU CVU CTA UCR PBI UIA OIT OMC OMS ONG ADN ARN CEO UTA UOM UTN UBP DT PJ LLA UE AM IPC IVF ATP PDI RNE EPH BID "
    "BM "
    "CUE "
    "UIF GPS USB PDF AUH SUV IA TV PC RRHH ART".split()
)
# No Spanish word begins with two such consonants.
_NO_ONSET = Pattern(r"[bcdfgjkmnpstvxz][bcdfgjkmnpqstvxz]|[hlrnñm][bcdfghjklmnpqrstvwxz]|[jmnstvxz]l|[lmnsvxz]r")
_FINE = Pattern(r"ch|ll|ps|sh|st|sc|sk|sp|sm|sn|sw|ts|tz|gn|mn|pn|pt|ph|th|kn|cn|hm|sl")
_FOLD, _RAISE = str.maketrans("áéíóú", "aeiou"), str.maketrans("aeiou", "áéíóú")
# Accented words by kind; where the unaccented form is a word as well, only those it is rarer than in such lines.
_LIST = (
    "más también así está están estás aquí allí ahí acá allá además después atrás detrás jamás quizás través según algún "
    "ningún común "
    "ojalá demás día días país países "
    "inglés francés portugués japonés interés estrés compás autobús atún jabón tío tía tíos tías río ríos frío fríos vía "
    "vías guía guías "
    "policía policías compañía compañías energía energías economía garantía garantías categoría categorías mayoría minoría "
    "alegría "
    "todavía bahía sandía travesía cirugía autonomía gastronomía agronomía astronomía anatomía monarquía jerarquía melodía "
    "fantasía "
    "poesía cortesía fiscalía comisaría auditoría asesoría contaduría tesorería alcaldía defensoría ciudadanía filosofía "
    "cercanía "
    "podría tendría debería sería habría habían había tenía tenían hacía hacían decía venía quería podía podían "
    "último última últimos últimas próximo próxima próximos próximas máximo máxima máximos máximas mínimo mínima mínimos "
    "mínimas "
    "décimo séptimo séptima legítimo legítima marítimo pésimo íntimo óptimo ínfimo préstamo préstamos "
    "árbol árboles cárcel cárceles fácil fáciles difícil difíciles útil útiles móvil móviles automóvil automóviles débil "
    "ágil fútbol "
    "básquet vóley césped lápiz cáncer líder líderes crédito créditos débito débitos depósito depósitos éxito éxitos mérito "
    "ejército "
    "tránsito hábito ámbito propósito requisito número números género géneros cámara cámaras máquina máquinas página páginas "
    "lámpara lámparas lágrima lágrimas sábado sábados miércoles década décadas época épocas código códigos método métodos "
    "período "
    "períodos título títulos capítulo capítulos artículo artículos vehículo vehículos película películas círculo espectáculo "
    "espectáculos obstáculo obstáculos teléfono teléfonos micrófono oxígeno petróleo línea líneas área áreas aéreo aérea "
    "aéreos "
    "océano víctima víctimas víspera vísperas víveres índice índices álbum ángel ángeles azúcar carácter cráter néctar dólar "
    "dólares "
    "récord jóvenes orígenes imágenes exámenes crímenes órdenes volúmenes resúmenes hábil hábiles inmóvil régimen túnel níquel "
    "cóndor mármol revólver póster tórax análisis énfasis hipótesis síntesis paréntesis diálisis parálisis "
    "bebé bebés café cafés sofá mamá balcón almacén sartén rehén rehenes recién desvío desvíos envío envíos vacío vacía "
    "vacíos lío líos "
    "maíz raíz raíces baúl oído oídos caído caída caídas creído increíble oír reír egoísta búho paraíso cafeína heroína "
    "cocaína prohíbe "
    "prohíben reúne reúnen sitúa continúa continúan actúa actúan evalúa efectúa envía envían confía desafía "
    "fábrica fábricas fórmula cédula cédulas célula brújula matrícula kilómetro kilómetros centímetro perímetro diámetro "
    "triángulo ángulo hipódromo autódromo semáforo semáforos síntoma síntomas sótano pájaro pájaros máscara huérfano plátano "
    "orégano "
    "relámpago catálogo diálogo psicólogo psicóloga prólogo rápido rápida rápidos sólido líquido líquidos válido válida "
    "válidos "
    "pálido tímido húmedo espléndido estúpido íntegro lícito ilícito inédito inédita insólito insólita tráfico prófugo "
    "prófugos "
    "cómplice cómplices cónyuge héroe héroes incógnita cónsul árabe ártico ánimo árbitro árbitros álgebra ácido águila "
    "ómnibus ópera "
    "trámite trámites límite límites satélite satélites símbolo símbolos huésped huéspedes clínica peatón ídolo ídolos "
    "crónica rótulo "
    "óptica órgano órganos único única únicos únicas útero básica básico púa júnior sénior jardín jardines "
    "paraná panamá perú bogotá canadá córdoba tucumán neuquén asunción iguazú chascomús morón junín luján maipú lanús "
    "olavarría "
    "ituzaingó méxico áfrica américa parís berlín japón málaga cádiz león milán turquía hungría andalucía haití "
    "capitán alemán alemanes catalán volcán galán edén huracán refrán desván "
    "maría garcía lópez gonzález rodríguez fernández martínez pérez gómez sánchez díaz álvarez jiménez ramírez hernández núñez "
    "suárez juárez méndez benítez gutiérrez domínguez vázquez vásquez velázquez márquez ibáñez giménez ordóñez yáñez martín "
    "agustín joaquín fermín sebastián julián germán adrián fabián iván andrés tomás nicolás josé inés belén moisés jesús óscar "
    "pío lucía sofía rocío raúl saúl verónica mónica ramón simón néstor héctor víctor césar darío perón alfonsín güemes hernán "
    "cristián "
    "será serán estará estarán habrá habrán tendrá tendrán podrá podrán deberá deberán hará harán dirá vendrá vendrán saldrá "
    "saldrán "
    "pondrá querrá sabrá dará darán irán verá verán cobrará cobrarán pagará pagarán jugará jugarán abrirá abrirán cerrará "
    "cerrarán "
    "comenzará comenzarán empezará terminará continuará seguirá seguirán realizará realizarán presentará recibirá viajará "
    "llegará "
    "llegarán subirá bajará aumentará funcionará atenderá permanecerá regirá llamará volverá volverán "
    "murió subió salió nació perdió cayó abrió sufrió recibió vivió pidió decidió prohibió cumplió vendió volvió rompió "
    "ofreció "
    "conoció apareció creció falleció defendió atendió agredió huyó oyó leyó destruyó construyó incluyó chocó mordió resolvió "
    "eligió dirigió surgió exigió permitió admitió asistió insistió resistió venció convenció convirtió reconoció advirtió "
    "habló visitó llegó ganó llamó anunció confirmó presentó firmó aprobó rechazó aumentó mató atropelló asesinó secuestró "
    "denunció "
    "criticó atacó explotó incendió volcó derrumbó estalló viajó asumió renunció juró convocó inauguró suspendió canceló "
    "postergó "
    "lanzó estrenó debutó clasificó eliminó empató derrotó goleó alcanzó superó señaló aseguró afirmó negó alertó dejó quedó "
    "llevó "
    "encontró entregó investigó allanó detectó rescató cerró empezó comenzó terminó finalizó continuó siguió escapó fugó "
    "declaró "
    "presentó intentó atentó dictó condenó absolvió procesó imputó liberó expulsó despidió designó"
)
_IN_ION = Pattern(r"[a-zñ]+[b-df-hj-np-tv-zñ]ion$")
_IN_ON = Pattern(r"[a-zñ]+[^aiour]on$")
_THIRD = Pattern(r"[a-zñ]{2,}(?:ion|ific|iz)o$")  # sancionó, ratificó, realizó: headlines tell of others
_NO_ON = frozenset("washington boston newton nelson wilson edison jackson johnson clinton amazon harrison milton hamilton "
                   "canon canton "
                   "simpson watson robinson anderson thompson houston".split())  # fmt: skip
_PATRON = frozenset("varon patron tiburon ladron cimarron marron camaron macarron cinturon corazon timon peron baron".split())
_IN_ICO = Pattern(r"([a-zñ]*[aeiou][^aeiou]{1,3})(ic[oa]s?)$")
_NO_ICO = frozenset("abanico hocico borrico barrica marica indico explico dedico aplico complico ubico edifico significo "
                    "indica explica "
                    "dedica aplica complica ubica comunica comunico costarrica perico botica mastica mendica radica erradica "
                    "reivindica "
                    "federico enrico ludovico alberico salpica pellica".split())  # fmt: skip
_IN_IA = Pattern(r"[a-zñ]{2,}(?:log|graf|nom|pat|fon|latr|metr)ia$|[a-zñ]{3,}eria$")
_NO_THIRD = frozenset("mestizo carrizo granizo bautizo erizo chorizo hechizo rizo macizo postizo enfermizo rojizo "
                      "cobrizo suizo".split())  # fmt: skip
_NO_ERIA = frozenset(
    "materia feria seria miseria bacteria histeria periferia iberia arteria siberia nigeria algeria liberia".split()
)
_IN_IN = Pattern(r"[a-zñ]{3,}in$")
_NO_IN = frozenset("admin kevin robin login plugin darwin franklin austin linkedin".split())


@cache
def _accented() -> dict[str, str]:
    return {word.translate(_FOLD): word for word in _LIST.split() if word.translate(_FOLD) != word}


def is_acronym(word: str) -> bool:
    """Whether a word in capitals, in a line of capitals, is spelt.

    >>> [w for w in "FMI DNI GRITAR PAN BCRA SUBE CGT TREN CLUB CTA".split() if is_acronym(w)]
    ['FMI', 'DNI', 'BCRA', 'CGT', 'CTA']
    """
    if word in _ACRONYMS:
        return True
    low = word.lower()
    if len(word) > 5 or len(word) < 2:
        return False
    if set("aeiouáéíóúü").isdisjoint(low):
        return low[-1] != "y"
    return _NO_ONSET.match(low) is not None and _FINE.match(low) is None


def with_accents(word: str) -> str:
    """A lower-case word from a line of capitals, with the accent it was typed without.

    >>> [with_accents(w) for w in "nacion murio cordoba economico panaderia feria camion rico llamaron".split()]
    ['nación', 'murió', 'córdoba', 'económico', 'panadería', 'feria', 'camión', 'rico', 'llamaron']
    """
    if not set("áéíóú").isdisjoint(word):
        return word
    known = _accented().get(word)
    if known is not None:
        return known
    if _IN_ION.match(word) or (_IN_ON.match(word) and word not in _NO_ON) or word in _PATRON:
        return word[:-2] + "ón"
    if word not in _NO_ICO and not word.endswith(("ifica", "ifico", "iplica", "iplico")) and (match := _IN_ICO.match(word)):
        stem = match[1]
        at = max(stem.rfind(v) for v in "aeiou")
        return stem[:at] + stem[at].translate(_RAISE) + stem[at + 1 :] + match[2]
    if _THIRD.match(word) and word not in _NO_THIRD:
        return word[:-1] + "ó"
    if _IN_IA.match(word) and word not in _NO_ERIA:
        return word[:-2] + "ía"
    if _IN_IN.match(word) and word not in _NO_IN:
        return word[:-2] + "ín"
    return word
