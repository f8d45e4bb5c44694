"""What listeners are asked about themselves before a test, and after it."""

from __future__ import annotations

from ttskit_listen.plan import Question

__all__ = ["CLOSING", "QUESTIONS"]


def _choices(**labels: tuple[str, str]) -> dict[str, dict[str, str]]:
    return {value: {"es": es, "en": en} for value, (es, en) in labels.items()}


QUESTIONS = (
    Question(
        name="variety",
        kind="choice",
        title={"es": "¿Qué español hablás desde la infancia?", "en": "Which Spanish have you spoken since childhood?"},
        choices=_choices(
            rioplatense=("rioplatense (Buenos Aires, Litoral, Uruguay)", "Rioplatense (Buenos Aires, Litoral, Uruguay)"),
            argentina=(
                "otro de la Argentina (Cuyo, Córdoba, Noroeste, …)",
                "another of Argentina (Cuyo, Córdoba, North-West, …)",
            ),
            andean=("andino (Bolivia, Perú, Ecuador)", "Andean (Bolivia, Peru, Ecuador)"),
            chilean=("chileno", "Chilean"),
            caribbean=("caribeño (Cuba, Venezuela, Colombia costera, …)", "Caribbean (Cuba, Venezuela, coastal Colombia, …)"),
            mexican=("mexicano o centroamericano", "Mexican or Central American"),
            peninsular=("de España", "of Spain"),
            other=("otro", "another"),
            second=("el español no es mi lengua materna", "Spanish is not my first language"),
        ),
    ),
    Question(
        name="age",
        kind="choice",
        title={"es": "¿Cuántos años tenés?", "en": "How old are you?"},
        choices=_choices(
            **{
                "18-29": ("de 18 a 29", "18 to 29"),
                "30-44": ("de 30 a 44", "30 to 44"),
                "45-59": ("de 45 a 59", "45 to 59"),
                "60": ("60 o más", "60 or more"),
                "unsaid": ("prefiero no decirlo", "I prefer not to say"),
            }
        ),
    ),
    Question(
        name="device",
        kind="choice",
        title={"es": "¿Con qué vas a escuchar?", "en": "What will you listen with?"},
        choices=_choices(
            headphones=("auriculares que cubren la oreja", "headphones over the ears"),
            earbuds=("auriculares de botón", "earphones in the ears"),
            loudspeaker=("parlantes externos", "external loudspeakers"),
            built_in=("el parlante del teléfono o de la computadora", "the loudspeaker of the phone or computer"),
        ),
    ),
    Question(
        name="hearing",
        kind="choice",
        title={
            "es": "¿Tenés algún problema de audición que conozcas?",
            "en": "Do you have any hearing trouble that you know of?",
        },
        choices=_choices(
            no=("no", "no"),
            yes=("sí", "yes"),
            unsaid=("prefiero no decirlo", "I prefer not to say"),
        ),
    ),
)

CLOSING = (
    Question(
        name="comment",
        kind="long",
        title={
            "es": "¿Hay algo que quieras contarnos? Por ejemplo: ruido alrededor, un sonido que no se oyó, en qué te fijaste.",
            "en": "Is there anything you want to tell us? For example: noise around you, a sound that did not play, what you "
            "listened for.",
        },
        required=False,
    ),
)
