"""The folder of a listening test. Other parts find its files by these names only.

test/
  design.json      what was asked, and the rules of exclusion, fixed before anyone listened
  key.json         which sound is whose: never goes to a web space
  invitations.csv  a link for each listener
  public/          the static test: index.html, test.js (the plan), listen.js, listen.css, vendor/, audio/NAME.flac
  answers/         files that came back
  listen.sqlite    answers that came in on `ttskit listen serve`
  report/          of `ttskit listen analyse`
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ttskit.corpus.storage import write_atomic, write_json
from ttskit.errors import CheckpointError, InputError
from ttskit.reading import Misread, parse_json, read_json, read_limited
from ttskit_listen.plan import Key, ListeningDesign, ListeningPlan

__all__ = ["TestFolder"]

_PLAN_JS = "ttskit.plan("


@dataclass(frozen=True)
class TestFolder:
    """Paths of a test, and its files read."""

    __test__ = False  # no test of pytest's

    path: Path

    @property
    def design_file(self) -> Path:
        """What was decided."""
        return self.path / "design.json"

    @property
    def key_file(self) -> Path:
        """Which sound is whose."""
        return self.path / "key.json"

    @property
    def invitations(self) -> Path:
        """A code and a link for each listener."""
        return self.path / "invitations.csv"

    @property
    def public(self) -> Path:
        """What goes to a web space."""
        return self.path / "public"

    @property
    def plan_file(self) -> Path:
        """The plan, as a script that the page loads (a page opened from disk may not read other files)."""
        return self.public / "test.js"

    @property
    def audio(self) -> Path:
        """NAME.flac of every sound."""
        return self.public / "audio"

    @property
    def answers(self) -> Path:
        """Files that came back."""
        return self.path / "answers"

    @property
    def database(self) -> Path:
        """Answers that came in on the server."""
        return self.path / "listen.sqlite"

    @property
    def report(self) -> Path:
        """The analysis."""
        return self.path / "report"

    def write(self, plan: ListeningPlan, key: Key, design: ListeningDesign) -> None:
        """Write the three files."""
        self.public.mkdir(parents=True, exist_ok=True)
        write_json(self.design_file, design.model_dump(mode="json"))
        write_json(self.key_file, key.model_dump(mode="json"))
        script = self.plan_script(plan)
        write_atomic(self.plan_file, lambda path: path.write_text(script, encoding="utf-8", newline="\n"))

    @staticmethod
    def plan_script(plan: ListeningPlan) -> str:
        """A plan as the pages load it."""
        content = json.dumps(plan.model_dump(mode="json"), ensure_ascii=True, separators=(",", ":"))
        return f"{_PLAN_JS}{content});\n"

    def plan(self) -> ListeningPlan:
        """The plan.

        Raises:
            InputError: the folder holds no test.
            CheckpointError: the file is damaged.
        """
        try:
            text = read_limited(self.plan_file).decode("utf-8").strip()
            if not (text.startswith(_PLAN_JS) and text.endswith(");")):
                raise Misread("it does not begin and end as the plan of a test does")
            plan: ListeningPlan = parse_json(text[len(_PLAN_JS) : -2], ListeningPlan)
            return plan
        except (OSError, UnicodeDecodeError, Misread) as error:
            raise self._bad(self.plan_file, error) from error

    def key(self) -> Key:
        """The key; errors as `plan`."""
        try:
            key: Key = read_json(self.key_file, Key)
            return key
        except (OSError, Misread) as error:
            raise self._bad(self.key_file, error) from error

    def design(self) -> ListeningDesign:
        """The design; errors as `plan`."""
        try:
            design: ListeningDesign = read_json(self.design_file, ListeningDesign)
            return design
        except (OSError, Misread) as error:
            raise self._bad(self.design_file, error) from error

    def _bad(self, path: Path, error: Exception) -> CheckpointError | InputError:
        if not path.is_file():
            why = f"{path.name} is not there"
            return InputError(f"{self.path} holds no listening test", why, "make one: ttskit listen make SOURCE -o FOLDER")
        why = getattr(error, "strerror", None) or str(error)
        return CheckpointError(f"{path} is damaged", str(why), "make the test again, or take the file from a copy")
