"""`make vendor`: the libraries that the listener's pages stand on, from npm, into plugins/ttskit_listen/vendor.

Needs npm. Each package is fetched by `npm pack` in the version that PACKAGES has, its archive held to the SHA-512 that npm
states for it and, where vendor.json has one already, to that; what is copied is listed in vendor.json with its SHA-256.
With `--check` nothing is written, and it fails where a file differs from what npm has.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[3] / "plugins" / "ttskit_listen" / "vendor"
SCRIPT = "dist/index.browser.min.js"
# Package → version. All are jsPsych's, under the MIT licence (vendor/licences has its text, and of what they have inside).
PACKAGES = {
    "jspsych": "8.3.0",
    "@jspsych/plugin-audio-button-response": "2.1.1",
    "@jspsych/plugin-browser-check": "2.1.0",
    "@jspsych/plugin-html-slider-response": "2.1.0",
    "@jspsych/plugin-preload": "2.1.0",
    "@jspsych/plugin-survey-html-form": "2.1.0",
}


def own_name(package: str) -> str:
    """How a package's script is called in vendor/."""
    return package.removeprefix("@jspsych/") + ".min.js"


def packed(package: str, version: str, folder: Path) -> tuple[Path, str]:
    """A package's archive in `folder`, and its SHA-512 as npm writes it. Exits where npm states another."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("make vendor needs npm, which is not on PATH")
    asked = [npm, "pack", f"{package}@{version}", "--json", "--ignore-scripts", "--pack-destination", str(folder)]
    told = json.loads(subprocess.run(asked, check=True, encoding="utf-8", stdout=subprocess.PIPE).stdout)[0]
    seen = subprocess.run(
        [npm, "view", f"{package}@{version}", "dist.integrity"], check=True, encoding="utf-8", stdout=subprocess.PIPE
    ).stdout.strip()
    archive = folder / told["filename"].replace("@", "").replace("/", "-")
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode("ascii")
    if found != seen:
        raise SystemExit(f"{package} {version}: the archive's hash is {found}, npm states {seen}")
    return archive, found


def main(arguments: Sequence[str]) -> int:
    """Fetch, verify, and write or compare."""
    listed = VENDOR / "vendor.json"
    before = json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else []
    known = {(one["package"], one["version"]): one["integrity"] for one in before}
    entries, wrong = [], 0
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for package, version in PACKAGES.items():
            archive, integrity = packed(package, version, folder)
            if known.get((package, version), integrity) != integrity:
                raise SystemExit(f"{package} {version} is another archive than it was: {integrity}")
            with tarfile.open(archive) as content:
                member = content.extractfile(f"package/{SCRIPT}")
                about = content.extractfile("package/package.json")
                assert member is not None and about is not None
                data, licence = member.read(), json.loads(about.read())["license"]
            file = VENDOR / own_name(package)
            sha256 = hashlib.sha256(data).hexdigest()
            entries.append(
                {
                    "package": package,
                    "version": version,
                    "licence": licence,
                    "from": SCRIPT,
                    "file": file.name,
                    "sha256": sha256,
                    "integrity": integrity,
                }
            )
            if "--check" not in arguments:
                file.write_bytes(data)
            elif not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
                print(f"{file.name} is not what {package} {version} has")
                wrong = 1
    if "--check" not in arguments:
        listed.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8", newline="\n")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
