"""MelConfig: the audio contract that corpus, acoustic model and vocoder carry and compare."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches

from ttskit.errors import ConfigError, MismatchError

__all__ = ["PRESETS", "MelConfig", "mel_config"]

# Placement may differ between an acoustic model and a vocoder (DESIGN: content / placement);
# everything else is content and must be equal.
_PLACEMENT = ("first_frame_centre_samples", "edge_padding", "log_guard", "log_guard_mode", "magnitude_guard")


def _figure(value: float) -> str:
    """A number in few digits; a whole number of a file may be too large for a float.

    >>> _figure(0.5), _figure(10**400)
    ('0.5', 'more than 1e+308')
    """
    try:
        return f"{value:.6g}"
    except OverflowError:
        return "more than 1e+308" if value > 0 else "less than -1e+308"


@dataclass(frozen=True, slots=True)
class MelConfig:
    """How audio becomes log-mel frames. Equal content means interchangeable features.

    Content (must be equal): `sample_rate_hz`, `fft_samples`, `window_samples`, `window_periodic`,
    `hop_samples`, `bands`, `mel_scale` ("slaney" | "htk"), `mel_norm` ("slaney" | "none"),
    `f_min_hz`, `f_max_hz`, `magnitude_power`, `log_base` ("e" | "10"), `normalization` ("none").

    Placement (may differ, the voice shifts the audio exactly): `first_frame_centre_samples` (the
    sample on which frame 0 is centred: 0 for NVIDIA, hop/2 for HiFi-GAN), `edge_padding`
    ("reflect" | "zeros"), `log_guard` with `log_guard_mode` ("clamp": log(max(x, guard)); "add":
    log(x + guard)) and `magnitude_guard` (added under the root: sqrt(re² + im² + guard)).
    """

    sample_rate_hz: int = 22_050
    fft_samples: int = 1_024
    window_samples: int = 1_024
    window_periodic: bool = True
    hop_samples: int = 256
    bands: int = 80
    mel_scale: str = "slaney"
    mel_norm: str = "slaney"
    f_min_hz: float = 0.0
    f_max_hz: float = 8_000.0
    magnitude_power: float = 1.0
    log_base: str = "e"
    normalization: str = "none"
    first_frame_centre_samples: int = 0
    edge_padding: str = "reflect"
    log_guard: float = 1e-5
    log_guard_mode: str = "clamp"
    magnitude_guard: float = 0.0

    def __post_init__(self) -> None:
        problems = []
        for name in ("sample_rate_hz", "fft_samples", "window_samples", "hop_samples", "bands"):
            if not 1 <= getattr(self, name) <= _MOST[name]:
                problems.append(f"{name} is {_figure(getattr(self, name))}, must be 1 … {_MOST[name]}")
        for name in ("magnitude_power", "log_guard", "magnitude_guard"):
            if not (0 <= getattr(self, name) < 1e3):
                problems.append(f"{name} is {_figure(getattr(self, name))}, must be 0 or more, and finite")
        if self.window_samples > self.fft_samples:
            problems.append(f"window_samples {self.window_samples} is more than fft_samples {self.fft_samples}")
        half_hz = min(max(self.sample_rate_hz, 0), _MOST["sample_rate_hz"]) / 2
        if not 0 <= self.f_min_hz < self.f_max_hz <= half_hz:
            problems.append(
                f"need 0 ≤ f_min_hz < f_max_hz ≤ {half_hz:g} (half the rate), "
                f"got {_figure(self.f_min_hz)} and {_figure(self.f_max_hz)}"
            )
        if not 0 <= self.first_frame_centre_samples <= self.fft_samples // 2:
            problems.append(f"first_frame_centre_samples {self.first_frame_centre_samples} must be within 0 … fft/2")
        for name, legal in (
            ("mel_scale", ("slaney", "htk")),
            ("mel_norm", ("slaney", "none")),
            ("log_base", ("e", "10")),
            ("normalization", ("none",)),
            ("edge_padding", ("reflect", "zeros")),
            ("log_guard_mode", ("clamp", "add")),
        ):
            if getattr(self, name) not in legal:
                problems.append(f"{name} is {getattr(self, name)!r}, must be one of {', '.join(legal)}")
        if problems:
            raise ConfigError("mel settings are not valid", "\n".join(problems), "start from a preset: " + ", ".join(PRESETS))

    @property
    def edge_samples(self) -> int:
        """Samples padded at each edge before framing."""
        return self.fft_samples // 2 - self.first_frame_centre_samples

    def frames(self, samples: int) -> int:
        """Mel frames that `samples` samples become (0 if there are too few for one)."""
        return max(0, 1 + (samples + 2 * self.edge_samples - self.fft_samples) // self.hop_samples)

    def frame_centre(self, frame: int) -> float:
        """Time of the centre of frame `frame`, in seconds from the first sample."""
        return (self.first_frame_centre_samples + frame * self.hop_samples) / self.sample_rate_hz

    @property
    def waveform_start_samples(self) -> int:
        """Where a vocoder's first sample lies on the recording's clock.

        A vocoder turns frame k into the hop_samples samples around its centre, so its output starts
        half a hop before the centre of frame 0: 0 for HiFi-GAN placement, -hop/2 for NVIDIA's. The
        voice removes what lies before 0. The rule depends on the mel alone, never on the vocoder.
        """
        return self.first_frame_centre_samples - self.hop_samples // 2

    def content(self) -> dict:
        """The settings that must be equal between an acoustic model and a vocoder."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _PLACEMENT}

    def placement(self) -> dict:
        """The settings that may differ, with an exact shift."""
        return {name: getattr(self, name) for name in _PLACEMENT}

    def hash(self) -> str:
        """Ten hex digits that name this configuration (content and placement) in file names."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:10]

    def to_json(self) -> dict:
        """Every setting as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping) -> MelConfig:
        """The configuration that `to_json` wrote; unknown keys are an error with the nearest key."""
        known = [f.name for f in fields(cls)]
        for key in data:
            if key not in known:
                near = get_close_matches(str(key), known, n=1)
                raise ConfigError(f"unknown mel setting {key!r:.80}", "", f"did you mean {near[0]!r}?" if near else "remove it")
        from ttskit.reading import Misread, as_type

        try:
            as_type(cls, dict(data))
        except Misread as error:
            raise ConfigError("mel settings are not valid", str(error), "start from a preset: " + ", ".join(PRESETS)) from None
        return cls(**data)  # as written: 0 and 0.0 have different hashes, which name the features of older corpora

    def require_same_content(self, other: MelConfig, mine: str, theirs: str) -> str | None:
        """Check that features of `mine` can go into `theirs`; `MismatchError` shows both values.

        Returns:
            One line on a placement difference and what it does to the audio, or None if equal.
        """
        a, b = self.content(), other.content()
        differing = [key for key in a if a[key] != b[key]]
        if differing:
            lines = "\n".join(f"{key}: {mine} uses {a[key]}, {theirs} uses {b[key]}" for key in differing)
            raise MismatchError(
                f"{mine} and {theirs} disagree on audio",
                lines,
                "train a vocoder on the same corpus: ttskit train --model VOCODER --data DATA "
                "(or name one that needs no training, which fits any mel: ttskit plugins list --kind vocoder)",
            )
        p, q = self.placement(), other.placement()
        changed = [f"{key} {p[key]} / {q[key]}" for key in p if p[key] != q[key]]
        if not changed:
            return None
        shift = self.first_frame_centre_samples - other.first_frame_centre_samples
        moved = f"the audio is moved by {shift:+d} samples ({1000 * shift / self.sample_rate_hz:+.1f} ms) to match"
        return f"{mine} and {theirs} place frames differently ({', '.join(changed)}): {moved if shift else 'times agree'}"


# Beyond what any speech is made with; what a file says is not believed into memory.
_MOST = {"sample_rate_hz": 768_000, "fft_samples": 1 << 16, "window_samples": 1 << 16, "hop_samples": 1 << 16, "bands": 1 << 12}

PRESETS: dict[str, MelConfig] = {
    # NVIDIA Tacotron 2 / FastPitch (DeepLearningExamples): centred frames, no guard under the root.
    "nvidia-22050": MelConfig(),
    # HiFi-GAN's authors: frames centred half a hop later, 1e-9 under the root.
    "hifigan-22050": MelConfig(first_frame_centre_samples=128, magnitude_guard=1e-9),
    # NVIDIA NeMo's Spanish FastPitch (legacy extractor): symmetric Hann, log(x + 1e-5), up to Nyquist.
    "nemo-44100": MelConfig(
        sample_rate_hz=44_100,
        fft_samples=2_048,
        window_samples=2_048,
        window_periodic=False,
        hop_samples=512,
        f_max_hz=22_050.0,
        log_guard_mode="add",
    ),
    # Telephone speech: a 12 ms hop (96 = 8·4·3 for HiFi-GAN), nothing above 4 kHz.
    "telephone-8000": MelConfig(sample_rate_hz=8_000, fft_samples=512, window_samples=384, hop_samples=96, f_max_hz=4_000.0),
}


def mel_config(value: str | Mapping | MelConfig) -> MelConfig:
    """A MelConfig from a preset's name, a mapping (`preset:` plus differences, or all keys), or itself."""
    if isinstance(value, MelConfig):
        return value
    if isinstance(value, str):
        value = {"preset": value}
    value = dict(value)
    preset = value.pop("preset", "nvidia-22050")
    if not isinstance(preset, str) or preset not in PRESETS:
        near = get_close_matches(str(preset), PRESETS, n=1)
        fix = f"did you mean {near[0]!r}?" if near else "use nvidia-22050"
        raise ConfigError(f"unknown mel preset {preset!r:.80}", f"presets: {', '.join(PRESETS)}", fix)
    return MelConfig.from_json({**PRESETS[preset].to_json(), **value})
