"""Any word cut short before a vowel with a point (RAE & ASALE, Ortografía, VI 3.1): notif., inhab., horn., háb."""

from __future__ import annotations

from functools import cache

from ttskit_spanish.normalize.context import Context, Found
from ttskit_spanish.normalize.nouns import gender_of
from ttskit_spanish.pattern import Pattern

# What is cut short in notices, papers and advertisements: of two that begin alike the first is read.
_NOUNS = (
    "abogado academia accidente acción aceptación acreditación actividad actualización acuerdo altura adjudicación adjunto "
    "aduana agencia agrupación alquiler ambiente ampliación amortización análisis antecedente antigüedad anuncio aplicación "
    "aporte apelación archivo artefacto asamblea ascensor asesor asistencia asociación aspirante atención audiencia auditoría "
    "auxiliar balance banco barrio beneficio biblioteca bonificación boletín cancelación candidato cantidad capacidad "
    "capacitación característica "
    "cargo carpeta casilla categoría certificación cilindro ciudad cláusula clínica cliente cocina código colección "
    "colegio combustible comedor comisaría comisario comisión compañía compensación competencia complemento "
    "comprobante comunicación comunidad concejal concurso condición conexión conferencia confirmación consejo consorcio "
    "constancia construcción consultorio consumo contador contestación contribuyente convenio convocatoria coordinación "
    "corporación "
    "correo cotización crédito cronograma cuadra cuenta curso declaración dedicación defensa defensor delegación "
    "delegado demanda denominación denuncia departamento dependencia deportes depósito derecho descripción descuento "
    "desempeño destino detalle devolución diagnóstico diferencia diligencia diputado disponibilidad distribución división "
    "documentación domicilio "
    "edición edificio editorial educación efectividad ejecución ejemplar ejercicio elección electricidad embajada emisión "
    "empresa encargado enfermería entrada equipo escribanía escritura escuela especialidad especificación estación "
    "estadística estado "
    "estudio evaluación examen excepción expedición experiencia explotación exportación exposición facultad familia "
    "farmacia federación ferrocarril festival fiscal fiscalía formación formulario fotocopia fundación "
    "función funcionario garantía gerencia gerente gestión gimnasio gobernación grupo habilitación habitación herramienta "
    "hipoteca "
    "homologación honorario horario hornalla hospital identificación importación impuesto incapacidad "
    "indemnización individuo industria información informe ingreso ingeniería inhabilitación inmueble inscripción inspección "
    "instalación institución instrucción interesado intereses internación intervención inventario inversión investigación "
    "invitación jubilación juzgado laboratorio legislación legislatura liquidación licitación línea "
    "localidad longitud mantenimiento marca matrimonio mecanismo medición medicamento mensualidad mercadería "
    "mesada ministerio modelo módulo monotributo motivo movimiento municipio nacimiento nacionalidad notificación "
    "número objetivo obligación observación ocupación oficina operación oposición optativa orden organización orientación "
    "página paquete parágrafo participante partido pasajero patente patrimonio "
    "película penalidad pensión periodista período permiso personalidad plataforma población póliza porcentaje portero "
    "posición postulante "
    "precio prefectura pregunta presentación presidencia presupuesto previsión principio procedimiento procuración "
    "producción producto profesión programa promoción propiedad propietario prórroga protocolo provisión proyecto "
    "publicación puntaje ramal recargo recaudación recepción receta recibo reclamo recomendación reconocimiento recorrido "
    "recurso "
    "referencia reforma registración reglamento regulación reintegro relación remuneración rendimiento "
    "renovación reparación repartición representación reproducción repuesto requerimiento requisito reserva resolución "
    "responsabilidad respuesta restaurante resultado retención reunión revisión saldo sección secretaría seguridad selección "
    "semana seminario senador separación servicio sindicato sistema sociedad solicitud subsecretaría subsidio sucesión "
    "sucursal suplemento suspensión tarifa tasación técnica tecnología temperatura temporada "
    "teórica tesorería testimonio tierra tramitación transporte tratamiento tribunal unidad universidad usuario vacuna validez "
    "variación vecino vehículo velocidad vencimiento ventanilla verificación versión veterinaria vicepresidente victoria "
    "vigencia vivienda "
    "voluntario zapatilla"
).split()
_ADJECTIVES = (
    "administrativo agropecuario ambiental anónimo anterior argentino automático autorizado bancario bilateral cabildante "
    "catastral céntrico civil científico colectivo comercial completo complementario comunal comunitario confidencial "
    "constitucional contable correspondiente criminal cultural definitivo deportivo digital directo disciplinario "
    "disponible domiciliario eclesiástico económico educativo ejecutivo electoral electrónico eléctrico empresarial "
    "equipado escolar especial estatal eventual exclusivo extraordinario extranjero femenino financiero físico "
    "fiscal gratuito hábil hipotecario histórico horizontal humano impositivo independiente individual industrial "
    "inferior informático inmobiliario integral internacional inmediato institucional judicial jurídico laboral legislativo "
    "liberal marítimo masculino matrimonial mecánico médico metropolitano mínimo ministerial municipal nacional natural "
    "negociable nocturno notarial obligatorio odontológico oficial operativo ordinario original parlamentario patronal "
    "permanente personal político posterior preferencial presencial presidencial preventivo previsional primario principal "
    "procesal profesional promedio provincial provisorio público químico reglamentario religioso residencial responsable "
    "rural secundario semestral semanal separado similar sindical solidario superior técnico temporario telefónico "
    "terciario titular total trimestral turístico "
    "universitario urbano variable vehicular vespertino vigente virtual"
).split()
# First letters and the end of a word, a name or a rank.
_CONTRACTED = {
    "cno": "camino", "fcio": "florencio", "bme": "bartolomé", "bmé": "bartolomé", "hto": "hipólito", "alej": "alejandro",
    "dgo": "domingo", "ant": "antonio", "fdez": "fernández", "gzlez": "gonzález", "glez": "gonzález", "rguez": "rodríguez",
    "mtnez": "martínez", "hdez": "hernández", "jto": "justo", "jse": "josé", "gpo": "grupo", "dcto": "decreto",
    "cjal": "concejal", "crnel": "coronel", "cpo": "cuerpo", "dción": "dirección", "mcipal": "municipal", "pdo": "partido",
    "ctro": "centro", "rcia": "residencia", "vcia": "vivencia", "acc": "acceso", "autop": "autopista", "lín": "línea",
}  # fmt: skip
_IN_USE = frozenset("hum test bancar funcionar formular terciar mercader comed editor actual anal digit club".split())
_CUT = Pattern(r"([A-Za-zÁÉÍÓÚÑáéíóúñü]{3,9})\.(?![^\W_])")
_GOES_ON = Pattern(r"[ \xa0]?[,;:)/]|[ \xa0](?=[a-záéíóúñ\d(\"“«$+–-])")
_SURELY = Pattern(r"[ \xa0]?[,;:)/]")
_NAME = Pattern(r"[ \xa0](?:[A-ZÁÉÍÓÚÑ\d]|n[º°.ro])")
_TWO_NUMBERS = Pattern(r"[ \xa0]\d{1,3}(?:,[ \xa0]\d{1,3}){0,9}[ \xa0][ye][ \xa0]\d")
_VOWELS = frozenset("aeiouáéíóúü")
_WORD_ENDS = frozenset("dlnrsz")  # a Spanish word can end in these
_PLAIN = str.maketrans("áéíóúü", "aeiouu")
_MANY = frozenset("los las unos unas sus varios varias de todos todas".split()) - {"de"}


@cache
def _index() -> dict[str, list[tuple[str, bool]]]:
    """Each beginning of three letters and more that stops before a vowel -> its words, and whether each is an adjective."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for words, adjective in ((_NOUNS, False), (_ADJECTIVES, True)):
        for word in words:
            bare = word.translate(_PLAIN)
            for size in range(3, min(len(word) - 1, 10)):
                if word[size] in _VOWELS and word[size - 1] not in _VOWELS:
                    found.setdefault(bare[:size], []).append((word, adjective))
    return found


def read_truncated(text: str, at: int, context: Context) -> Found | None:
    """The word that a beginning with a point stands for, where the sentence goes on after the point.

    >>> def read(t):
    ...     from ttskit_spanish.normalize.reader import normalize
    ...
    ...     return " ".join(p.text for p in normalize(t).pieces)
    >>> read("notif. por cédula, 5 días háb. y 4 horn., gas"), read("vimos el mar. es lindo")
    ('notificación por cédula , cinco días hábiles y cuatro hornallas , gas', 'vimos el mar . es lindo')
    """
    match = _CUT.match(text, at)
    if match is None or context.shouting or (match[1].isupper() and len(match[1]) > 1):
        return None
    written, end = match[1], match.end()
    key = written.lower()
    contracted = _CONTRACTED.get(key)
    if contracted is not None:
        ends = not text[end:].strip()
        if contracted == "línea" and _TWO_NUMBERS.match(text, end):
            contracted = "líneas"
        return contracted, end - ends, "contracted"
    entries = _index().get(key.translate(_PLAIN), [])
    accented = [e for e in entries if not (key != key.translate(_PLAIN) and not e[0].startswith(key))]
    entry = next((e for e in accented if e[0].startswith(key)), accented[0] if accented else None)
    if entry is None or key in _IN_USE or (written[0].isupper() and context.before() == "de"):
        return None
    if key[-1] in _WORD_ENDS:
        if not (_SURELY.match(text, end) or (written[0].isupper() and _NAME.match(text, end) and not context.before())):
            return None
    elif not (_GOES_ON.match(text, end) or _NAME.match(text, end) or not text[end:].strip()):
        return None
    said = _agreeing(*entry, context)
    return said, end - (not text[end:].strip()), "cut short before a vowel"


def _agreeing(word: str, adjective: bool, context: Context) -> str:
    """In the number of what stands before; an adjective in its gender as well."""
    last = context.pieces[-1] if context.pieces else None
    if last is None or last.kind == "mark":
        return word
    if last.kind == "number":
        many = last.text not in ("un", "una", "uno")
        return _plural(word) if many and not adjective else word
    if last.text in _MANY:
        return _plural(word)
    if not adjective or len(last.text) < 3:
        return word
    noun = last.text.split()[-1]
    if word[-1] == "o" and gender_of(noun) == "f":
        word = word[:-1] + "a"
    return _plural(word) if noun.endswith("s") and noun not in ("lunes", "crisis", "análisis", "más") else word


def _plural(word: str) -> str:
    if word.endswith("ión"):
        return word[:-2] + "ones"
    return word if word[-1] == "s" else word + ("s" if word[-1] in "aeiouáé" else "es")
