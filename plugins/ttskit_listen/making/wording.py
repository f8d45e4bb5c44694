"""What the command's options say, as parts of a plan and a design: titles, consent, completion, rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from pydantic import ValidationError

from ttskit.errors import InputError, UsageError
from ttskit.texts import read_text
from ttskit_listen.plan import Completion, Rules

__all__ = ["USUAL_TITLES", "completion_of", "no_names_in", "rules_of", "titles_of", "words_of"]

USUAL_TITLES = {"es": "Prueba de escucha", "en": "Listening test"}  # no message
_PROLIFIC = "https://app.prolific.com/submissions/complete?cc="
_MOST_LETTERS = 20_000  # of a consent
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")


def titles_of(given: Sequence[str], languages: Sequence[str]) -> dict[str, str]:
    """A title for each language: TEXT for all of them, or LANG=TEXT."""
    return {language: USUAL_TITLES.get(language, USUAL_TITLES["en"]) for language in languages} | _by_language(
        given, languages, "--title"
    )


def words_of(languages: Sequence[str], institution: str, contact: str, consent: Sequence[str]) -> dict[str, dict[str, str]]:
    """Texts of the pages by language and key: institution, contact, and consent, which is read from files.

    Raises:
        InputError: a file is missing, empty or too long.
    """
    same = {key: text.strip() for key, text in (("institution", institution), ("contact", contact)) if text.strip()}
    found = {language: dict(same) for language in languages}
    for language, name in _by_language(consent, languages, "--consent").items():
        path = Path(name)
        if not path.is_file():
            raise InputError(f"{path} is missing", "no such file", "--consent es=FILE --consent en=FILE")
        text = read_text(path).text.strip()
        if not 0 < len(text) <= _MOST_LETTERS:
            why = f"{len(text)} letters, at most {_MOST_LETTERS}"
            raise InputError(f"{path} cannot be the consent", why, "a text file with what listeners agree to")
        found[language]["consent"] = text
    return found


def completion_of(code: str, prolific: str) -> Completion:
    """What the last page shows.

    Raises:
        UsageError: a code that cannot be one.
    """
    if code and prolific and code != prolific:
        raise UsageError("two completion codes", f"{code} and {prolific}", "give one of them")
    own = prolific or code
    if own and not _CODE.fullmatch(own):
        why = "letters, digits, - and _, 40 at most"
        raise UsageError(f"{own:.60} cannot be a completion code", why, "--prolific CODE, as Prolific shows it")
    return Completion(code=own, url=_PROLIFIC + quote(prolific, safe="") if prolific else "")


def rules_of(given: Sequence[str]) -> Rules:
    """Rules of exclusion with differences, each NAME=VALUE.

    Raises:
        UsageError: no such rule, or not such a value.
    """
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or name.strip() not in Rules.model_fields:
            raise UsageError(f"no such rule: {one:.60}", f"rules are {', '.join(Rules.model_fields)}", "--rule least_gold=0.75")
        found[name.strip()] = value.strip()
    try:
        return Rules.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        raise UsageError(f"the rule {name} cannot be {found[name]:.40}", first["msg"], f"--rule {name}=NUMBER") from None


def no_names_in(texts: Mapping[str, str], names: Collection[str]) -> None:
    """Refuse texts for listeners that name a system.

    Args:
        texts: by the option that they come from.

    Raises:
        UsageError: one does.
    """
    for option, text in texts.items():
        for name in names:
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
                why = "whoever knows what is compared hears it with other ears"
                raise UsageError(f"{option} names the system {name}", why, "say it without the name")


def _by_language(given: Sequence[str], languages: Sequence[str], option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given:
        language, equals, text = one.partition("=")
        if equals and language in languages:
            found[language] = text
        elif equals and re.fullmatch("[a-z]{2}", language):
            why = f"the pages are in {', '.join(languages)}"
            raise UsageError(f"{option} is in a language without pages: {language}", why, f"{option} {languages[0]}=…")
        else:
            found |= dict.fromkeys(languages, one)
    return found
