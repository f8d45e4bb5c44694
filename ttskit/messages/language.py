"""Which language messages are shown in: TTSKIT_LANG, else what the system speaks, else English."""

from __future__ import annotations

import gettext
import locale
import os
import sys
from pathlib import Path

__all__ = ["LANGUAGES", "LOCALE", "language", "speak"]

LANGUAGES = ("en", "es")
LOCALE = Path(__file__).parent / "locale"
_DOMAIN = "ttskit"
# gettext's own order (GNU gettext manual, "Locale environment variables").
_VARIABLES = ("TTSKIT_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def language() -> str:
    """The language of the messages, "en" or "es": the first of TTSKIT_LANG and the locale's variables that is set decides.

    A language without a catalogue is English. On Windows and macOS, where the variables are often unset, the system's
    setting decides.
    """
    for name in _VARIABLES:
        for wanted in filter(None, os.environ.get(name, "").split(":")):
            if (short := _short(wanted)) in LANGUAGES:
                return short
        if os.environ.get(name):
            return "en"
    short = _short(_of_the_system())
    return short if short in LANGUAGES else "en"


def _of_the_system() -> str:
    """What the system's settings say where the variables are silent, as es_AR; "" where nothing is known."""
    if sys.platform == "win32":
        import ctypes

        return locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
    return (locale.getlocale()[0] or "") if sys.platform == "darwin" else ""


def speak(name: str) -> None:
    """Have the libraries under the command line (click) use the catalogue of this language as well.

    They ask gettext, whose language is that of the environment; TTSKIT_LANG is told to it, and to processes started from here.
    """
    os.environ["LANGUAGE"] = name
    gettext.bindtextdomain(_DOMAIN, LOCALE)
    gettext.textdomain(_DOMAIN)


def _short(name: str) -> str:
    return name.lower().replace("-", "_").split("_")[0].split(".")[0].split("@")[0]
