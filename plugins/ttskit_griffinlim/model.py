"""Griffin-Lim: waveform from a log mel by fitting magnitudes, then phase.

Griffin and Lim (1984), "Signal estimation from modified short-time Fourier transform";
Perraudin, Balazs and Søndergaard (2013), "A fast Griffin-Lim algorithm".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.audio.mel import mel_basis
from ttskit.interfaces.vocoder import Vocoder
from ttskit_griffinlim.config import GriffinLimOptions

# Natural-log mels of audio in [-1, 1] stay below log(fft); far above, exp would overflow.
_HIGHEST_LOG_E = 15.0


class GriffinLim(Vocoder):
    """Vocoder without parameters, for every `MelConfig`."""

    explaining = "ttskit_griffinlim.explain"
    trainable: ClassVar[bool] = False
    streaming: ClassVar[bool] = False

    def __init__(self, options: GriffinLimOptions, mel: MelConfig) -> None:
        super().__init__()
        self.options, self.mel = options, mel
        basis = torch.from_numpy(mel_basis(mel).copy())
        window = torch.hann_window(mel.window_samples, periodic=mel.window_periodic)
        left = (mel.fft_samples - mel.window_samples) // 2
        self.register_buffer("basis", basis, persistent=False)
        self.register_buffer("inverse", torch.linalg.pinv(basis.double()).float(), persistent=False)
        self.register_buffer("window", F.pad(window, (left, mel.fft_samples - mel.window_samples - left)), persistent=False)

    @torch.no_grad()
    def infer(self, mel: Tensor, generators: Sequence[torch.Generator] | None = None) -> Tensor:
        """Waveform (B, T * hop) of log mel (B, M, T); a row louder than full scale is turned down as a whole.

        The first phase is one random draw for everyone (option `seed`), so `generators` is not used.

        Raises:
            InputError: no frames, another number of bands, NaN.
        """
        self.check_mel(mel)
        return self.made(mel, self.options.iterations)

    @torch.no_grad()
    def made(self, mel: Tensor, rounds: int, watch: Callable[[Tensor, Tensor], None] | None = None) -> Tensor:
        """Waveform (B, T * hop) of log mel (B, M, T) after so many rounds of phase search.

        `watch` is given the magnitudes (fft/2 + 1, T) that are asked for, and the signal after no round, one, two, …
        """
        with torch.autocast(mel.device.type, enabled=False):
            # Rows one by one: the search amplifies rounding, and a batch must equal single runs.
            return torch.stack([self._row(row.float(), rounds, watch) for row in mel])

    def _row(self, mel: Tensor, rounds: int, watch: Callable[[Tensor, Tensor], None] | None) -> Tensor:
        c = self.mel
        magnitudes = self.magnitudes(mel)  # (fft/2 + 1, T)
        length = c.fft_samples + (magnitudes.shape[1] - 1) * c.hop_samples
        envelope = self._overlap_add(self.window.square()[:, None].expand(-1, magnitudes.shape[1]), length)
        # At the outer edges hardly any window weighs: dividing by that would blow rounding up.
        envelope = envelope.clamp_min(0.01 * float(envelope.max()))
        generator = torch.Generator().manual_seed(self.options.seed)
        angle = 2 * torch.pi * torch.rand(magnitudes.shape, generator=generator).to(mel.device)
        spectrum = torch.polar(magnitudes, angle)
        previous = torch.zeros_like(spectrum)
        audio = self._synthesise(spectrum, envelope)
        for _ in range(rounds):
            if watch:
                watch(magnitudes, audio)
            consistent = self.analysed(audio)
            moved = consistent + self.options.momentum * (consistent - previous)
            previous = consistent
            spectrum = magnitudes * moved / moved.abs().clamp_min(1e-12)
            audio = self._synthesise(spectrum, envelope)
        if watch:
            watch(magnitudes, audio)
        # Frame k is centred fft/2 + k * hop samples into the buffer, and hop/2 + k * hop into the output.
        start = c.fft_samples // 2 - c.hop_samples // 2
        samples = magnitudes.shape[1] * c.hop_samples
        audio = F.pad(audio, (max(0, -start), max(0, start + samples - length)))[max(0, start) :][:samples]
        return audio / audio.abs().max().clamp_min(1.0)

    def magnitudes(self, mel: Tensor) -> Tensor:
        """Non-negative linear magnitudes (fft/2 + 1, T) whose mel is closest to log mel (M, T).

        Starts at the pseudo-inverse (smooth between filters), then multiplicative updates of Lee and
        Seung (2001) for the divergence: values stay non-negative, and quiet bands, which hardly weigh in
        a squared error, are fitted as well as loud ones.
        """
        c = self.mel
        target = torch.exp((mel * 2.302585092994046 if c.log_base == "10" else mel).clamp_max(_HIGHEST_LOG_E))
        # Silence is stored as the guard; taken at its word it would hiss.
        added = c.log_guard_mode == "add"
        target = (target - c.log_guard).clamp_min(0.0) if added else target.where(target > 1.01 * c.log_guard, 0.0)
        fit = (self.inverse @ target).clamp_min(0.0)
        share = self.basis.sum(0).clamp_min(1e-8)[:, None]  # bins outside every filter stay 0
        fit = fit + 1e-3 * (self.basis.T @ target) / share  # a zero could never grow
        for _ in range(self.options.inversion_iterations):
            fit = fit * (self.basis.T @ (target / (self.basis @ fit).clamp_min(1e-12))) / share
        return fit if c.magnitude_power == 1 else fit ** (1 / c.magnitude_power)

    def analysed(self, buffer: Tensor) -> Tensor:
        """Spectrum (fft/2 + 1, T), complex, of a signal with half a window before its first frame."""
        c = self.mel
        return torch.stft(buffer, c.fft_samples, c.hop_samples, c.fft_samples, self.window, center=False, return_complex=True)

    def _synthesise(self, spectrum: Tensor, envelope: Tensor) -> Tensor:
        """The signal whose frames are closest to `spectrum` (Griffin and Lim's least-squares estimate)."""
        frames = torch.fft.irfft(spectrum, n=self.mel.fft_samples, dim=0) * self.window[:, None]
        return self._overlap_add(frames, envelope.numel()) / envelope

    def _overlap_add(self, frames: Tensor, length: int) -> Tensor:
        c = self.mel
        return F.fold(frames[None], (1, length), (1, c.fft_samples), stride=(1, c.hop_samples)).reshape(-1)
