"""A section of the page with a template of its own: how fast each voice speaks, and its slowest sentence."""

from __future__ import annotations

from importlib.resources import files

from ttskit.interfaces import Findings, Measure, Measurement, Row, Spoken

TEMPO = Measure("tokens_per_s", "tempo", "tokens/s", "", 1, "Spoken tokens divided by the length of the audio.")


class Tempo(Measurement):
    """Tokens per second of everything that was said."""

    def measure(self, spoken: Spoken) -> Findings:
        tempos = [(s, len(s.sentence.tokens) * spoken.sample_rate_hz / max(1, len(s.audio))) for s in spoken.samples]
        slowest = {}
        for label in spoken.labels:
            sample, tempo = min(((s, t) for s, t in tempos if s.system == label), key=lambda pair: pair[1])
            slowest[label] = {"text": sample.sentence.text, "tokens_per_s": tempo}
        template = files("ttskit_example").joinpath("tempo.html.j2").read_text(encoding="utf-8")
        row = Row(TEMPO, tuple(s.observation(t) for s, t in tempos), summary=False)
        return Findings([row], template=template, data={"slowest": slowest})
