"""A small phone recogniser (CTC), trained on the corpus's own natural speech: the judge of robustness.

Graves et al. 2006, "Connectionist temporal classification". It need not be good at speech in
general: it hears one corpus, and its own error on natural test speech is reported beside every verdict.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttskit.config.comparison import RecogniserConfig
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.errors import CorpusError
from ttskit.measure.phones import align_phones, expected_phones, phone_inventory
from ttskit.nn import length_mask

FORMAT = 1  # raise when the network or its training changes: cached recognisers of before are not used any more
CTC_FRAME_S = 0.024  # longest frame after halving the rate: phones last 40 ms and more


class PhoneRecogniser(nn.Module):
    """Log mel to phone probabilities: residual convolutions that see about one second, and a linear layer.

    No recurrence on purpose: a judge that knows the sentences by heart would hear words that were skipped.
    Padding never reaches a real frame, so a sentence is heard alike alone and in a batch.
    """

    def __init__(self, config: RecogniserConfig, bands: int, phones: Sequence[str], stride: int) -> None:
        super().__init__()
        self.phones, self.stride = tuple(phones), stride
        self.register_buffer("mean", torch.zeros(bands))
        self.register_buffer("std", torch.ones(bands))
        width = config.channels
        self.stem = nn.Conv1d(bands, width, 5, stride=stride, padding=2)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in config.dilations)
        self.convs = nn.ModuleList(nn.Conv1d(width, width, 5, dilation=d, padding=2 * d) for d in config.dilations)
        self.last = nn.LayerNorm(width)
        self.out = nn.Linear(width, len(phones) + 1)  # class 0 is CTC's blank

    def normalise(self, mel: Tensor) -> Tensor:
        """Each band to mean 0 and deviation 1 over the training speech."""
        return (mel - self.mean[:, None]) / self.std[:, None]

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised mel (B, M, T), lengths (B,) → log probabilities (B, T', phones + 1), lengths (B,)."""
        x = self.stem(x * length_mask(lengths, x.shape[2])[:, None])
        lengths = (lengths - 1) // self.stride + 1
        mask = length_mask(lengths, x.shape[2])[:, None]
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = x + F.gelu(conv(norm(x.transpose(1, 2)).transpose(1, 2) * mask))
        return self.out(self.last(x.transpose(1, 2))).log_softmax(-1), lengths

    @torch.inference_mode()
    def recognise(self, mels: Sequence[np.ndarray], batch: int = 16) -> list[tuple[str, ...]]:
        """Phones heard in each log mel (M, T), by taking the likeliest class of each frame."""
        heard: list[tuple[str, ...]] = [()] * len(mels)
        order = sorted(range(len(mels)), key=lambda i: mels[i].shape[1])
        self.eval()
        for first in range(0, len(order), batch):
            rows = order[first : first + batch]
            x, lengths = _pad([torch.tensor(mels[i], dtype=torch.float32) for i in rows])
            scores, frames = self(self.normalise(x), lengths)
            best = scores.argmax(-1)
            for row, index in enumerate(rows):
                path = torch.unique_consecutive(best[row, : int(frames[row])])
                heard[index] = tuple(self.phones[c - 1] for c in path.tolist() if c)
        return heard


def load_or_train(
    corpus: PreparedCorpus, config: RecogniserConfig | None = None, report: Callable[[str], None] = lambda text: None
) -> tuple[PhoneRecogniser, dict]:
    """The recogniser of this corpus, from its cache in the prepared folder or trained now.

    Returns:
        The network in evaluation mode and facts about its training (epochs, seconds, validation error).

    Raises:
        CorpusError: the corpus has no training speech with phones.
    """
    config = config or RecogniserConfig()
    folder = corpus.folder / "recogniser" / _key(corpus, config)
    model = _build(corpus, config)
    loaded = _read_cache(model, folder)
    if loaded is not None:
        return model.eval(), {**loaded, "cached": True}
    facts = _train(model, corpus, config, report)
    _write_cache(model, folder, facts)
    return model.eval(), {**facts, "cached": False}


def _build(corpus: PreparedCorpus, config: RecogniserConfig) -> PhoneRecogniser:
    frame_s = corpus.mel.hop_samples / corpus.mel.sample_rate_hz
    with torch.random.fork_rng(devices=[]):  # weights follow the seed and leave the caller's random numbers alone
        torch.manual_seed(config.seed)
        stride = 2 if 2 * frame_s <= CTC_FRAME_S else 1
        return PhoneRecogniser(config, corpus.mel.bands, phone_inventory(corpus.symbols), stride)


def _train(model: PhoneRecogniser, corpus: PreparedCorpus, config: RecogniserConfig, report: Callable[[str], None]) -> dict:
    started = time.perf_counter()
    train = [item for u in corpus.split("train") if len((item := _item(corpus, u, model))[1]) > 0]
    valid = [_item(corpus, u, model) for u in corpus.split("validation")]
    if not train:
        raise CorpusError(
            "no speech to train the phone recogniser on",
            f"{corpus.folder} has no training sentence with phones",
            "prepare the corpus with a training split",
        )
    frames = torch.cat([mel for mel, _ in train], dim=1)
    model.mean.copy_(frames.mean(1))
    model.std.copy_(frames.std(1).clamp_min(1e-2))
    train = [(model.normalise(mel), phones) for mel, phones in train]
    rng = np.random.default_rng(config.seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=1e-2)
    per_epoch = -(-len(train) // config.batch)
    total = config.max_epochs * per_epoch
    step, epoch, seen = 0, 0, 0
    best, best_state, waited, step_s = float("inf"), None, 0, 0.0
    while step < total and waited < config.patience:
        for rows in _order(train, config.batch, rng):
            model.train()
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * _schedule(step / total)
            begun = time.perf_counter()
            _step(model, optimizer, [train[i] for i in rows], rng)
            step, seen = step + 1, seen + len(rows)
            if step <= 12:  # the first steps are slower (warm-up); the later ones set the number of steps
                step_s = time.perf_counter() - begun if step <= 4 else max(step_s * 0.8, time.perf_counter() - begun)
                if step == 12:
                    total = max(12, min(total, int(config.budget_s / max(step_s, 1e-6))))
            if step >= total or time.perf_counter() - started > 1.5 * config.budget_s:
                total = step
                break
        epoch += 1
        check = valid or [(m, p) for m, p in train[:16]]
        error = _error_rate(model, check, normalised=not valid)
        if error < best:
            best, waited = error, 0
            best_state = {k: v.clone() for k, v in model.state_dict().items()}
        elif step > total // 2:
            waited += 1
        report(f"phone recogniser: epoch {epoch}, phone error {error:.1%} on validation speech")
    if best_state is not None:
        model.load_state_dict(best_state)
    return {
        "epochs": epoch,
        "steps": step,
        "seconds": time.perf_counter() - started,
        "validation_phone_error_rate": best,
        "training_sentences": len(train),
        "parameters": sum(p.numel() for p in model.parameters()),
        "stride": model.stride,
    }


def _step(
    model: PhoneRecogniser, optimizer: torch.optim.Optimizer, items: list[tuple[Tensor, Tensor]], rng: np.random.Generator
) -> None:
    x, lengths = _pad([_distort(mel, rng) for mel, _ in items])
    scores, frames = model(x, lengths)
    targets = torch.cat([p for _, p in items])
    sizes = torch.tensor([len(p) for _, p in items])
    loss = F.ctc_loss(scores.transpose(0, 1), targets, frames, sizes, zero_infinity=True)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def _distort(mel: Tensor, rng: np.random.Generator) -> Tensor:
    """What synthetic speech does to a mel and does not make it another phone: tempo, level, tilt, blur, noise, gaps (M, T)."""
    bands = mel.shape[0]
    frames = max(8, round(mel.shape[1] * rng.uniform(0.85, 1.2)))
    x = F.interpolate(mel[None], size=frames, mode="linear", align_corners=False)[0]
    ramp = torch.linspace(-1, 1, bands)[:, None]
    x = x + float(rng.normal(0, 0.2)) + float(rng.normal(0, 0.2)) * ramp
    if rng.random() < 0.3:  # over-smoothed spectra
        x = F.avg_pool2d(x[None, None], 3, stride=1, padding=1, count_include_pad=False)[0, 0]
    noise = torch.from_numpy(rng.standard_normal(x.shape, dtype=np.float32))
    x = x + noise * float(rng.uniform(0, 0.35))
    for _ in range(2):
        width, start = int(rng.integers(0, bands // 8 + 1)), int(rng.integers(0, bands))
        x[start : start + width] = 0.0
    width, start = int(rng.integers(0, 5)), int(rng.integers(0, frames))
    x[:, start : start + width] = 0.0
    return x


def _error_rate(model: PhoneRecogniser, items: list[tuple[Tensor, Tensor]], normalised: bool) -> float:
    mels = [(mel * model.std[:, None] + model.mean[:, None] if normalised else mel).numpy() for mel, _ in items]
    expected = [tuple(model.phones[c - 1] for c in phones.tolist()) for _, phones in items]
    errors = sum(align_phones(e, h).errors for e, h in zip(expected, model.recognise(mels), strict=True))
    return errors / max(1, sum(map(len, expected)))


def _item(corpus: PreparedCorpus, u: PreparedUtterance, model: PhoneRecogniser) -> tuple[Tensor, Tensor]:
    ids = {phone: i + 1 for i, phone in enumerate(model.phones)}
    phones = expected_phones(u.tokens, u.token_words, corpus.symbols).phones
    return torch.tensor(corpus.features(u).mel, dtype=torch.float32), torch.tensor([ids[p] for p in phones], dtype=torch.long)


def _order(items: list[tuple[Tensor, Tensor]], batch: int, rng: np.random.Generator) -> list[list[int]]:
    """Batches of similar length in random order."""
    lengths = np.array([mel.shape[1] for mel, _ in items])
    order = np.argsort(lengths * rng.uniform(0.85, 1.15, len(lengths)), kind="stable")
    groups = [order[i : i + batch].tolist() for i in range(0, len(order), batch)]
    return [groups[i] for i in rng.permutation(len(groups))]


def _schedule(progress: float) -> float:
    """Learning rate: up over the first tenth, then down along a cosine."""
    return progress / 0.1 if progress < 0.1 else 0.5 * (1 + float(np.cos(np.pi * min(1.0, (progress - 0.1) / 0.9)))) + 1e-3


def _pad(mels: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    lengths = torch.tensor([m.shape[1] for m in mels])
    x = torch.zeros(len(mels), mels[0].shape[0], int(lengths.max()))
    for i, m in enumerate(mels):
        x[i, :, : m.shape[1]] = m
    return x, lengths


def _key(corpus: PreparedCorpus, config: RecogniserConfig) -> str:
    """Names what the recogniser was made from: every training sentence, the mel, the settings."""
    digest = hashlib.sha256(json.dumps([FORMAT, corpus.mel.to_json(), config.model_dump()], sort_keys=True).encode())
    for u in corpus.utterances:
        digest.update(json.dumps([u.id, u.split, u.tokens, u.samples]).encode())
        if u.split == "train":
            digest.update(np.ascontiguousarray(corpus.features(u).mel[:, ::7]).tobytes())
    return digest.hexdigest()[:16]


def _write_cache(model: PhoneRecogniser, folder: Path, facts: dict) -> None:
    from safetensors.torch import save

    try:
        folder.mkdir(parents=True, exist_ok=True)
        weights = folder / "model.safetensors.tmp"
        weights.write_bytes(save({k: v.contiguous() for k, v in model.state_dict().items()}))
        about = json.dumps({"format": FORMAT, "phones": model.phones, **facts}, ensure_ascii=False)
        (folder / "recogniser.json").write_text(about, encoding="utf-8")
        weights.replace(folder / "model.safetensors")
    except OSError:
        return  # a corpus on a read-only disk: train again next time


def _read_cache(model: PhoneRecogniser, folder: Path) -> dict | None:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        facts = json.loads((folder / "recogniser.json").read_text(encoding="utf-8"))
        if facts.pop("format") != FORMAT or tuple(facts.pop("phones")) != model.phones:
            return None
        model.load_state_dict(load((folder / "model.safetensors").read_bytes()))
        return facts
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError):
        return None  # absent or damaged: train


def main() -> None:
    """`python -m ttskit.measure.recogniser PREPARED`: train the recogniser of a corpus ahead of a comparison, on one thread."""
    torch.set_num_threads(1)
    load_or_train(PreparedCorpus.open(sys.argv[1]), report=lambda text: sys.stderr.write(text + "\n"))


if __name__ == "__main__":
    main()
