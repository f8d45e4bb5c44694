"""`make equations`: every formula of the class page as MathML, in texts/equations.json.

Needs node and npm; Temml comes from npm's registry in the version, and with the hash, that package-lock.json has.
With `--check` nothing is written, and it fails where the file does not hold just what the texts ask for.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ttskit_explain.texts import formulas

HERE = Path(__file__).resolve().parent
RENDERED = Path(__file__).resolve().parents[3] / "plugins" / "ttskit_explain" / "texts" / "equations.json"


def render(keys: Sequence[str]) -> dict[str, str]:
    """Keys as `formulas` has them → MathML. Raises CalledProcessError with Temml's words where one is no LaTeX."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise SystemExit("make equations needs node and npm, which are not on PATH")
    asked = [{"latex": key.removeprefix("block "), "block": key.startswith("block ")} for key in keys]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json", "render.mjs"):
            shutil.copy(HERE / name, folder)
        # `ci` takes what the lock file has and refuses a package whose hash is another
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
        done = subprocess.run(
            [node, "render.mjs"], cwd=folder, check=True, input=json.dumps(asked), encoding="utf-8", stdout=subprocess.PIPE
        )
    return dict(zip(keys, json.loads(done.stdout), strict=True))


def main(arguments: Sequence[str]) -> int:
    """Write the file, or say what is missing and what is left over."""
    wanted = sorted(formulas())
    before = json.loads(RENDERED.read_text(encoding="utf-8")) if RENDERED.is_file() else {}
    if "--check" in arguments:
        for key in sorted(set(wanted) ^ set(before)):
            print(("missing: " if key in wanted else "left over: ") + key)
        return int(set(wanted) != set(before))
    content = json.dumps(render(wanted), ensure_ascii=False, indent=0, sort_keys=True)
    RENDERED.write_text(content + "\n", encoding="utf-8", newline="\n")
    print(f"{len(wanted)} formulas, {len(set(wanted) - set(before))} of them new")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
