"""Written text to spoken words: one table per token class; more examples are doctests in the modules."""

from __future__ import annotations

import pytest

from ttskit_spanish.frontend import SpanishFrontend

FRONTEND = SpanishFrontend()


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Hay 1 gato y 1 gata.", "hay un gato y una gata."),
        ("Son 21.", "son veintiuno."),
        ("Vinieron 231 personas en 31 autos.", "vinieron doscientas treinta y una personas en treinta y un autos."),
        ("Pesa 3,5 kg y mide 1,80 m.", "pesa tres coma cinco kilos y mide uno coma ochenta metros."),
        ("El 50% faltó.", "el cincuenta por ciento faltó."),
        ("Cuesta $ 1.500,50.", "cuesta mil quinientos pesos con cincuenta centavos."),
        ("Son U$S 20 o € 1.", "son veinte dólares o un euro."),
        ("El 1/2/2023 a las 9:05.", "el primero de febrero de dos mil veintitrés a las nueve y cinco."),
        ("El 9 de julio de 1816.", "el nueve de julio de mil ochocientos dieciséis."),
        ("Llega a las 14:30 hs.", "llega a las catorce treinta horas."),
        ("Vivo en Av. Rivadavia 1500, 3º B.", "vivo en avenida rivadavia mil quinientos, tercero be."),
        ("El 3er puesto y la 2da fecha.", "el tercer puesto y la segunda fecha."),
        ("Luis XIV, Carlos V y el siglo XIX.", "luis catorce, carlos quinto y el siglo diecinueve."),
        ("Malcolm X y la vitamina C.", "malcolm equis y la vitamina ce."),
        ("La ONU, el DNI y el INDEC.", "la onu, el de ene i y el indec."),
        ("Ganó 3-1 en 2019-2020.", "ganó tres a uno en dos mil diecinueve a dos mil veinte."),
        ("Faltan -3 °C.", "faltan menos tres grados."),
        ("El Dr. Paz y la Lic. Sosa, etc.", "el doctor paz y la licenciada sosa, etcétera."),
        ("Escribí a ana_3@correo.com.ar", "escribí a ana guion bajo tres arroba correo punto com punto a erre"),
        ("#NiUnaMenos", "hashtag ni una menos"),
        ("2 + 2 = 4", "dos más dos igual a cuatro"),
        ("007", "cero cero siete"),
        ("TODO EN MAYÚSCULAS", "todo en mayúsculas"),
        ("J. L. Borges", "jota ele borges"),
        ("Nooo, ¡¡¡basta!!!", "no, ¡basta!"),
        ("—Hola —dijo—. Chau...", "hola — dijo —. chau…"),
        ("Un «libro» (viejo) usado", "un libro, viejo, usado"),
    ],
)
def test_reads(written, spoken):
    assert FRONTEND.normalize(written) == spoken


@pytest.mark.parametrize(
    ("locale", "spoken"),
    [
        ("es-AR", "mil doscientos treinta y cuatro coma cinco"),
        ("es-ES", "mil doscientos treinta y cuatro coma cinco"),
    ],
)
def test_decimal_comma(locale, spoken):
    assert SpanishFrontend(locale=locale).normalize("1.234,5") == spoken


def test_decimal_point_and_dollars_by_locale():
    assert SpanishFrontend(locale="es-MX").normalize("1,234.5") == "mil doscientos treinta y cuatro punto cinco"
    assert SpanishFrontend(locale="es-MX").normalize("$5") == "cinco pesos"
    assert SpanishFrontend(locale="es-US").normalize("$5") == "cinco dólares"


def test_normalising_twice_changes_nothing():
    for text in ("El 3/4 a las 10:30, $ 5 y 1 kg.", "La ONU dijo: ¡no!", "Av. Mitre 21 (esq. Paz)"):
        once = FRONTEND.normalize(text)
        assert FRONTEND.normalize(once) == once


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        (
            "El lunes 24/11, el 2/4 y 3/4 de taza.",
            "el lunes veinticuatro de noviembre, el dos de abril y tres cuartos de taza.",
        ),
        (
            "Abre de lun. a vie. de 9 a 18 hs. y sáb. de 10 a 13.",
            "abre de lunes a viernes de nueve a dieciocho horas y sábado de diez a trece.",
        ),
        (
            "Pagó US$ 1,2 M, $500 mil millones y $100.-",
            "pagó uno coma dos millones de dólares, quinientos mil millones de pesos y cien pesos",
        ),
        (
            "La Res. 125/08, el DNU 70/2023 y la carne de res.",
            "la resolución ciento veinticinco barra cero ocho, el de ene u setenta barra dos mil veintitrés y la carne de res.",
        ),
        (
            "Murió c. 1850 (s. XIX), ver t. II, pp. 3 y ss.",
            "murió circa mil ochocientos cincuenta, siglo diecinueve, ver tomo dos, páginas tres y siguientes.",
        ),
        (
            "1/4 de final; 1/2 docena; las 7 y 1/2; 3/4 partes",
            "cuartos de final; media docena; las siete y media; tres cuartas partes",
        ),
        (
            "A las 3 a. m. y a las 9:30pm, a la 1 o a las 21.",
            "a las tres de la mañana y a las nueve treinta de la noche, a la una o a las veintiuna.",
        ),
        ("Hubo 21 heridos; 1 de ellas, grave.", "hubo veintiún heridos; una de ellas, grave."),
        ("12 cuotas s/interés, c/u y 60-65 kg", "doce cuotas sin interés, cada uno y sesenta a sesenta y cinco kilos"),
        ("El 3er. piso, 3ºB, y la 4ta. fecha", "el tercer piso, tercero be, y la cuarta fecha"),
        ("CUIT 20-30123456-3", "cuit veinte, treinta millones ciento veintitrés mil cuatrocientos cincuenta y seis, tres"),
        ("Python 3.12.1, 5G y x² + 3³", "python tres punto doce punto uno, cinco ge y equis al cuadrado más tres al cubo"),
        ("Las ONGs, la C.A.B.A. y las FF.AA.", "las o ene ge, la caba y las fuerzas armadas."),
        ("Shhh... ¡Grrr! Zzz", "sh… ¡gr! zz"),
        ("Bs. As., 3/V/1901; sept. 2020", "buenos aires, tres de mayo de mil novecientos uno; septiembre de dos mil veinte"),
    ],
)
def test_reads_newspapers_and_notices(written, spoken):
    assert FRONTEND.normalize(written) == spoken


def test_digits_are_never_lost_however_many():
    assert len(FRONTEND.analyze("7" * 100).words) == 100
