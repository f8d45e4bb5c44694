"""Time zones and their offsets: GMT-3, UTC+05:30, EST."""

from __future__ import annotations

from ttskit_spanish.normalize.context import Context, Found, ends_token
from ttskit_spanish.normalize.letters import spell
from ttskit_spanish.normalize.numbers import cardinal
from ttskit_spanish.pattern import Pattern

# In any letter case after a time; the others in capitals only, since art, bot and pet are words.
_ZONE = Pattern(
    r"[ \xa0]?\(?((?i:utc|gmt|est|pst|cst|mst|edt|pdt|cdt|mdt)|CEST|CET|BST|IST|JST|MSK|ART|BRT|CLS?T|UYT|PYS?T|BOT|COT|PET|VET"
    r"|ECT|WES?T|EES?T|AKS?T|HST|AE[SD]T|ACST|AWST|NZ[SD]T|SGT|HKT|AST|ADT|TMG|[zZ](?=\b))(?![^\W_])"
)
_OFFSET = Pattern(r"[ \xa0]?([+\-−–±])[ \xa0]?(\d{1,2})(?::?(\d{2}))?(?![\d:])")
_BARE_OFFSET = Pattern(r"([+\-−])(\d{2}):(\d{2})(?!\d)")
_ALONE = Pattern(r"(UTC|GMT)(?=[ \xa0]?[+\-−–±][ \xa0]?\d)")
_SIGNS = {"+": "más", "±": "más menos"}


def _offset(sign: str, hours: str, minutes: str | None) -> str | None:
    if int(hours) > 14 or int(minutes or 0) > 59:
        return None
    rest = int(minutes or 0)
    return f" {_SIGNS.get(sign, 'menos')} {cardinal(int(hours))}" + (f" {cardinal(rest)}" if rest else "")


def zone_at(text: str, at: int, locale: str, *, exact: bool = False) -> tuple[str, int] | None:
    """A zone with its offset after a time, in words, and its end; `exact`: Z and +03:00 too, as in ISO 8601.

    >>> zone_at("5:00 UTC+05:30", 4, "es-AR"), zone_at("9:00 EST", 4, "es-AR")
    (('u te ce más cinco treinta', 14), ('e ese te', 8))
    """
    if exact and (bare := _BARE_OFFSET.match(text, at)):
        said = _offset(bare[1], bare[2], bare[3])
        return (said.strip(), bare.end()) if said else None
    match = _ZONE.match(text, at)
    if match is None or (match[1] in "zZ" and not exact):
        return None
    end, words = match.end(), spell(match[1], locale)
    offset = _OFFSET.match(text, end) if match[1].lower() in ("utc", "gmt", "tmg") else None
    said = _offset(*offset.groups()) if offset is not None else None
    if offset is not None and said is not None:
        end, words = offset.end(), words + said
    if text[match.start() : end].lstrip().startswith("(") and text[end : end + 1] == ")":
        end += 1
    return words, end


def read_zone(text: str, at: int, context: Context) -> Found | None:
    """A zone with its offset where no time stands before it.

    >>> from ttskit_spanish.normalize.context import Context
    >>> [read_zone(t, 0, Context(t, "es-AR"))[0] for t in ("UTC−03:00", "GMT +2")]
    ['u te ce menos tres', 'ge eme te más dos']
    """
    if text[at] not in "UG" or _ALONE.match(text, at) is None:
        return None
    found = zone_at(text, at, context.locale)
    return (*found, "time zone") if found is not None and ends_token(text, found[1]) else None
