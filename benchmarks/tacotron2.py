"""Tacotron 2 at its published size: decoding and a training step, beside the published code and the bound of memory.

    python benchmarks/tacotron2.py [--published CHECKOUT] [--quality RUN DATA] [--device cuda] [--profile]

--published: a checkout of NVIDIA/tacotron2. It gets the same weights, its outputs are compared first with all dropout
off (free-running frames, losses, gradients), then both are timed in turn, dropout on, as both are used. It decodes one
text at a time, so at batch 16 its speed is that of batch 1.
--quality: a trained run and a prepared corpus: what fp16 and int8 weights change in the mels of its test sentences.

Decoding: 100 tokens, 400 frames at batch 1 and 16. A step reads all LSTM weights (71 MB in fp32) whatever the batch, so
their bytes over the bandwidth of memory, measured in the same run, is the least time a frame can take. Training: batch 8,
60 tokens, 300 frames on a CPU; batch 128, 100 tokens, 600 frames on a GPU, with TF32 products (--no-tf32 for fp32) and,
with --bf16, autocast. One warm-up, then the median of --repeats.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import ModuleType, SimpleNamespace

from measure import (
    arguments,
    host_syncs,
    largest_difference,
    medians,
    operations,
    profile,
    published,
    read_bandwidth,
    row,
    write,
)

TOKENS, FRAMES = 100, 400
HPARAMS = {
    "fp16_run": False,
    "n_mel_channels": 80,
    "n_symbols": 148,
    "symbols_embedding_dim": 512,
    "encoder_kernel_size": 5,
    "encoder_n_convolutions": 3,
    "encoder_embedding_dim": 512,
    "n_frames_per_step": 1,
    "decoder_rnn_dim": 1024,
    "prenet_dim": 256,
    "max_decoder_steps": FRAMES,
    "gate_threshold": 2.0,
    "p_attention_dropout": 0.1,
    "p_decoder_dropout": 0.1,
    "attention_rnn_dim": 1024,
    "attention_dim": 128,
    "attention_location_n_filters": 32,
    "attention_location_kernel_size": 31,
    "postnet_embedding_dim": 512,
    "postnet_kernel_size": 5,
    "postnet_n_convolutions": 5,
    "mask_padding": True,
}
QUIET = {f"{part}_dropout": 0.0 for part in ("encoder", "prenet", "attention", "decoder", "postnet")}


def ours(device: str, **options):
    """Our model as published: the stop token cannot fire, no aids."""
    import torch

    from ttskit.audio.config import MelConfig
    from ttskit.interfaces import ModelContext
    from ttskit.symbols import SpeakerTable, SymbolTable
    from ttskit_tacotron2.config import Tacotron2Options
    from ttskit_tacotron2.model import Tacotron2

    torch.manual_seed(0)
    symbols = SymbolTable(tuple(f"s{i}" for i in range(HPARAMS["n_symbols"])), "s0")
    plain = {
        "stop_threshold": 1.0,
        "frames_per_token": 0.0,
        "frames_floor": FRAMES,
        "rest_frames": 0,
        "padding": "reference",
        "guided_attention_weight": 0.0,
        "stop_positive_weight": 1.0,
    }
    context = ModelContext(MelConfig(), symbols, SpeakerTable(("one",)))
    return Tacotron2(Tacotron2Options(**{**plain, **options}), context).to(device)


class Functional(ModuleType):
    """torch.nn.functional as the published code sees it: its dropout can be switched off."""

    quiet = False

    def __getattr__(self, name: str):
        import torch.nn.functional as F

        if name == "dropout" and self.quiet:
            return lambda x, *_, **__: x
        return getattr(F, name)


class Published:
    """The published model and loss with the weights of ours, running on any device; no arithmetic is changed."""

    def __init__(self, checkout: Path, like) -> None:
        import torch

        from ttskit_tacotron2.checkpoints import to_public

        with published(checkout) as load:
            module, loss = load("model"), load("loss_function")
        module.get_mask_from_lengths = lambda n: torch.arange(int(n.max()), device=n.device) < n[:, None]
        module.F = self.functional = Functional("functional")
        device = next(like.parameters()).device
        self.model = module.Tacotron2(SimpleNamespace(**HPARAMS)).to(device)
        self.model.load_state_dict(to_public(like.state_dict()))
        self.loss = loss.Tacotron2Loss()

    @contextlib.contextmanager
    def silent(self):
        """No dropout anywhere."""
        self.functional.quiet = True
        self.model.eval()
        yield
        self.functional.quiet = False


def decoding(options, bandwidth: float) -> None:
    """Frames per second of free running, by batch and precision."""
    import torch

    from ttskit.interfaces import AcousticInput

    model = ours(options.device).eval()
    reference = Published(options.published, model) if options.published else None
    weights = sum(p.numel() for n, p in model.decoder.named_parameters() if "lstm.weight" in n)
    precisions = [p for p in model.precisions if p != "int8" or options.device == "cpu"]
    for batch in (1, 16):
        tokens = torch.randint(1, HPARAMS["n_symbols"], (batch, TOKENS)).to(options.device)
        inputs = AcousticInput(tokens, torch.full((batch,), TOKENS, device=options.device))
        what = f"decoding, batch {batch}, {TOKENS} tokens, {FRAMES} frames"
        if reference is not None:
            quiet = ours(options.device, **QUIET).eval()
            with reference.silent(), torch.inference_mode():
                theirs, mel = reference.model.inference(tokens[:1])[1], quiet.infer(inputs).mel[:1]
            largest_difference(f"{what}, no dropout", {"mel": (mel, theirs)}, 1e-4)
            del quiet
            reference.model.eval()

        def speak(precision: str, inputs=inputs, batch=batch) -> None:
            model.use_precision(precision)
            model.infer(inputs, None, [torch.Generator().manual_seed(i) for i in range(batch)])

        def read(tokens=tokens) -> None:
            with torch.inference_mode():
                reference.model.inference(tokens[:1])

        works = {precision: lambda p=precision: speak(p) for precision in precisions}
        works |= {"published": read} if reference is not None else {}
        taken = medians(works, options.repeats, device=options.device)
        for name, seconds in taken.items():
            spoken = FRAMES * (1 if name == "published" else batch)
            bound = FRAMES * weights * {"fp16": 2, "int8": 1}.get(name, 4) / bandwidth
            limit = f"{weights * {'fp16': 2, 'int8': 1}.get(name, 4) / 1e6:.0f} MB of LSTM weights a frame"
            row(f"{what}, {name}", spoken / seconds, "frames/s", limit, bound / seconds)
            if reference is not None and name != "published":
                row(f"{what}, {name}", taken["published"] / seconds * spoken / FRAMES, "× published")
        if options.profile and batch == 1:
            profile(lambda: speak(precisions[-1]), options.device)


def training(options) -> None:
    """A whole training step: forward, loss, backward, clipping, Adam."""
    import torch

    from ttskit.interfaces import AcousticBatch, TrainState

    on_cpu = options.device == "cpu"
    rows, tokens, frames = (8, 60, 300) if on_cpu else (128, 100, 600)
    text = torch.randint(1, HPARAMS["n_symbols"], (rows, tokens)).to(options.device)
    mel = (torch.randn(rows, 80, frames) - 5).to(options.device)
    sizes = [torch.full((rows,), n, device=options.device) for n in (tokens, frames)]
    batch = AcousticBatch(("x",) * rows, text, sizes[0], mel, sizes[1], torch.zeros_like(sizes[0]))
    state = TrainState(10, 1, 100)
    gate = torch.zeros(rows, frames, device=options.device)
    gate[:, -1] = 1.0
    given = (text, sizes[0], mel, torch.tensor(tokens), sizes[1])
    what = f"training step, batch {rows}, {tokens} tokens, {frames} frames"

    model = ours(options.device).train()
    reference = Published(options.published, model) if options.published else None
    if reference is not None:
        quiet = ours(options.device, **QUIET).eval()
        loss = quiet.loss(quiet(batch), batch, state).total
        loss.backward()
        with reference.silent():
            theirs = reference.loss(reference.model(given), (mel, gate))
            theirs.backward()
        norms = [
            torch.stack(
                [
                    p.grad.norm()
                    for n, p in sorted(m.named_parameters())
                    if "embedding" in n or "frame" in n or "linear_projection" in n
                ]
            )
            for m in (quiet, reference.model)
        ]
        largest_difference(
            f"{what}, no dropout", {"loss": (loss / theirs, torch.ones_like(theirs)), "gradients": tuple(norms)}, 1e-3
        )
        reference.model.zero_grad(set_to_none=True)
        reference.model.train()
        del quiet
    cast = torch.autocast(options.device, torch.bfloat16, enabled=options.bf16)

    def update(module, optimizer, total) -> None:
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()

    plan = model.optimizers(100)["main"].optimizer

    def step() -> None:
        with cast:
            model.training_step(batch, state, lambda _, losses: update(model, plan, losses.total))

    works = {"ttskit": step}
    if reference is not None:
        adam = torch.optim.Adam(reference.model.parameters(), lr=1e-3, weight_decay=1e-6)

        def theirs() -> None:
            with cast:
                update(reference.model, adam, reference.loss(reference.model(given), (mel, gate)))

        works["published"] = theirs
    taken = medians(works, options.repeats, device=options.device)
    rate = operations(step) / taken["ttskit"]
    for name, seconds in taken.items():
        row(f"{what}, {name}", rows * frames / seconds, "frames/s")
    row(f"{what}, ttskit", rate / 1e9, "GFLOP/s")
    if not on_cpu:
        row(f"{what}, ttskit", host_syncs(step), "waits of the host")
    if reference is not None:
        row(f"{what}, ttskit", taken["published"] / taken["ttskit"], "× published")
    if options.profile:
        profile(step, options.device)


def quality(run: Path, data: Path) -> None:
    """What other precisions change in the test sentences of a trained run: mels, stop frames, cepstra."""
    import torch

    from ttskit.corpus.prepared import PreparedCorpus
    from ttskit.measure.metrics import align_cepstra, cepstrum, mel_cepstral_distortion_db, natural_log_magnitude
    from ttskit.synthesis import load_voice

    corpus = PreparedCorpus.open(data)
    chosen = corpus.split("test")[:24]
    found: dict[str, list] = {}
    for precision in ("fp32", "fp16", "int8"):
        voice = load_voice(run, "griffinlim", precision=precision)
        found[precision] = [voice.spectrogram([u.tokens], speaker=u.speaker, seeds=[1])[0] for u in chosen]
    for precision in ("fp16", "int8"):
        pairs = list(zip(found["fp32"], found[precision], strict=True))
        same = [int(a.lengths) == int(b.lengths) for a, b in pairs]
        errors, cepstral = [], []
        for a, b in pairs:
            size = min(a.mel.shape[2], b.mel.shape[2])
            errors.append(float((a.mel[..., :size] - b.mel[..., :size]).abs().mean()))
            cepstra = [cepstrum(natural_log_magnitude(x.mel[0].numpy(), corpus.mel)) for x in (a, b)]
            cepstral.append(mel_cepstral_distortion_db(*cepstra, align_cepstra(*cepstra)))
        row(f"{precision} against fp32, {len(chosen)} test sentences: same length", 100 * sum(same) / len(same), "%")
        row(f"{precision} against fp32: mel L1, frame by frame", float(torch.tensor(errors).mean()), "")
        row(f"{precision} against fp32: mel-cepstral distortion after DTW", float(torch.tensor(cepstral).mean()), "dB")


def main() -> None:
    """Measure and print everything."""
    parser = arguments(__doc__)
    parser.add_argument("--published", type=Path, help="a checkout of NVIDIA/tacotron2")
    parser.add_argument("--quality", nargs=2, type=Path, metavar=("RUN", "DATA"), help="a trained run and a prepared corpus")
    parser.add_argument("--bf16", action="store_true", help="train under bf16 autocast")
    parser.add_argument("--no-tf32", action="store_true", help="full fp32 products on a GPU")
    parser.add_argument("--profile", action="store_true", help="also print where the time goes")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = not options.no_tf32
    bandwidth = read_bandwidth(options.device)
    row("reading memory", bandwidth / 1e9, "GB/s")
    decoding(options, bandwidth)
    training(options)
    if options.quality:
        quality(*options.quality)
    write(options.json)


if __name__ == "__main__":
    main()
