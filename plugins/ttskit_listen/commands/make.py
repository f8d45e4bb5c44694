"""`ttskit listen make`: a folder with everything that a listening test needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ttskit.cli.output import json_option, note, print_json, print_table, progress, say
from ttskit.cli.own_stdout import aside
from ttskit_listen.plan import KINDS, LANGUAGES

__all__ = ["make"]

_path = click.Path(path_type=Path)
_count = click.IntRange(min=1)
_from_zero = click.IntRange(min=0)


@click.command(name="make")
@click.argument("sources", nargs=-1, required=True, type=_path)
@click.option("--kind", type=click.Choice(KINDS), default="cmos", show_default=True, help="What is asked of listeners.")
@click.option("-o", "--out", type=_path, required=True, help="Folder of the test.")
@click.option("--listeners", type=_count, default=24, show_default=True, help="How many are to be invited.")
@click.option("--sentences", type=_count, help="Sentences that each hears.  [default: 24, fewer where systems are many]")
@click.option("--hard", type=_from_zero, default=0, show_default=True, help="Hard sentences besides, of a comparison.")
@click.option("--system", "systems", multiple=True, metavar="NAME", help="Only these systems, in this order.  [default: all]")
@click.option("--natural", type=_path, help="Folder of recordings, a file a sentence.")
@click.option("--texts", type=_path, help="Table of texts for folders of audio: id, text, group, speaker.")
@click.option("--skip-bad", is_flag=True, help="Leave out sentences with a sound that cannot be used.")
@click.option(
    "--longest", "longest_s", type=click.FloatRange(1, 120), default=30.0, show_default=True, help="Of a sound, in s."
)
@click.option("--practice", type=_from_zero, help="Trials before the test.  [default: 3; mushra: 1]")
@click.option("--checks", type=click.FloatRange(0, 0.5), help="Share of same-sound pairs, and of gold trials.  [default: 0.08]")
@click.option("--attention", type=_from_zero, help="Trials that ask for an answer in words.  [default: 2]")
@click.option("--repeats", type=_from_zero, default=0, show_default=True, help="Trials that come a second time.")
@click.option("--text/--no-text", "show_text", default=True, show_default=True, help="Show the sentence, or not.")
@click.option("--none/--no-none", "allow_none", default=False, show_default=True, help="Let ab be answered with neither.")
@click.option("--headphones/--no-headphones", default=True, show_default=True, help="Check for headphones first.")
@click.option("--break-every", type=_from_zero, default=20, show_default=True, help="Trials between breaks; 0 for none.")
@click.option("--title", multiple=True, metavar="[LANG=]TEXT", help="What listeners read at the top.")
@click.option("--language", "languages", multiple=True, type=click.Choice(LANGUAGES), help="Of the pages.  [default: es, en]")
@click.option("--institution", default="", help="Who asks, on the page of consent.")
@click.option("--contact", default="", help="Whom listeners may write to.")
@click.option("--consent", multiple=True, metavar="[LANG=]FILE", help="Text of the consent, instead of the usual one.")
@click.option("--completion-code", default="", metavar="CODE", help="Shown at the end, to be handed in.")
@click.option("--prolific", default="", metavar="CODE", help="Completion code of Prolific; the last page leads back there.")
@click.option("--address", default="", metavar="URL", help="Where the test will be found, for invitations.")
@click.option("--rule", "rules", multiple=True, metavar="NAME=VALUE", help="Rule of exclusion: least_gold=0.75.")
@click.option("--smallest", type=click.FloatRange(min=0, min_open=True), help="The smallest difference that matters.")
@click.option("--lufs", type=click.FloatRange(-36, -14), default=-23.0, show_default=True, help="Loudness of all sounds.")
@click.option(
    "--lead", "lead_s", type=click.FloatRange(0, 2), default=0.25, show_default=True, help="Silence before each, in s."
)
@click.option("--seed", type=_from_zero, default=1, show_default=True, help="Of all that is drawn.")
@json_option
def make(
    sources: tuple[Path, ...],
    out: Path,
    title: tuple[str, ...],
    languages: tuple[str, ...],
    institution: str,
    contact: str,
    consent: tuple[str, ...],
    completion_code: str,
    prolific: str,
    rules: tuple[str, ...],
    as_json: bool,
    **wishes: Any,
) -> None:
    """Make a listening test of a comparison, a study, or folders of audio.

    A folder of audio is a system, and each of its files a sentence; SYSTEM/TRAINING/SENTENCE.wav for several trainings.

    \b
    Example:
      ttskit listen make comparison --kind cmos -o test
      ttskit listen make ours theirs --kind mos --natural recordings -o test
    """
    from ttskit_listen.making.assembling import ListeningWishes, make_test
    from ttskit_listen.making.summary import summary_lines, summary_of, summary_rows
    from ttskit_listen.making.wording import completion_of, rules_of, titles_of, words_of

    chosen = languages or LANGUAGES
    with aside():
        wish = ListeningWishes(
            **wishes,
            languages=chosen,
            title=titles_of(title, chosen),
            words=words_of(chosen, institution, contact, consent),
            completion=completion_of(completion_code, prolific),
            rules=rules_of(rules),
        )
        made = make_test(sources, wish, out, progress)
        found = summary_of(made)
    if as_json:
        print_json(found)
        return
    print_table(*summary_rows(found), names=("system",))
    for line in summary_lines(found):
        say(line)
    for line in made.notes:
        note(line)
    note(f"Next: ttskit listen rehearse {out} -o rehearsal, then ttskit listen serve {out}")
