"""Checks for vocoders."""

from __future__ import annotations

import torch
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.trainable import Losses, TrainState
from ttskit.interfaces.vocoder import Vocoder, VocoderBatch, vocoder_generators
from ttskit.testing.checks import CheckResult, must_refuse, need, run_checks
from ttskit.testing.generators import (
    other_generators_other_audio,
    rows_have_generators_of_their_own,
    same_generators_same_audio,
    seeded,
    stochastic_is_declared,
)
from ttskit.testing.precision import check_precisions


def check_vocoder(plugin: Plugin) -> list[CheckResult]:
    """Checks a vocoder built with its `small_options`, on the default mel."""
    mel_config = MelConfig()
    options_class = plugin.load_options()
    small = dict(plugin.facts.get("small_options", {}))
    options = options_class(**small) if options_class else small

    def build(seed: int = 0) -> Vocoder:
        torch.manual_seed(seed)
        return plugin.load()(options, mel_config)

    vocoder = build().eval()
    mel = torch.randn(3, mel_config.bands, 24, generator=torch.Generator().manual_seed(0)) - 5.0

    def infer(x: Tensor, model: Vocoder | None = None) -> Tensor:
        return seeded(model or vocoder, x)

    def facts() -> None:
        for fact in ("trainable", "streaming"):
            need(fact in plugin.facts, f"the description does not declare the fact {fact!r}")
            need(
                plugin.facts[fact] == getattr(vocoder, fact),
                f"fact {fact!r}: the description says {plugin.facts[fact]!r}, the vocoder {getattr(vocoder, fact)!r}",
            )
        stochastic_is_declared(plugin, vocoder)
        need(vocoder.mel == mel_config, "the vocoder's mel is not the one it was built for")

    def samples() -> None:
        for frames in (1, 2, 24):
            audio = infer(mel[:, :, :frames])
            want = (3, frames * mel_config.hop_samples)
            need(tuple(audio.shape) == want, f"{frames} frames give {tuple(audio.shape)} samples, need {want}")
            need(bool(torch.isfinite(audio).all()) and float(audio.abs().max()) <= 1.0, "audio is not within [-1, 1]")

    def save_load() -> None:
        from safetensors.torch import load, save

        other = build(seed=9)
        other.load_state_dict(
            load(save({k: v.contiguous() for k, v in vocoder.state_dict().items()})) if vocoder.state_dict() else {}
        )
        worst = float((infer(mel) - infer(mel, other)).abs().max())
        need(worst <= 1e-5, f"a vocoder loaded from its state dict differs by {worst:.2g}")

    def precisions() -> None:
        check_precisions(plugin, vocoder, lambda: infer(mel))

    def streaming() -> None:
        if not vocoder.streaming:
            must_refuse("infer_stream, which is not declared,", lambda: list(vocoder.infer_stream([mel])))
            return
        long = torch.randn(2, mel_config.bands, 90, generator=torch.Generator().manual_seed(4)) - 5.0
        whole = infer(long)
        for name, chunks in {
            **{f"of {size}": long.split(size, dim=2) for size in (1, 7, 32, 1000)},
            "of changing sizes": long.split([3, 40, 1, 2, 44], dim=2),
        }.items():
            with torch.inference_mode():
                joined = torch.cat(list(vocoder.infer_stream(iter(chunks), generators=vocoder_generators(range(2)))), dim=1)
            need(joined.shape == whole.shape, f"chunks {name} give {tuple(joined.shape)}, one pass {tuple(whole.shape)}")
            worst = float((joined - whole).abs().max())
            need(worst <= 1e-4, f"streaming is declared, but chunks {name} frames differ by {worst:.2g} from one pass")
        taken = 0

        def counted():
            nonlocal taken
            for chunk in torch.randn(1, mel_config.bands, 400, generator=torch.Generator().manual_seed(5)).split(4, dim=2):
                taken += 1
                yield chunk - 5.0

        with torch.inference_mode():
            first = next(iter(vocoder.infer_stream(counted(), generators=vocoder_generators([0]))))
        need(taken < 100, "streaming is declared, but nothing is given before the whole mel (400 frames) is known")
        need(first.shape[1] > 0, "the first chunk of audio is empty")
        must_refuse("a stream without a chunk", lambda: list(vocoder.infer_stream(iter(()))))
        broken = mel[:1].clone()
        broken[0, 0, 3] = float("nan")
        must_refuse("a chunk with NaN", lambda: list(vocoder.infer_stream([broken])))
        must_refuse("a chunk with another number of bands", lambda: list(vocoder.infer_stream([mel[:1, :-1]])))

    def training_only() -> None:
        names = list(vocoder.state_dict())
        unused = [prefix for prefix in vocoder.training_only if not any(name.startswith(prefix) for name in names)]
        need(not unused, f"training_only has {', '.join(map(repr, unused))}, which no tensor's name begins with")
        if not vocoder.training_only:
            return
        other, noise = build(), build(seed=9).state_dict()
        before = infer(mel, other)
        other.load_state_dict({**other.state_dict(), **{n: v for n, v in noise.items() if n.startswith(vocoder.training_only)}})
        need(torch.equal(before, infer(mel, other)), "tensors that training_only names change what is spoken")

    def training() -> None:
        if not vocoder.trainable:
            need(not list(vocoder.parameters()), "trainable is declared false, but the vocoder has parameters")
            return
        model = build().train()
        plans = model.optimizers(100)
        frames = model.segment_frames
        g = torch.Generator().manual_seed(2)
        batch = VocoderBatch(
            ("a", "b"),
            torch.randn(2, mel_config.bands, frames, generator=g) - 5.0,
            0.1 * torch.randn(2, frames * mel_config.hop_samples, generator=g),
            torch.tensor([1, 2]),
            torch.full((2, frames), 120.0) if "pitch" in model.features else None,
        )
        reached: set[int] = set()

        def optimize(name: str, losses: Losses) -> None:
            plan = plans[name]
            plan.optimizer.zero_grad(set_to_none=True)
            losses.total.backward()
            moved = [p for group in plan.optimizer.param_groups for p in group["params"]]
            reached.update(id(p) for p in moved if p.grad is not None and bool(p.grad.abs().sum() > 0))
            plan.optimizer.step()

        model.training_step(batch, TrainState(0, 0, 100), optimize)
        without = [n for n, p in model.named_parameters() if p.requires_grad and id(p) not in reached]
        need(
            not without,
            f"no gradient reaches {', '.join(without[:6])}" + (f" and {len(without) - 6} more" if len(without) > 6 else ""),
        )
        with torch.no_grad():
            losses = model.eval().validation_losses(batch, TrainState(0, 0, 100))
        need(all(bool(torch.isfinite(t.total)) for t in losses.terms.values()), "validation losses are not finite")

    def bad_input() -> None:
        must_refuse("a mel without frames", lambda: infer(mel[:, :, :0]))
        must_refuse("a mel with another number of bands", lambda: infer(mel[:, :-1]))
        broken = mel.clone()
        broken[0, 0, 0] = float("nan")
        must_refuse("a mel with NaN", lambda: infer(broken))

    return run_checks(
        {
            "declared facts are true": facts,
            "samples per frame": samples,
            "a batch equals single runs": lambda: rows_have_generators_of_their_own(vocoder, mel),
            "determinism": lambda: same_generators_same_audio(vocoder, mel),
            "other generators": lambda: other_generators_other_audio(vocoder, mel),
            "save and load": save_load,
            "declared precisions work": precisions,
            "streaming": streaming,
            "training-only tensors": training_only,
            "training": training,
            "errors for bad input": bad_input,
        }
    )
