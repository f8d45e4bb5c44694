"""Speech as a notebook shows it: a player, the text as it was spoken, the spectrogram, what went wrong."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup, escape

from ttskit.messages import translated

if TYPE_CHECKING:
    from ttskit.synthesis.speech import Speech

__all__ = ["speech_html"]

_PICTURE = '<img alt="{}" style="max-width: 100%; display: block" src="data:image/png;base64,{}">'


def speech_html(speech: Speech) -> str:
    """HTML that needs nothing beside it: audio and picture lie inside as base64."""
    from ttskit.audio.files import encode

    player = '<audio controls style="width: 100%; max-width: 40rem; display: block" src="data:audio/wav;base64,{}"></audio>'
    parts = [Markup(player).format(_base64(encode(speech.audio, speech.sample_rate_hz, "WAV")))]
    said = " ".join(part.analysis.normalized for part in speech.parts)
    facts = f"{speech.duration_s:.2f} s, {speech.sample_rate_hz} Hz, real-time factor {speech.real_time_factor:.2f}"
    parts.append(Markup("<p>{}<br><small>{}</small></p>").format(said, translated(facts)))
    if speech.parts:
        parts.append(Markup(_PICTURE).format(translated("Mel spectrogram"), _base64(_spectrogram(speech))))
    notes = [*speech.notes, *(f"not read: {u.character!r} at character {u.position}" for u in speech.unknown)]
    if notes:
        parts.append(Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(translated(n)) for n in notes)))
    return str(escape(Markup("\n").join(parts)))


def _spectrogram(speech: Speech) -> bytes:
    """PNG of the parts' mels one after another, each under its words."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    mels = [np.asarray(part.spectrogram.mel[0].float().cpu()) for part in speech.parts]
    picture = Figure(figsize=(9.0, 2.2), dpi=100, layout="constrained")
    FigureCanvasAgg(picture)
    axes = picture.subplots()
    frames = sum(mel.shape[1] for mel in mels)
    pauses = sum(part.pause_s for part in speech.parts)
    frame_s = max(speech.duration_s - pauses, 1e-3) / max(frames, 1)
    low, high = float(np.percentile(np.concatenate(mels, 1), 5)), float(max(mel.max() for mel in mels))
    start = 0.0
    for part, mel in zip(speech.parts, mels, strict=True):
        end = start + mel.shape[1] * frame_s
        extent = (start, end, 0, mel.shape[0])
        axes.imshow(mel, origin="lower", aspect="auto", cmap="magma", vmin=low, vmax=high, extent=extent)
        start = end + part.pause_s
    axes.set(xlim=(0, max(start, 1e-3)), xlabel="s", ylabel=translated("mel band"))
    buffer = io.BytesIO()
    picture.savefig(buffer, format="png")
    return buffer.getvalue()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
