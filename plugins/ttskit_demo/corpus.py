"""The embedded corpus: the project's sentences spoken by espeak-ng, with exact token times."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttskit.errors import TTSKitError
from ttskit.reading import Misread, read_json

if TYPE_CHECKING:
    from rich.console import Console

    from ttskit.interfaces import Frontend

LEAD_S = 0.08  # silence added at both ends: what `prepare` keeps when it trims
_FINAL_MARK_S = 0.03


def demo_sentences(*, more: bool = False) -> list[str]:
    """The project's sentences (Rioplatense Spanish, written for it), one speaker's reading each.

    They are eleven minutes of speech; with `more`, twenty-five, of which those are the first.
    """
    names = ("sentences.txt", "sentences_more.txt") if more else ("sentences.txt",)
    texts = [files("ttskit_demo").joinpath(name).read_text(encoding="utf-8") for name in names]
    return [line for text in texts for line in text.splitlines() if line.strip()]


def make_corpus(
    folder: Path | str,
    *,
    sentences: Sequence[str] | None = None,
    limit: int | None = None,
    minutes: float | None = None,
    frontend: Frontend | None = None,
    seed: int = 0,
    voice: str | None = None,
    console: Console | None = None,
) -> Path:
    """Speak sentences into an LJSpeech layout: metadata.csv, wavs/ (22,050 Hz) and alignments/.

    Rate, pitch and pitch range vary from sentence to sentence with `seed`, and depend on nothing else: a larger corpus
    begins with the same recordings as a smaller one. A corpus that is already there with the same settings is kept.

    Args:
        folder: where to; made if needed.
        sentences: what to say, `demo_sentences()` by default; with `minutes` also those of `demo_sentences(more=True)`.
        limit: only the first so many.
        minutes: only the first that are so many minutes of recordings; validation and test are taken off them later.
        frontend: gives the phonemes and tokens; the Spanish frontend with default options if None.
        seed: of the variation.
        voice: espeak's voice and variant, such as "es-419+f2" (a woman); by default that of the frontend's dialect.
        console: for one line at the end.

    Returns:
        The folder.

    Raises:
        TTSKitError: espeak-ng is not installed, or says other phonemes than the frontend's; the sentences are fewer minutes.
    """
    from ttskit_demo.espeak import Request, mnemonics, speak, token_times

    folder = Path(folder)
    texts = list(sentences if sentences is not None else demo_sentences(more=minutes is not None))[:limit]
    if frontend is None:
        from ttskit.plugins import create_registry

        frontend = create_registry().get("frontend", "spanish").load()()
    recipe = {"sentences": texts, "frontend": frontend.fingerprint().to_json(), "seed": seed, "format": 1}
    recipe |= {"voice": voice} if voice else {}
    recipe |= {"minutes": minutes} if minutes is not None else {}
    recipe = json.loads(json.dumps(recipe))
    made = folder / "corpus_made.json"
    if made.is_file() and _recipe_of(made) == recipe:
        return folder
    analyses = [frontend.analyze(text) for text in texts]
    for number, analysis in enumerate(analyses, 1):
        if not analysis.words:
            raise TTSKitError(f"sentence {number} has nothing to speak", f"text {analysis.text!r}", "remove it")
    requests = []
    for number, analysis in enumerate(analyses, 1):
        choice = random.Random(f"{seed}:{number}")
        requests.append(
            Request(
                mnemonics(analysis.tokens, analysis.token_words),
                words_per_minute=choice.randint(195, 245),
                pitch=choice.randint(35, 65),
                pitch_range=choice.randint(40, 85),
            )
        )
    castilian = dict(frontend.options).get("dialect") == "castilian"
    said, version = speak(requests, voice or ("es" if castilian else "es-419"))
    for part in ("wavs", "alignments"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    rows, total_s = [], 0.0
    for number, (text, analysis, spoken) in enumerate(zip(texts, analyses, said, strict=True), 1):
        name = f"demo_{number:04d}"
        total_s += _write(folder, name, analysis.tokens, token_times(analysis.tokens, spoken), spoken)
        rows.append(f"{name}|{text}|{text}")
        if minutes is not None and total_s >= 60 * minutes:
            break
    if minutes is not None and total_s < 60 * minutes:
        why = f"these {len(texts)} are {total_s / 60:.1f} minutes of speech"
        raise TTSKitError(
            f"there are not enough sentences for {minutes:g} minutes", why, "ask for fewer minutes, or give sentences"
        )
    if console is not None:
        console.print(f"{len(rows)} sentences, {total_s:.0f} s of speech by espeak-ng {version}", highlight=False)
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")
    facts = {"engine": f"espeak-ng {version}", "seconds": round(total_s, 2), "recipe": recipe}
    made.write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    return folder


def _recipe_of(made: Path) -> Any:
    """What a corpus that was made before was made from; None if its file cannot be read, and it is made anew."""
    try:
        return read_json(made, dict[str, Any]).get("recipe")
    except (OSError, Misread):
        return None


def _write(folder: Path, name: str, tokens: Sequence[str], times, spoken) -> float:
    """Write one utterance with silence at its ends; gives its seconds."""
    import numpy as np
    import soundfile

    audio, rate_hz = spoken.audio, spoken.rate_hz
    first = next(i for i, t in enumerate(tokens) if t[-1].isalpha())
    last = max(i for i, t in enumerate(tokens) if t[-1].isalpha())
    speech_from, speech_to = round(times[first] * rate_hz), round(times[last + 1] * rate_hz)
    lead = round(LEAD_S * rate_hz)
    silence = np.zeros(lead, np.int16)
    audio = np.concatenate([silence, audio[speech_from:speech_to], silence])
    bounds = times - times[first] + LEAD_S
    bounds[: first + 1] = np.linspace(0.0, LEAD_S, first + 1)
    end = len(audio) / rate_hz
    marks = len(tokens) - last - 2  # punctuation between the last phone and the edge
    for offset in range(1, marks + 1):
        bounds[last + 1 + offset] = bounds[last + 1] + offset * min(_FINAL_MARK_S, (end - bounds[last + 1]) / (marks + 1))
    bounds[-1] = end
    soundfile.write(folder / "wavs" / f"{name}.wav", audio, rate_hz, subtype="PCM_16")
    data = {"tokens": list(tokens), "times_s": [round(float(t), 5) for t in bounds]}
    times_file = folder / "alignments" / f"{name}.json"
    times_file.write_text(json.dumps(data, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return end
