"""HiFi-GAN's speed beside its limit and beside the authors' code.

    python benchmarks/hifigan.py [--authors CHECKOUT] [--threads 2] [--sizes V2,V3] [--batches 1] [--json FILE]
    python benchmarks/hifigan.py --device cuda --authors CHECKOUT

Four seconds of audio at batch 1 and 8. CHECKOUT is the authors' repository (jik876/hifi-gan); its generator gets our
weights, its weight norm is removed, its outputs must equal ours to 1e-4, and both are timed in turn. The limit is the time that
matrix products of the layers' own shapes take, measured in the same run. Reduced precision is given with its
log-spectral distance from fp32, of random weights. A training step is one of the paper's: both discriminators at full
size, two optimisers; the authors' networks and losses do the same with our mel. On a GPU, the time of FastPitch and V1
together is for 128 tokens, five frames each.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import torch
from measure import arguments, build, largest_difference, matmul_rate, median_s, medians, published, row, write

SECONDS = 4


def loud(vocoder):
    """Random weights that give speech-like levels, so that differences show."""
    with torch.no_grad():
        for name, p in vocoder.generator.named_parameters():
            if name.endswith("weight_g"):
                p.mul_(1.4)
    return vocoder


def product_seconds(generator, frames: int, batch: int, device: str, dtype) -> float:
    """How long matrix products of every layer's shape take: (rows, taps · C) @ (taps · C, C'), in pieces of 4096 rows."""
    shapes: dict[tuple[int, int, int], int] = {}
    rates = [layer.stride[0] for layer in generator.ups]

    def count(rows: int, inner: int, outer: int) -> None:
        shapes[min(rows, 4096), inner, outer] = shapes.get((min(rows, 4096), inner, outer), 0) + rows

    rows = frames * batch
    count(rows, generator.conv_pre.in_channels * 7, generator.conv_pre.out_channels)
    for stage, layer in enumerate(generator.ups):
        count(rows, layer.in_channels * layer.kernel_size[0] // rates[stage], layer.out_channels * rates[stage])
        rows *= rates[stage]
        for block in generator.resblocks[stage * generator.kernels : (stage + 1) * generator.kernels]:
            for conv in (m for m in block.modules() if hasattr(m, "kernel_size")):
                count(rows, conv.in_channels * conv.kernel_size[0], conv.out_channels)
    total = 0.0
    for (rows, inner, outer), wanted in shapes.items():
        a, b = (torch.randn(*shape, device=device, dtype=dtype) for shape in ((rows, inner), (inner, outer)))
        total += median_s(lambda a=a, b=b: a @ b, repeats=5, device=device) * wanted / rows
    return total


@contextmanager
def exact(device: str):
    """fp32 means fp32, on a GPU too, while outputs are compared."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    if device != "cpu":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def their_generator(models, checkout: Path, size: str, vocoder, device: str):
    """The authors' generator with our weights, weight norm removed."""
    config = json.loads((checkout / f"config_{size.lower()}.json").read_text(encoding="utf-8"))
    theirs = models.Generator(SimpleNamespace(**config)).eval()
    theirs.load_state_dict({name: value.cpu() for name, value in vocoder.generator.state_dict().items()})
    theirs.remove_weight_norm()
    return theirs.to(device)


def speaking(size: str, batch: int, context, models, options) -> None:
    """Samples per second and real-time factor, against the authors' code and the limit, then in fewer bits."""
    from ttskit.measure.metrics import log_spectral_distance_db

    device, mel_config = options.device, context.mel
    frames = round(SECONDS * mel_config.sample_rate_hz / mel_config.hop_samples)
    mel = (torch.randn(batch, 80, frames, generator=torch.Generator().manual_seed(0)) - 5).to(device)
    vocoder = loud(build("vocoder", "hifigan", {"preset": size}, context)).eval().to(device)
    works = {"ours": lambda: vocoder.infer(mel)}
    what, samples = f"HiFi-GAN {size}, batch {batch}, {SECONDS} s", batch * frames * mel_config.hop_samples
    with torch.inference_mode():
        if models is not None:
            theirs = their_generator(models, options.authors, size, vocoder, device)
            works["theirs"] = lambda: theirs(mel)
            with exact(device):
                largest_difference(what, {"audio": (vocoder.infer(mel)[:, None], theirs(mel))}, 1e-4)
        times = medians(works, options.repeats, device=device)
        limit = product_seconds(vocoder.generator, frames, batch, device, torch.float32)
        audio_s = samples / mel_config.sample_rate_hz
        row(what, times["ours"] / audio_s, "real-time factor", "matrix products of its shapes", limit / times["ours"])
        row(what, samples / times["ours"] / 1e6, "million samples/s")
        if "theirs" in times:
            row(f"{what}, the authors' code", times["theirs"] / audio_s, "real-time factor")
            row(f"{what}, theirs / ours", times["theirs"] / times["ours"], "times")
        full = vocoder.infer(mel)[0].cpu().numpy()
        for precision in vocoder.precisions[1:] if device != "cpu" or options.precisions else ():
            vocoder.use_precision(precision)
            taken = medians({"ours": lambda: vocoder.infer(mel)}, options.repeats, device=device)["ours"]
            distance = log_spectral_distance_db(full, vocoder.infer(mel)[0].cpu().numpy(), mel_config)
            row(f"{what}, {precision}, {distance:.2f} dB from fp32", taken / audio_s, "real-time factor")
            row(f"{what}, {precision}", samples / taken / 1e6, "million samples/s")
        vocoder.use_precision("fp32")


def training(size: str, context, models, options) -> None:
    """Frames per second of a training step: batch 16 of 32 frames on a GPU, 2 on a CPU."""
    from ttskit.interfaces import TrainState, VocoderBatch

    device, batch = options.device, 16 if options.device != "cpu" else 2
    ours = build("vocoder", "hifigan", {"preset": size}, context).train().to(device)
    mel = torch.randn(batch, 80, ours.segment_frames, device=device) - 5
    audio = 0.1 * torch.randn(batch, ours.segment_frames * context.mel.hop_samples, device=device)
    given = VocoderBatch(("a",) * batch, mel, audio, torch.arange(batch))
    plans = ours.optimizers(100)

    def optimize(key, losses):
        plans[key].optimizer.zero_grad(set_to_none=True)
        losses.total.backward()
        plans[key].optimizer.step()

    works = {"ours": lambda: ours.training_step(given, TrainState(10, 1, 100), optimize)}
    if models is not None:
        config = json.loads((options.authors / f"config_{size.lower()}.json").read_text(encoding="utf-8"))
        generator = models.Generator(SimpleNamespace(**config)).to(device)
        mpd, msd = models.MultiPeriodDiscriminator().to(device), models.MultiScaleDiscriminator().to(device)
        judges = torch.optim.AdamW([*msd.parameters(), *mpd.parameters()], 2e-4, (0.8, 0.99))
        speakers = torch.optim.AdamW(generator.parameters(), 2e-4, (0.8, 0.99))

        def theirs() -> None:
            y, y_hat = audio[:, None], generator(mel)
            judges.zero_grad()
            loss = 0
            for judge in (mpd, msd):
                real, fake, _, _ = judge(y, y_hat.detach())
                loss = loss + models.discriminator_loss(real, fake)[0]
            loss.backward()
            judges.step()
            speakers.zero_grad()
            loss = 45 * ours.mel_loss(audio, y_hat[:, 0])
            for judge in (mpd, msd):
                _, fake, real_maps, fake_maps = judge(y, y_hat)
                loss = loss + models.feature_loss(real_maps, fake_maps) + models.generator_loss(fake)[0]
            loss.backward()
            speakers.step()

        works["theirs"] = theirs
    for precision in (None, torch.bfloat16) if device != "cpu" else (None,):
        if precision:
            plain = works["ours"]

            def reduced(plain=plain) -> None:
                with torch.autocast(device, torch.bfloat16):
                    plain()

            works["ours"] = reduced
        times = medians(works, max(1, options.repeats // 2), device=device)
        name = f"train HiFi-GAN {size}, batch {batch}, 32 frames, {'bf16' if precision else 'fp32'}"
        row(name, batch * ours.segment_frames / times["ours"], "frames/s")
        if "theirs" in times:
            row(f"{name}: theirs (fp32) / ours", times["theirs"] / times["ours"], "times")


def end_to_end(context, options) -> None:
    """FastPitch of the published size and HiFi-GAN V1, 128 tokens of five frames each, batch 1."""
    from ttskit.interfaces import AcousticInput, Controls

    device = options.device
    acoustic = build("acoustic model", "fastpitch", {}, context).eval().to(device)
    vocoder = loud(build("vocoder", "hifigan", {"preset": "V1"}, context)).eval().to(device)
    tokens = torch.randint(5, len(context.symbols), (1, 128), device=device)
    inputs = AcousticInput(tokens, torch.full((1,), 128, device=device), torch.zeros(1, dtype=torch.long, device=device))
    controls = Controls(durations=torch.full((1, 128), 5.0, device=device))
    for precision in vocoder.precisions if device != "cpu" else ("fp32",):
        vocoder.use_precision(precision)

        def speak():
            return vocoder.infer(acoustic.infer(inputs, controls, [torch.Generator().manual_seed(0)]).mel)

        with torch.inference_mode():
            seconds = median_s(speak, options.repeats, warmup=5, device=device)
        row(f"FastPitch and HiFi-GAN V1 ({precision}), 128 tokens, 640 frames, batch 1", 1000 * seconds, "ms")


def main() -> None:
    """Measure and print everything."""
    parser = arguments(__doc__)
    parser.add_argument("--authors", type=Path, help="checkout of the authors' repository, to be measured beside ours")
    parser.add_argument("--sizes", default="V1,V2,V3")
    parser.add_argument("--batches", default="1,8")
    parser.add_argument("--precisions", action="store_true", help="bf16 and fp16 on a CPU as well")
    parser.add_argument("--no-training", action="store_true", help="leave out training steps")
    options = parser.parse_args()
    from ttskit.testing import tiny_context

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    context, models = tiny_context(), None
    if options.authors:
        with published(options.authors) as load:
            models = load("models")
    row(f"matrix product, fp32, {options.threads} thread(s)", matmul_rate(options.device) / 1e9, "GFLOP/s")
    for size in options.sizes.split(","):
        for batch in options.batches.split(","):
            speaking(size, int(batch), context, models, options)
    if not options.no_training:
        for size in options.sizes.split(","):
            training(size, context, models, options)
    end_to_end(context, options)
    write(options.json)


if __name__ == "__main__":
    main()
