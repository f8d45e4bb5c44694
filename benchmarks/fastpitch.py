"""FastPitch at its published size: inference and a training step, beside the published code and the bound of arithmetic.

    python benchmarks/fastpitch.py [--published CHECKOUT] [--device cuda] [--profile]

--published: a checkout of NVIDIA/DeepLearningExamples. Its FastPitch gets the same weights, its outputs are compared first
with dropout off (mels, losses, gradients), then both are timed in turn, in training with dropout on.

Inference: 128 tokens of 5 frames each, at batch 1 and 16. Training: batch 8, 60 tokens, 300 frames on a CPU; on a GPU
batch 128, 120 tokens, 600 frames, with TF32 products (--no-tf32 for fp32) and, with --bf16, autocast. One warm-up, then the
median of --repeats. The bound: the model's own matrix products, run bare in the same run at the same shapes (those of a
training step twice more for its gradients), as each is fastest on a CPU: a linear product, convolutions as products
over neighbourhoods. What is beyond it is everything else: copies, normalisation, softmax, losses, the optimiser.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from measure import arguments, host_syncs, largest_difference, matmul_rate, medians, operations, profile, published, row, write

CONFIG = {
    "n_mel_channels": 80,
    "n_symbols": 148,
    "padding_idx": 0,
    "symbols_embedding_dim": 384,
    "in_fft_n_layers": 6,
    "in_fft_n_heads": 1,
    "in_fft_d_head": 64,
    "in_fft_conv1d_kernel_size": 3,
    "in_fft_conv1d_filter_size": 1536,
    "in_fft_output_size": 384,
    "p_in_fft_dropout": 0.1,
    "p_in_fft_dropatt": 0.1,
    "p_in_fft_dropemb": 0.0,
    "out_fft_n_layers": 6,
    "out_fft_n_heads": 1,
    "out_fft_d_head": 64,
    "out_fft_conv1d_kernel_size": 3,
    "out_fft_conv1d_filter_size": 1536,
    "out_fft_output_size": 384,
    "p_out_fft_dropout": 0.1,
    "p_out_fft_dropatt": 0.1,
    "p_out_fft_dropemb": 0.0,
    "dur_predictor_kernel_size": 3,
    "dur_predictor_filter_size": 256,
    "p_dur_predictor_dropout": 0.1,
    "dur_predictor_n_layers": 2,
    "pitch_predictor_kernel_size": 3,
    "pitch_predictor_filter_size": 256,
    "p_pitch_predictor_dropout": 0.1,
    "pitch_predictor_n_layers": 2,
    "pitch_embedding_kernel_size": 3,
    "energy_conditioning": True,
    "energy_predictor_kernel_size": 3,
    "energy_predictor_filter_size": 256,
    "p_energy_predictor_dropout": 0.1,
    "energy_predictor_n_layers": 2,
    "energy_embedding_kernel_size": 3,
    "n_speakers": 1,
    "speaker_emb_weight": 1.0,
}
TOKENS, PER_TOKEN = 128, 5


class Published:
    """The published model and loss; only what it needs of CUDA alone is put aside, no arithmetic is changed."""

    def __init__(self, checkout: Path, device: str) -> None:
        import torch

        folder = checkout / "PyTorch" / "SpeechSynthesis" / "FastPitch"
        with published(folder) as load:
            model, loss, terms = (load(f"fastpitch.{n}") for n in ("model", "loss_function", "attn_loss_function"))
        if device == "cpu":  # tensors say -1 there when asked for their device
            model.torch = _OnCpu("torch")
        torch.manual_seed(0)
        self.model = model.FastPitch(**CONFIG).to(device)
        self.loss = loss.FastPitchLoss(dur_predictor_loss_scale=0.1, pitch_predictor_loss_scale=0.1)
        self.binarization = terms.AttentionBinarizationLoss()


class _OnCpu(ModuleType):
    """torch, in which `device=-1` (what a CPU tensor's `get_device()` gives) is the CPU."""

    def __getattr__(self, name: str):
        import torch

        if name == "tensor":
            return lambda data, device=None, dtype=None: torch.tensor(data, dtype=dtype)
        return getattr(torch, name)


def ours(device: str, state=None):
    """Our model of the published configuration, padding as there."""
    import torch

    from ttskit.audio.config import MelConfig
    from ttskit.interfaces import ModelContext, PitchStats
    from ttskit.symbols import SpeakerTable, SymbolTable
    from ttskit_fastpitch.checkpoints import dle_options, from_dle
    from ttskit_fastpitch.model import FastPitch

    torch.manual_seed(0)
    symbols = SymbolTable(("<pad>", *(f"s{i}" for i in range(1, CONFIG["n_symbols"]))), "<pad>")
    context = ModelContext(MelConfig(), symbols, SpeakerTable(("one",)), {"one": PitchStats(214.7, 65.7)})
    model = FastPitch(dle_options(CONFIG, padding="reference"), context)
    if state is not None:
        model.load_state_dict(from_dle(state).state)
    return model.to(device)


def bare_products(work) -> list[tuple[str, tuple[int, ...]]]:
    """Shapes of the matrix products in one call, in order: ("mm" | "bmm", sizes)."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    found: list[tuple[str, tuple[int, ...]]] = []
    aten = torch.ops.aten

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            name = function.overloadpacket
            if name in (aten.mm, aten.addmm):
                a, b = args[-2:] if name is aten.mm else args[1:3]
                found.append(("mm", (a.shape[0], a.shape[1], b.shape[1])))
            elif name is aten.linear:
                x, weight = args[:2]
                found.append(("mm", (x.numel() // x.shape[-1], x.shape[-1], weight.shape[0])))
            elif name in (aten.bmm, aten.baddbmm):
                a, b = args[-2:] if name is aten.bmm else args[1:3]
                found.append(("bmm", (*a.shape, b.shape[2])))
            elif name is aten.convolution:
                x, weight = args[:2]
                rows = x.shape[0] * (x.shape[2] if weight.shape[2] % 2 else 1)
                found.append(("mm", (rows, weight.shape[1] * weight.shape[2], weight.shape[0])))
            elif "scaled_dot_product" in str(name):
                q, k = args[:2]
                batch, (length, width) = q.shape[0] * q.shape[1], q.shape[2:]
                found.extend([("bmm", (batch, length, width, k.shape[2])), ("bmm", (batch, length, k.shape[2], width))])
            return function(*args, **(kwargs or {}))

    with torch.inference_mode(False), torch.no_grad(), Watch():
        work()
    return found


def products_only(shapes: list[tuple[str, tuple[int, ...]]], device: str, dtype):
    """A call that runs bare products of these shapes and nothing else, and its operations."""
    import torch

    made: dict[tuple, tuple] = {}
    for kind, sizes in shapes:
        if (kind, sizes) not in made:
            *batch, rows, inner, columns = sizes
            a, b = torch.randn(*batch, rows, inner), torch.randn(*batch, columns, inner)
            made[kind, sizes] = (a.to(device, dtype), b.to(device, dtype), torch.empty(*batch, rows, columns).to(device, dtype))

    def run() -> None:
        with torch.no_grad():
            for shape in shapes:
                a, b, out = made[shape]
                torch.matmul(a, b.transpose(-1, -2), out=out)

    count = 0
    for _, sizes in shapes:
        product = 2
        for n in sizes:
            product *= n
        count += product
    return run, count


def inference(options, model, reference) -> None:
    """Mel frames per second, durations given so that both speak the same frames."""
    import torch

    from ttskit.interfaces import AcousticInput, Controls

    for batch in (1, 16):
        tokens = torch.randint(1, CONFIG["n_symbols"], (batch, TOKENS)).to(options.device)
        lengths = torch.full((batch,), TOKENS, device=options.device)
        durations = torch.full((batch, TOKENS), float(PER_TOKEN), device=options.device)
        inputs, controls = AcousticInput(tokens, lengths), Controls(durations=durations)
        frames = batch * TOKENS * PER_TOKEN
        what = f"inference, batch {batch}, {TOKENS} tokens, {TOKENS * PER_TOKEN} frames"

        def speak(inputs=inputs, controls=controls):
            with torch.inference_mode(), torch.autocast(options.device, torch.bfloat16, enabled=options.bf16):
                return model.infer(inputs, controls)

        def read(tokens=tokens, durations=durations):
            with torch.inference_mode(), torch.autocast(options.device, torch.bfloat16, enabled=options.bf16):
                return reference.model.infer(tokens, dur_tgt=durations)

        model.eval()
        bare, count = products_only(
            bare_products(lambda s=speak: s()), options.device, torch.bfloat16 if options.bf16 else torch.float32
        )
        works = {"ttskit": speak, "bare products": bare}
        if reference is not None:
            reference.model.eval()
            if not options.bf16:
                allowed = 1e-4 if options.no_tf32 or options.device == "cpu" else 5e-2
                largest_difference(what, {"mel": (speak().mel, read()[0].float())}, allowed)
            works["published"] = read
        taken = medians(works, options.repeats, warmup=2, device=options.device)
        report(what, taken, frames, count)
        row(f"{what}, ttskit", 1000 * taken["ttskit"], "ms")
        if options.profile:
            profile(speak, options.device)


def report(what: str, taken: dict[str, float], frames: int, count: float) -> None:
    """Frames per second, ratio to the published code, share of the bare products."""
    rate = count / taken["bare products"]
    row(f"{what}, bare products", rate / 1e9, "GFLOP/s")
    row(f"{what}, ttskit", frames / taken["ttskit"], "frames/s", "bare products", taken["bare products"] / taken["ttskit"])
    if "published" in taken:
        share = taken["bare products"] / taken["published"]
        row(f"{what}, published", frames / taken["published"], "frames/s", "bare products", share)
        row(f"{what}, ttskit", taken["published"] / taken["ttskit"], "× published")


def training(options, model, reference) -> None:
    """A whole training step with the published recipe's LAMB: forward, losses, backward, clipping, update."""
    import torch

    from ttskit.interfaces import AcousticBatch, TrainState
    from ttskit_fastpitch.aligner import prior_matrix

    device = options.device
    rows, tokens, frames = (8, 60, 300) if device == "cpu" else (128, 120, 600)
    generator = torch.Generator().manual_seed(1)
    text = torch.randint(1, CONFIG["n_symbols"], (rows, tokens), generator=generator).to(device)
    mel = (torch.randn(rows, 80, frames, generator=generator) - 5).to(device)
    pitch = torch.randn(rows, frames, generator=generator).to(device)
    n, t = (torch.full((rows,), size, device=device) for size in (tokens, frames))
    energy = mel.square().sum(1).sqrt()
    batch = AcousticBatch(("x",) * rows, text, n, mel, t, torch.zeros_like(n), pitch=pitch, energy=energy)
    state = TrainState(2000, 50, 10_000)
    what = f"training step, batch {rows}, {tokens} tokens, {frames} frames"
    prior = prior_matrix(n, t, model.options.aligner.prior)
    given = (text, n, mel, t, pitch[:, None], energy, None, prior, None)
    cast = torch.autocast(device, torch.bfloat16, enabled=options.bf16)
    weight = model.options.loss.binarization * min(1.0, (state.epoch + 1) / 100)

    def published_loss():
        out = reference.model(given)
        loss, _ = reference.loss(out, (mel, n, t))
        return loss + weight * reference.binarization(out[9], out[8])

    if reference is not None and not options.bf16:
        model.eval()
        reference.model.eval()
        loss, theirs = model.loss(model(batch), batch, state).total, published_loss()
        loss.backward()
        theirs.backward()
        pairs = {"loss": (loss / theirs, torch.ones_like(theirs))}
        pairs["gradients"] = (model.projection.weight.grad, reference.model.proj.weight.grad)
        largest_difference(f"{what}, no dropout", pairs, 1e-3 if device == "cpu" or options.no_tf32 else 5e-2)
        model.zero_grad(set_to_none=True)
        reference.model.zero_grad(set_to_none=True)
    model.train()
    optimizer = model.optimizers(10_000)["main"].optimizer

    def update(module, chosen, total) -> None:
        chosen.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1000.0)
        chosen.step()

    def step() -> None:
        with cast:
            model.training_step(batch, state, lambda _, losses: update(model, optimizer, losses.total))

    forward = bare_products(lambda: model(batch))
    bare, count = products_only(forward * 3, device, torch.bfloat16 if options.bf16 else torch.float32)
    works = {"ttskit": step, "bare products": bare}
    if reference is not None:
        reference.model.train()
        # The published LAMB needs apex; ours serves both, so that the comparison is of the models.
        theirs = type(optimizer)(reference.model.parameters(), lr=0.1, betas=(0.9, 0.98), eps=1e-9, weight_decay=1e-6)

        def read() -> None:
            with cast:
                update(reference.model, theirs, published_loss())

        works["published"] = read
    taken = medians(works, options.repeats, device=device)
    report(what, taken, rows * frames, count)
    if device != "cpu":
        row(f"{what}, ttskit", host_syncs(step), "waits of the host")
    row(f"{what}, ttskit: operations that torch counts", operations(step) / taken["ttskit"] / 1e9, "GFLOP/s")
    if options.profile:
        profile(step, device)


def main() -> None:
    """Measure and print everything."""
    parser = arguments(__doc__)
    parser.add_argument("--published", type=Path, help="a checkout of NVIDIA/DeepLearningExamples")
    parser.add_argument("--bf16", action="store_true", help="bf16 autocast")
    parser.add_argument("--no-tf32", action="store_true", help="full fp32 products on a GPU")
    parser.add_argument("--profile", action="store_true", help="also print where the time goes")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = not options.no_tf32
    reference = Published(options.published, options.device) if options.published else None
    model = ours(options.device, reference.model.state_dict() if reference else None)
    row("large matrix product", matmul_rate(options.device, torch.bfloat16 if options.bf16 else None) / 1e9, "GFLOP/s")
    inference(options, model, reference)
    training(options, model, reference)
    write(options.json)


if __name__ == "__main__":
    main()
