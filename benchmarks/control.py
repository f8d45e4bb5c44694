"""Control accuracy of a demo's FastPitch: asked against measured on the audio, and the first audio of a stream.

    python benchmarks/control.py DEMO [--run RUN] [--vocoder VOCODER] [--sentences 24] [--json FILE]

DEMO is a folder that `ttskit demo` made; its held-out sentences are spoken by its FastPitch (or `--run`) through the
vocoder of its recipe (or `--vocoder`). F0 is read by subharmonic summation, not by the tracker of the training. Prints
Markdown; the goals are in the last column.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from ttskit.audio.subharmonics import subharmonics
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.measure.control import measure_control
from ttskit.synthesis import load_voice


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo", type=Path)
    parser.add_argument("--run", type=Path, help="another acoustic run on the demo's corpus")
    parser.add_argument("--vocoder", help="another vocoder: a plugin's name or a run")
    parser.add_argument("--sentences", type=int, default=24)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    given = parser.parse_args()
    torch.set_num_threads(1)
    corpus = PreparedCorpus.open(given.demo / "prepared")
    voice = load_voice(given.run or given.demo / "runs" / "fastpitch", given.vocoder, checkpoint="last")
    held_out = [*corpus.split("test"), *corpus.split("validation")][: given.sentences]
    result = measure_control(voice, [(u.text, u.speaker) for u in held_out])
    result["tracker"] = agreement(corpus, held_out)
    result["streaming"] = streaming(voice, [u.text for u in held_out], held_out[0].speaker)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    show(result, voice)


def agreement(corpus: PreparedCorpus, utterances: list) -> dict:
    """The tracker against the corpus's F0 on natural speech: median and 5th to 95th percentile, in semitones."""
    apart = []
    for u in utterances:
        mean = corpus.pitch[u.speaker].mean_hz
        found, known = subharmonics(corpus.audio(u), corpus.mel, mean / 2, mean * 2), corpus.features(u).pitch_hz
        both = (found > 0) & (known > 0)
        apart.append(12 * np.log2(found[both] / known[both]))
    low, middle, high = np.percentile(np.concatenate(apart), [5, 50, 95])
    return {"median": float(middle), "low": float(low), "high": float(high)}


def streaming(voice, texts: list[str], speaker: str) -> dict:
    """First audio of a stream beside the whole, on a text of several sentences; how far the audio differs."""
    text = " ".join(texts[:6])
    voice.synthesize(texts[0], speaker=speaker)  # warm-up
    first, whole, worst = [], [], 0.0
    for _ in range(3):
        one = voice.synthesize(text, speaker=speaker)
        stream = voice.stream(text, speaker=speaker)
        joined = np.concatenate(list(stream))
        worst = max(worst, float(np.abs(joined - one.audio).max()))
        first.append(stream.first_audio_s)
        whole.append(one.first_audio_s)
    return {
        "first_audio_s": float(np.median(first)),
        "whole_s": float(np.median(whole)),
        "worst_difference": worst,
        "audio_s": one.duration_s,
        "streams": bool(voice.vocoder.streaming),
    }


def show(result: dict, voice) -> None:
    share = f"{100 * result['voiced']:.0f} % of frames voiced"
    print(f"{result['sentences']} held-out sentences through {voice.vocoder_name}, {share}\n")
    print("| control | asked | measured, median [quartiles] | error | of | goal |\n|---|---|---|---|---|---|")
    for row in result["rows"]:
        unit = "" if row["unit"] in ("×", "slope") else f" {row['unit'].split()[0]}"
        measured, error, goal = "too few voiced frames", "", ""
        if row["measured"] is not None:
            measured = f"{row['measured']:.3f} [{row['low']:.3f}, {row['high']:.3f}]{unit}"
            error = row["measured"] - row["asked"]
            error = f"{100 * error / row['asked']:+.1f} %" if row["control"] == "pace" else f"{error:+.2f}"
        if row["control"] == "pace":
            goal = "within 3 %"
        elif row["control"] == "pitch":
            goal = "within 0.3 semitones"
        elif row["control"] == "energy":
            error = ""
        of = f"{row['count']} {'sentences' if row['control'] in ('pace', 'energy') else 'frames'}"
        print(f"| {row['control']} | {row['asked']:g} | {measured} | {error} | {of} | {goal} |")
    t, s = result["tracker"], result["streaming"]
    print(
        f"\nThe tracker on natural speech, against the corpus's F0: median {t['median']:+.3f} semitones, 90 % within "
        f"{t['low']:+.2f} … {t['high']:+.2f}."
    )
    print(
        f"\nStreaming {s['audio_s']:.1f} s of speech ({'chunks' if s['streams'] else 'part by part'}): first audio after "
        f"{s['first_audio_s']:.2f} s, one pass {s['whole_s']:.2f} s; largest difference {s['worst_difference']:.1e}."
    )


if __name__ == "__main__":
    main()
