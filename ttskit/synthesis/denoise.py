"""Takes a vocoder's own hum out of its audio: what it says when there is nothing to say.

Prenger, Valle and Catanzaro (2018), "WaveGlow", and the code published with it: the magnitude spectrum of the
vocoder's output for a mel without speech is subtracted, times a strength, from every frame of its audio; the phase stays.

Their mel without speech is all zeros. In a log mel that is no silence but a full-scale noise in every band (e⁰ = 1 of a
magnitude), and its spectrum is no bias but the vocoder's loudest sound: hence strengths of a hundredth. Here the mel is
silence itself (the log of the guard), so that what is subtracted is the bias and strength 1 takes away all of it.
`level=0.0` gives theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite

import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.audio.mel import log_floor
from ttskit.errors import InputError
from ttskit.interfaces.vocoder import Vocoder, vocoder_generators

__all__ = ["BIAS_WINDOWS", "OVERLAP", "Denoised"]

OVERLAP = 4  # windows over every sample: squared Hann windows then add up to the same everywhere
BIAS_WINDOWS = 24  # length of the silence that is listened to


class Denoised(Vocoder):
    """Any vocoder without its bias; it streams where that one does, a window less a hop later.

    Args:
        vocoder: what makes the audio.
        strength: share of the bias that is subtracted; 1 is all of it, more also thins out what lies near it.
        level: the log-mel value that bias is the answer to; None: silence.

    Raises:
        InputError: a strength that is no number from 0 on.
    """

    def __init__(self, vocoder: Vocoder, strength: float, level: float | None = None) -> None:
        super().__init__()
        if not (isfinite(strength) and strength >= 0):
            raise InputError(
                "the denoiser's strength must be a number from 0 on",
                f"got {strength!r}",
                "1 takes away what the vocoder says in silence",
            )
        self.vocoder, self.mel, self.strength = vocoder, vocoder.mel, float(strength)
        self.streaming, self.stochastic = vocoder.streaming, vocoder.stochastic
        self.hop = -(-vocoder.mel.fft_samples // OVERLAP)
        self.size = OVERLAP * self.hop
        device = next(iter((*vocoder.parameters(), *vocoder.buffers())), torch.zeros(())).device
        self.register_buffer("window", torch.hann_window(self.size, device=device), persistent=False)
        self.register_buffer("bias", self._listen(log_floor(self.mel) if level is None else level, device), persistent=False)

    @torch.no_grad()
    def _listen(self, level: float, device: torch.device) -> Tensor:
        """Mean magnitudes (size/2 + 1,) of what the vocoder makes of a mel of one level, away from its edges."""
        frames = -(-BIAS_WINDOWS * self.size // self.mel.hop_samples)
        training = self.vocoder.training
        mel = torch.full((1, self.mel.bands, frames), float(level), device=device)
        audio = self.vocoder.eval().infer(mel, generators=vocoder_generators([0])).float()
        self.vocoder.train(training)
        inner = audio[0, audio.shape[1] // 4 : -(audio.shape[1] // 4)]
        return torch.fft.rfft(inner.unfold(0, self.size, self.hop) * self.window).abs().mean(0)

    @torch.no_grad()
    def infer(self, mel: Tensor, generators: Sequence[torch.Generator] | None = None) -> Tensor:
        """Waveform (B, T * hop) of log mel (B, M, T); errors as the vocoder's."""
        return torch.cat(list(self._filtered([self.vocoder.infer(mel, generators=generators)])), dim=1)

    @torch.no_grad()
    def infer_stream(self, chunks: Iterable[Tensor], generators: Sequence[torch.Generator] | None = None) -> Iterator[Tensor]:
        """Waveform chunks; joined they equal `infer` of the joined mel."""
        yield from self._filtered(self.vocoder.infer_stream(chunks, generators=generators))

    def _filtered(self, waves: Iterable[Tensor]) -> Iterator[Tensor]:
        """The same samples (B, s) in the same order, in pieces of their own, without the bias.

        Windows start a hop apart from before the first sample to after the last, so that each sample lies in
        `OVERLAP` of them whatever the pieces are.
        """
        before = self.size - self.hop  # silence before the first sample; the delay too
        held: Tensor | None = None
        tail: Tensor | None = None
        given = taken = 0  # samples that came in; that went out, silence before the first included
        for wave in waves:
            if held is None:
                held = wave.new_zeros(wave.shape[0], before)
                tail = wave.new_zeros(wave.shape[0], OVERLAP - 1, self.hop)
            given += wave.shape[1]
            held = torch.cat([held, wave], dim=1)
            if held.shape[1] >= self.size:
                piece, held, tail = self._windows(held, tail)
                taken += piece.shape[1]
                if taken > before:
                    yield piece[:, max(0, piece.shape[1] - (taken - before)) :]
        if held is None:
            return
        missing = given + before - taken
        held = F.pad(held, (0, -(-missing // self.hop) * self.hop + before - held.shape[1]))
        piece = self._windows(held, tail)[0]
        start = max(0, before - taken)
        if missing > start:
            yield piece[:, start:missing]

    def _windows(self, held: Tensor, tail: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Every whole window of `held` (B, s): finished samples, the rest of `held`, and the unfinished overlap (B, 3, hop)."""
        frames = held.unfold(1, self.size, self.hop)  # (B, K, size)
        count = frames.shape[1]
        spectrum = torch.fft.rfft(frames.float() * self.window)
        magnitude = spectrum.abs()
        spectrum = spectrum * ((magnitude - self.strength * self.bias).clamp_min(0.0) / magnitude.clamp_min(1e-9))
        # Squared Hann windows at a quarter of their length add up to 3/2.
        frames = torch.fft.irfft(spectrum, n=self.size) * self.window * (2 / 3)
        blocks = F.pad(tail, (0, 0, 0, count))
        for part, block in enumerate(frames.view(*frames.shape[:2], OVERLAP, self.hop).unbind(2)):
            blocks[:, part : part + count] += block
        return blocks[:, :count].flatten(1), held[:, count * self.hop :], blocks[:, count:]
