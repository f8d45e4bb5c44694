"""Messages in the reader's language: written in English where they arise, translated where they are shown.

Library code raises and notes plain English, which logs, issues and tests can rely on; the command line and the pages pass what
they show through `translated`. The catalogues are gettext's (`locale/es/LC_MESSAGES/ttskit.po` and its compiled `.mo`, made by
`make messages`), so that any tool for translators opens them.
"""

from __future__ import annotations

from ttskit.messages.language import LANGUAGES, LOCALE, language, speak
from ttskit.messages.translation import Catalogue, catalogue, translated

__all__ = ["LANGUAGES", "LOCALE", "Catalogue", "catalogue", "language", "speak", "translated"]
