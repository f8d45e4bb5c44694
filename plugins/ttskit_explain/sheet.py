"""What lies beside the page: arrays as scripts that a page opened from disk can load, and audio.

A page opened from disk may not fetch files, but it may load scripts: each section's arrays and figures are one script that
hands them to the page (`ttskit.data`), loaded when the section comes near. Arrays are float16: nobody sees more on a screen.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ttskit.corpus.storage import write_atomic

__all__ = ["Sheet"]

_LARGEST = 6.0e4  # float16 holds no more


class Sheet:
    """Collects the arrays of one section after the other and writes them.

    Args:
        folder: of the page.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bytes = 0  # on disk, arrays and audio
        self._arrays: dict[str, dict[str, Any]] = {}
        self._heard: dict[str, dict[str, Any]] = {}

    def array(self, values: np.ndarray) -> dict[str, str]:
        """A reference to an array, for a figure's spec. Whole numbers are kept as int32, others as float16.

        −∞ and +∞ stay; what is too large for float16 becomes the largest that it holds.
        """
        values = np.asarray(values)
        if values.dtype.kind in "iub":
            kept, kind = values.astype("<i4"), "i4"
        else:
            finite = np.clip(values, -_LARGEST, _LARGEST)
            kept, kind = np.where(np.isinf(values), values, finite).astype("<f2"), "f2"
        key = f"a{len(self._arrays)}"
        text = base64.b64encode(np.ascontiguousarray(kept).tobytes()).decode("ascii")
        self._arrays[key] = {"shape": list(kept.shape), "type": kind, "base64": text}
        return {"array": key}

    def audio(self, name: str, samples: np.ndarray, rate_hz: int) -> dict[str, Any]:
        """Keep audio (S,) in [-1, 1] as a file; gives what a player is told: `audio` (path from the page) and `seconds`.

        Args:
            name: a telling one; made safe for file names, and unique.
            samples: mono.
            rate_hz: of them.
        """
        stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "audio"
        taken, number = stem, 2
        while taken in self._heard:
            taken, number = f"{stem}-{number}", number + 1
        path = self.folder / "audio" / f"{taken}.flac"
        encoded = io.BytesIO()  # so that a full disk is the system's refusal and not the library's
        soundfile.write(encoded, np.clip(samples, -1.0, 1.0), rate_hz, subtype="PCM_16", format="FLAC")
        write_atomic(path, lambda file: file.write_bytes(encoded.getvalue()))
        self.bytes += len(encoded.getvalue())
        self._heard[taken] = {"audio": f"audio/{path.name}", "seconds": round(len(samples) / rate_hz, 3)}
        return self._heard[taken]

    def write(self, section: str, figures: Mapping[str, Mapping[str, Any]]) -> Path:
        """Write `data/SECTION.js` of a section's figures (key → spec) and of all arrays since the last call."""
        content = json.dumps({"figures": figures, "arrays": self._arrays}, ensure_ascii=False, separators=(",", ":"))
        text = f"ttskit.data({json.dumps(section)}, {content});\n"
        path = self.folder / "data" / f"{section}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, lambda file: file.write_text(text, encoding="utf-8", newline="\n"))
        self.bytes += len(text.encode())
        self._arrays = {}
        return path
