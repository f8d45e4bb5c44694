"""What a reader of the statistics must know, in plain sentences, in English and Spanish."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["NOTES", "note"]

NOTES: Mapping[str, tuple[str, str]] = {
    "nothing": ("No scored answer was left to analyse.", "No quedó ninguna respuesta puntuada para analizar."),
    "one listener": (
        "There is one listener only: nothing here speaks of other listeners.",
        "Hay un solo oyente: nada de esto habla de otros oyentes.",
    ),
    "one sentence": (
        "There is one sentence only: nothing here speaks of other sentences.",
        "Hay una sola oración: nada de esto habla de otras oraciones.",
    ),
    "few sentences": (
        "There are {count} sentences: below {least} no word is given, whatever the interval.",
        "Hay {count} oraciones: con menos de {least} no se da un veredicto, sea cual sea el intervalo.",
    ),
    "these trainings": (
        "One training was heard of {systems}: intervals speak of these trainings, not of the models.",
        "Se escuchó un solo entrenamiento de {systems}: los intervalos hablan de estos entrenamientos, no de los modelos.",
    ),
    "few trainings": (
        "Two trainings of a system say little of how far trainings differ: so intervals are wide. Three or more help most.",
        "Dos entrenamientos de un sistema dicen poco de cuánto difieren los entrenamientos: por eso los intervalos son anchos. "
        "Lo que más ayuda es escuchar tres o más.",
    ),
    "alike": (
        "{what}: all answers are alike, so that there is no interval.",
        "{what}: todas las respuestas son iguales, así que no hay intervalo.",
    ),
    "never together": (
        "{what}: no answer compares them.",
        "{what}: ninguna respuesta los compara.",
    ),
    "ordinal": (
        "The ordinal model has no estimate for {what}: {why}.",
        "El modelo ordinal no tiene estimación para {what}: {why_es}.",
    ),
    "strengths": (
        "Bradley–Terry has no finite strengths: {first} always won against {second}, or they were never compared.",
        "Bradley–Terry no tiene fuerzas finitas: {first} siempre ganó frente a {second}, o nunca se compararon.",
    ),
    "pooled": (
        "The exact binomial over all answers takes them for independent and is too narrow; the interval over listeners, "
        "sentences and trainings is the one that counts.",
        "La binomial exacta sobre todas las respuestas las toma por independientes y es demasiado angosta; el intervalo que "
        "vale es el que va sobre oyentes, oraciones y entrenamientos.",
    ),
    "groups": (
        "Groups by the questionnaire were not planned for: they suggest what to ask next, and prove nothing.",
        "Los grupos según el cuestionario no estaban planeados: sugieren qué preguntar después y no prueban nada.",
    ),
    "incomplete": (
        "Not every listener judged every sound, so the intraclass correlations come from variances, without interval.",
        "No todos los oyentes juzgaron todos los sonidos: las correlaciones intraclase salen de las varianzas, sin intervalo.",
    ),
}


def note(key: str, **values: object) -> tuple[str, str]:
    """A note in English and in Spanish."""
    english, spanish = NOTES[key]
    return english.format(**values), spanish.format(**values)
