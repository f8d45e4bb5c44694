"""`make messages`: bring the catalogues up to date with the messages of the code, and compile them.

New messages are added without a translation, those that are gone are taken out, comments of translators stay. Says which are
to be translated; with `--check` nothing is written, and it fails where a catalogue is not complete.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import polib
from message_collection import collect, collect_click, collect_pydantic

from ttskit.messages import LANGUAGES, LOCALE

ROOT = Path(__file__).resolve().parents[2]


def path_of(language: str) -> Path:
    """The catalogue that translators edit."""
    return LOCALE / language / "LC_MESSAGES" / "ttskit.po"


def update(language: str) -> polib.POFile:
    """The catalogue of a language with just the messages of the code, old translations kept; not written."""
    path = path_of(language)
    old = {entry.msgid: entry for entry in polib.pofile(str(path))} if path.is_file() else {}
    new = polib.POFile(wrapwidth=110)
    new.metadata = {
        "Project-Id-Version": "ttskit",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    messages = {template: sorted({place.rpartition(":")[0] for place in places}) for template, places in collect(ROOT).items()}
    messages = {**{text: ["click"] for text in collect_click()}, **collect_pydantic(), **messages}
    for template, files in sorted(messages.items(), key=lambda item: (item[1][0], item[0])):
        before = old.get(template)
        new.append(
            polib.POEntry(
                msgid=template,
                msgstr=before.msgstr if before else "",
                tcomment=before.tcomment if before else "",
                occurrences=[(file, "") for file in files],  # no lines: every edit would change the catalogue
            )
        )
    return new


def write(language: str, catalogue: polib.POFile) -> None:
    """The catalogue and its compiled form."""
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(path), newline="\n")
    path.with_suffix(".mo").write_bytes(catalogue.to_binary())


def main(arguments: Sequence[str]) -> int:
    missing = 0
    for language in LANGUAGES:
        if language == "en":
            continue
        catalogue = update(language)
        if "--check" not in arguments:
            write(language, catalogue)
        for entry in catalogue:
            if not entry.msgstr:
                missing += 1
                print(f"{language}: {entry.occurrences[0][0]}: {entry.msgid!r}")
        print(f"{language}: {len(catalogue)} messages, {missing} without a translation")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
