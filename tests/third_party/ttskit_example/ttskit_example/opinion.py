"""What a listener might say of a sample: a predictor of opinions, and the adapter that makes a measurement of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ttskit.interfaces import Measure, Sample, SampleMeasurement, Spoken


class Predictor(nn.Module):
    """A score from 1 to 5 of audio alone; where a learned predictor would read its weights, this one has two numbers.

    It likes levels that move as those of speech do, and tone more than noise. No listener was ever asked.
    """

    def __init__(self, rate_hz: int) -> None:
        super().__init__()
        self.frame, self.hop = round(0.032 * rate_hz), round(0.016 * rate_hz)
        self.register_buffer("window", torch.hann_window(self.frame))
        self.register_buffer("weights", torch.tensor([0.06, -4.0]))  # per dB of movement, per unit of flatness

    @torch.no_grad()
    def forward(self, audio: Tensor) -> Tensor:
        """Audio (S,) in [-1, 1] → a scalar; NaN for less than two frames."""
        frames = audio.unfold(0, self.frame, self.hop) if len(audio) >= self.frame else audio.new_zeros(0, self.frame)
        if len(frames) < 2:
            return audio.new_tensor(float("nan"))
        power = torch.fft.rfft(frames * self.window).abs().square() + 1e-9
        level_db = 10 * power.mean(1).log10()
        flatness = (power.log().mean(1).exp() / power.mean(1)).mean()
        return 1 + 4 * torch.sigmoid(self.weights @ torch.stack([level_db.std(), flatness]))


class Opinion(SampleMeasurement):
    """A predicted opinion of every sample, natural speech and hard sentences included."""

    measure_of = Measure("opinion", "predicted opinion", "1 to 5", "higher", 2, "By the example's predictor, from audio alone.")

    def start(self, spoken: Spoken) -> None:
        self.device = spoken.device
        self.predictor = Predictor(spoken.sample_rate_hz).to(self.device)

    def score(self, sample: Sample, recording: Sample | None) -> float:
        return float(self.predictor(torch.from_numpy(sample.audio).to(self.device)))
