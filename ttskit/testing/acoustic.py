"""Checks for acoustic models: every promise of `ttskit.interfaces.AcousticModel`, tried on a tiny batch."""

from __future__ import annotations

import copy
from dataclasses import fields, replace

import torch
from torch import Tensor

from ttskit.interfaces.acoustic import AcousticBatch, AcousticInput, AcousticModel, Controls, ModelContext, Spectrogram
from ttskit.interfaces.descriptions import Plugin
from ttskit.interfaces.trainable import Losses, TrainState
from ttskit.symbols import SpeakerTable
from ttskit.testing.builders import tiny_batch, tiny_context
from ttskit.testing.checks import CheckResult, must_refuse, need, run_checks
from ttskit.testing.precision import check_precisions

STATE = TrainState(step=50, epoch=3, total_steps=100)
# fp32 sums in another order (other padding, other batch) differ by rounding only.
ATOL = 2e-4

# Controls that take a number, and one that must be heard.
_NUMBERS = {"pace": 0.5, "pitch": 4.0, "pitch_range": 2.5, "energy": 1.7}


def _same(one: Spectrogram, other: Spectrogram, atol: float = ATOL) -> bool:
    return one.mel.shape == other.mel.shape and torch.allclose(one.mel, other.mel, rtol=0, atol=atol)


def check_acoustic_model(plugin: Plugin) -> list[CheckResult]:
    """Checks an acoustic model built with its `small_options`."""
    context = tiny_context()
    options_class = plugin.load_options()
    small = dict(plugin.facts.get("small_options", {}))
    options = options_class(**small) if options_class else small

    def build(seed: int = 0) -> AcousticModel:
        torch.manual_seed(seed)
        return plugin.load()(options, context)

    model = build()
    _settle(model, context)
    batch = tiny_batch(context)
    inputs = AcousticInput(batch.tokens, batch.token_lengths, batch.speaker)
    suite = _Suite(plugin, build, model, context, batch, inputs, options)
    return run_checks(
        {
            "declared facts are true": suite.facts,
            "forward and loss": suite.forward,
            "losses add up over the rows of a batch": suite.additive,
            "gradient reaches every parameter": suite.gradients,
            "training repeats under a seed": suite.training_repeats,
            "padding does not change a sentence (forward)": suite.padding_forward,
            "a batch equals single runs (infer)": suite.batch_equals_singles,
            "determinism under a seed": suite.deterministic,
            "lengths agree": suite.lengths,
            "save and load": suite.save_load,
            "declared precisions work": suite.precisions,
            "device moves": suite.device,
            "declared controls work": suite.controls,
            "undeclared controls are refused": suite.no_controls,
            "speakers": suite.speakers,
            "rows of symbols and speakers": suite.inventories,
            "teacher-forced mels": suite.teacher_forced,
            "alignment of speech": suite.aligns,
            "errors for bad input": suite.bad_input,
        }
    )


def _settle(model: AcousticModel, context: ModelContext) -> None:
    """A few forward passes in training mode, so that running statistics are not at their initial values."""
    model.train()
    torch.manual_seed(1)
    with torch.no_grad():
        for seed in range(3):
            model(tiny_batch(context, seed=seed))
    model.eval()


class _Suite:
    def __init__(self, plugin, build, model, context, batch, inputs, options) -> None:
        self.options = options
        self.plugin, self.build, self.model, self.context, self.batch, self.inputs = (
            plugin,
            build,
            model,
            context,
            batch,
            inputs,
        )
        self.name = plugin.name

    def infer(
        self,
        inputs: AcousticInput,
        controls: Controls | None = None,
        model: AcousticModel | None = None,
        seeds: range | None = None,
    ) -> Spectrogram:
        generators = [torch.Generator().manual_seed(s) for s in seeds or range(len(inputs.tokens))]
        with torch.inference_mode():
            return (model or self.model).eval().infer(inputs, controls, generators)

    def single(self, row: int) -> AcousticInput:
        n = int(self.inputs.lengths[row])
        return AcousticInput(
            self.inputs.tokens[row : row + 1, :n], self.inputs.lengths[row : row + 1], self.inputs.speaker[row : row + 1]
        )

    def facts(self) -> None:
        facts = self.plugin.facts
        for fact in ("decoding", "controls", "multi_speaker"):
            need(fact in facts, f"the description does not declare the fact {fact!r}")
            said, is_ = facts[fact], getattr(self.model, fact)
            same = sorted(said) == sorted(is_) if fact == "controls" else said == is_
            need(same, f"fact {fact!r}: the description says {said!r}, the model {is_!r}")
        missing = set(self.model.features) - set(facts.get("features", ())) - {"durations"}  # durations only if options ask
        need(not missing, f"the model needs features {sorted(missing)} that its description does not declare")
        need(facts["decoding"] in ("autoregressive", "parallel"), f"decoding is {facts['decoding']!r}")
        aids, due = self.model.aids(), self.model.alignment_due(1000)
        worded = isinstance(aids, tuple) and all(isinstance(aid, str) for aid in aids)
        need(worded, f"aids() gives {aids!r}, not a tuple of words")
        need(due is None or (isinstance(due, int) and 0 <= due <= 1000), f"alignment_due(1000) is {due!r}, no step of 1000")
        finished = self.infer(self.inputs).finished
        if facts["decoding"] == "autoregressive":
            need(finished is not None, "an autoregressive model must say which rows finished by themselves")
        else:
            need(finished is None, "decoding is declared parallel, but infer reports rows that finished by themselves")

    def forward(self) -> None:
        outputs = self.model.eval()(self.batch)
        need(
            outputs.mel.shape == self.batch.mel.shape,
            f"mel is {tuple(outputs.mel.shape)}, the target {tuple(self.batch.mel.shape)}",
        )
        losses = self.model.loss(outputs, self.batch, STATE)
        need(isinstance(losses, Losses) and len(losses.terms) > 0, "loss must return Losses with at least one term")
        for name, term in losses.terms.items():
            need(bool(torch.isfinite(term.total)), f"loss term {name!r} is not finite")

    def additive(self) -> None:
        with torch.no_grad():
            whole = self.model.eval().loss(self.model(self.batch), self.batch, STATE)
            parts = [self.model.loss(self.model(row), row, STATE) for row in map(self.row, range(len(self.batch.ids)))]
        for name, term in whole.terms.items():
            for field in ("total", "count"):
                one = float(getattr(term, field))
                many = sum(float(getattr(p.terms[name], field)) for p in parts)
                need(
                    abs(one - many) <= 1e-3 * max(1.0, abs(one)),
                    f"loss term {name!r}: {field} of the batch is {one:.6g}, of its rows together {many:.6g}; "
                    "padding is counted, or the mean was taken over the batch (several processes would not agree with one)",
                )

    def row(self, index: int) -> AcousticBatch:
        n, t = int(self.batch.token_lengths[index]), int(self.batch.mel_lengths[index])
        cut = {}
        for f in fields(AcousticBatch):
            value = getattr(self.batch, f.name)
            if value is None:
                continue
            value = value[index : index + 1]
            if f.name in ("tokens", "durations"):
                value = value[:, :n]
            elif f.name in ("mel", "pitch", "energy"):
                value = value[..., :t]
            cut[f.name] = value
        return AcousticBatch(**cut)

    def gradients(self) -> None:
        model = self.build()
        model.train()
        torch.manual_seed(3)
        self.model_loss(model).backward()
        without = [
            n for n, p in model.named_parameters() if p.requires_grad and (p.grad is None or not bool(p.grad.abs().sum() > 0))
        ]
        need(
            not without,
            f"no gradient reaches {', '.join(without[:6])}" + (f" and {len(without) - 6} more" if len(without) > 6 else ""),
        )
        planned = {id(p) for plan in model.optimizers(100).values() for g in plan.optimizer.param_groups for p in g["params"]}
        left = [n for n, p in model.named_parameters() if p.requires_grad and id(p) not in planned]
        need(not left, f"no optimiser moves {', '.join(left[:6])}")

    def model_loss(self, model: AcousticModel) -> Tensor:
        return model.loss(model(self.batch), self.batch, STATE).total

    def training_repeats(self) -> None:
        model = self.build().train()
        values = []
        for _ in range(2):
            one = copy.deepcopy(model)
            torch.manual_seed(5)
            values.append(float(self.model_loss(one).detach()))
        need(
            values[0] == values[1],
            f"the same seed gives losses {values[0]!r} and {values[1]!r}; draw randomness from torch's generator",
        )

    def padding_forward(self) -> None:
        with torch.no_grad():
            together = self.model.eval()(self.batch)
            for i in range(len(self.batch.ids)):
                t = int(self.batch.mel_lengths[i])
                alone = self.model(self.row(i)).mel[0, :, :t]
                worst = float((together.mel[i, :, :t] - alone).abs().max())
                need(worst <= ATOL, f"row {i} differs by {worst:.2g} when padded in a batch: a mask is ignored")

    def batch_equals_singles(self) -> None:
        together = self.infer(self.inputs)
        for i in range(len(self.inputs.tokens)):
            alone = self.infer(self.single(i), seeds=range(i, i + 1))
            n, m = int(together.lengths[i]), int(alone.lengths[0])
            need(n == m, f"row {i} has {n} frames in a batch and {m} alone")
            worst = float((together.mel[i, :, :n] - alone.mel[0, :, :n]).abs().max())
            need(
                worst <= ATOL,
                f"row {i} differs by {worst:.2g} between batch and single run: a mask or generator is shared between rows",
            )

    def deterministic(self) -> None:
        torch.manual_seed(1)
        a = self.infer(self.inputs)
        torch.manual_seed(2)
        b = self.infer(self.inputs)
        need(
            a.mel.shape == b.mel.shape and torch.equal(a.mel, b.mel),
            "the same generators give different speech: randomness must come from the generators passed to infer",
        )

    def lengths(self) -> None:
        out = self.infer(self.inputs)
        rows, tokens = self.inputs.tokens.shape
        need(out.mel.shape[:2] == (rows, self.context.mel.bands), f"mel is {tuple(out.mel.shape)}")
        need(
            int(out.lengths.max()) == out.mel.shape[2] and int(out.lengths.min()) >= 1,
            f"lengths {out.lengths.tolist()} do not agree with {out.mel.shape[2]} frames",
        )
        need(bool(torch.isfinite(out.mel).all()), "mel has values that are not finite")
        if out.durations is not None:
            need(
                torch.equal(out.durations.sum(1).long(), out.lengths.long()),
                f"durations sum to {out.durations.sum(1).tolist()}, lengths are {out.lengths.tolist()}",
            )
        if out.alignment is not None:
            need(
                tuple(out.alignment.shape) == (rows, out.mel.shape[2], tokens),
                f"alignment is {tuple(out.alignment.shape)}, not (B, T, N)",
            )

    def save_load(self) -> None:
        from safetensors.torch import load, save

        state = load(save({k: v.contiguous() for k, v in self.model.state_dict().items()}))
        other = self.build(seed=99)
        other.load_state_dict(state)
        a, b = self.infer(self.inputs), self.infer(self.inputs, model=other)
        need(
            a.mel.shape == b.mel.shape and torch.equal(a.mel, b.mel),
            "a model loaded from its state dict speaks differently: state is missing from it",
        )

    def precisions(self) -> None:
        check_precisions(self.plugin, self.model, lambda: self.infer(self.inputs).row(0).mel)

    def device(self) -> None:
        for name, module in self.model.named_modules():
            loose = [k for k, v in vars(module).items() if isinstance(v, Tensor)]
            need(
                not loose,
                f"{name or 'the model'} holds tensors {loose} that are neither parameters nor buffers: "
                "they stay behind on .to(device)",
            )
        if torch.cuda.is_available():
            moved = copy.deepcopy(self.model).to("cuda")
            out = self.infer(self.inputs.to("cuda"), model=moved)
            need(out.mel.device.type == "cuda", "infer on the GPU gives a mel on the CPU")

    def controls(self) -> None:
        plain = self.infer(self.inputs)
        for control in self.model.controls:
            need(control in _NUMBERS or control in ("durations", "pitch_values", "speaker_mix"), f"unknown control {control!r}")
            if control not in _NUMBERS:
                continue
            value = _NUMBERS[control]
            changed = self.infer(self.inputs, Controls(**{control: value}))
            need(not _same(changed, plain, 1e-6), f"control {control!r} has no effect")
            per_token = Controls(**{control: torch.full(self.inputs.tokens.shape, value)})
            need(
                _same(self.infer(self.inputs, per_token), changed),
                f"control {control!r} given per token differs from the same number for all tokens",
            )
        if "durations" in self.model.controls:
            self.given_durations(plain)
        if "pace" in self.model.controls:
            given = {"durations": self.steady(4.0)} if "durations" in self.model.controls else {}
            slow, fast = (self.infer(self.inputs, Controls(pace=pace, **given)).lengths for pace in (0.5, 2.0))
            need(
                bool((slow > fast).all()),
                f"pace 0.5 gives {slow.tolist()} frames, pace 2.0 {fast.tolist()}: pace is a speed, larger is shorter",
            )
        if "pitch_values" in self.model.controls:
            self.given_pitch(plain)
        if "speaker_mix" in self.model.controls:
            self.mixed_speakers()

    def steady(self, frames: float) -> Tensor:
        """The same duration (B, N) for every real token."""
        return frames * (torch.arange(self.inputs.tokens.shape[1])[None] < self.inputs.lengths[:, None])

    def given_durations(self, plain: Spectrogram) -> None:
        made = self.infer(self.inputs, Controls(durations=self.steady(4.0)))
        need(
            torch.equal(made.lengths.long(), 4 * self.inputs.lengths),
            f"4 frames for each of {self.inputs.lengths.tolist()} tokens give {made.lengths.tolist()} frames",
        )
        kept = self.infer(self.inputs, Controls(durations=torch.full(self.inputs.tokens.shape, torch.nan)))
        need(_same(kept, plain), "durations that are all NaN must leave the model's own")
        if plain.durations is not None:
            one = torch.full(self.inputs.tokens.shape, torch.nan)
            one[:, 0] = 7.0
            part = self.infer(self.inputs, Controls(durations=one)).durations
            spoke = plain.lengths > 1  # a row that would have had no frame at all got its one somewhere
            right = bool((part[:, 0] == 7).all()) and torch.equal(part[spoke, 1:], plain.durations[spoke, 1:])
            need(right, "a duration given for the first token alone must change that token and no other")

    def given_pitch(self, plain: Spectrogram) -> None:
        shape = self.inputs.tokens.shape
        fixed = {"durations": self.steady(4.0)} if "durations" in self.model.controls else {}
        low, high = (self.infer(self.inputs, Controls(pitch_values=torch.full(shape, v), **fixed)) for v in (-1.0, 1.0))
        need(not _same(low, high, 1e-6), "control 'pitch_values' has no effect")
        kept = self.infer(self.inputs, Controls(pitch_values=torch.full(shape, torch.nan)))
        need(_same(kept, plain), "pitch_values that are all NaN must leave the model's own")
        if high.pitch is not None:
            real = torch.arange(shape[1])[None] < self.inputs.lengths[:, None]
            need(bool((high.pitch[real] - 1.0).abs().max() < 1e-4), "infer does not report the pitch_values that were given")

    def mixed_speakers(self) -> None:
        rows, speakers = len(self.inputs.tokens), len(self.context.speakers)
        need(self.model.multi_speaker, "speaker_mix is declared, but not multi_speaker")
        own = torch.nn.functional.one_hot(self.inputs.speaker, speakers).float()
        one = self.infer(self.inputs)
        alone = self.infer(replace(self.inputs, speaker=None, speaker_weights=own))
        need(_same(alone, one, 0.0), "a mix that is all one speaker's differs from that speaker")
        half = self.infer(replace(self.inputs, speaker_weights=torch.full((rows, speakers), 1.0 / speakers)))
        need(not _same(half, one, 1e-6), "control 'speaker_mix' has no effect")
        wrong = {"do not sum to 1": 2 * own, "are negative": 2 * own - 1.0 / speakers, "lack a speaker": own[:, 1:]}
        for fault, weights in wrong.items():
            must_refuse(f"speaker weights that {fault}", lambda w=weights: self.infer(replace(self.inputs, speaker_weights=w)))

    def no_controls(self) -> None:
        shape = self.inputs.tokens.shape
        tries = {name: Controls(**{name: value}) for name, value in _NUMBERS.items()}
        tries |= {"durations": Controls(durations=self.steady(4.0)), "pitch_values": Controls(pitch_values=torch.zeros(shape))}
        for control, asked in tries.items():
            if control not in self.model.controls:
                must_refuse(f"control {control!r}, which is not declared,", lambda asked=asked: self.infer(self.inputs, asked))
        if "speaker_mix" not in self.model.controls:
            weights = torch.nn.functional.one_hot(self.inputs.speaker, len(self.context.speakers)).float()
            mixed = replace(self.inputs, speaker_weights=weights)
            must_refuse("control 'speaker_mix', which is not declared,", lambda: self.infer(mixed))

    def speakers(self) -> None:
        if not self.model.multi_speaker:
            return
        one = replace(self.single(0), speaker=torch.tensor([0]))
        two = replace(self.single(0), speaker=torch.tensor([1]))
        a, b = self.infer(one), self.infer(two)
        same = a.mel.shape == b.mel.shape and torch.allclose(a.mel, b.mel, atol=1e-6)
        need(not same, "multi_speaker is declared, but two speakers sound the same")
        must_refuse("a speaker id outside the table", lambda: self.infer(replace(one, speaker=torch.tensor([9]))))

    def inventories(self) -> None:
        """Fine-tuning by name relies on this: which shapes follow the inventories, and what leaving out speakers means."""
        big = tiny_context(speakers=("ana", "beto", "caro"))
        big = replace(big, symbols=replace(big.symbols, symbols=(*big.symbols.symbols, "x", "z")))
        one = replace(self.context, speakers=SpeakerTable(("ana",)))
        for context in (self.context, big, one, replace(one, speaker_vectors=True)):
            torch.manual_seed(0)
            model = self.plugin.load()(self.options, context)
            declared, state = model.inventory_parameters(), model.state_dict()
            kinds = sorted(set(declared.values()))
            need(set(kinds) <= {"symbols", "speakers"}, f"inventory_parameters() gives kinds {kinds}")
            for name, axis in declared.items():
                need(name in state, f"inventory_parameters() names {name!r}, which is not in the state dict")
                rows, wanted = state[name].shape[0], len(getattr(context, axis))
                need(rows == wanted, f"{name!r} has {rows} rows for {wanted} {axis}")
            plain = {name: value.shape for name, value in state.items() if name not in declared}
            if context is self.context:
                first = plain
            need(
                plain == first,
                f"{sorted(n for n in {*plain, *first} if plain.get(n) != first.get(n))[:3]} changes its shape "
                "with the symbols or speakers and is not among inventory_parameters()",
            )
        self._zeros_are_nothing(one)

    def _zeros_are_nothing(self, one: ModelContext) -> None:
        """A model of one speaker speaks as one with vectors of zeros."""
        torch.manual_seed(0)
        bare, vectors = (self.plugin.load()(self.options, c).eval() for c in (one, replace(one, speaker_vectors=True)))
        left_out = {n for n, axis in vectors.inventory_parameters().items() if axis == "speakers"} - set(bare.state_dict())
        if not left_out:
            return
        vectors.load_state_dict(bare.state_dict(), strict=False)
        with torch.no_grad():
            for name in left_out:
                vectors.state_dict()[name].zero_()
        inputs = replace(self.single(0), speaker=torch.tensor([0]))
        a, b = self.infer(inputs, model=bare), self.infer(inputs, model=vectors)
        need(
            a.mel.shape == b.mel.shape and torch.equal(a.mel, b.mel),
            f"{', '.join(sorted(left_out))} left out for one speaker is not the same as zeros",
        )

    def teacher_forced(self) -> None:
        if not self.plugin.facts.get("teacher_forced"):
            must_refuse("teacher_forced, which is not declared,", lambda: self.model.teacher_forced(self.batch))
            return
        with torch.inference_mode():
            out = self.model.eval().teacher_forced(self.batch)
        need(
            torch.equal(out.lengths, self.batch.mel_lengths),
            f"teacher-forced lengths {out.lengths.tolist()}, target {self.batch.mel_lengths.tolist()}",
        )
        need(out.mel.shape[2] == self.batch.mel.shape[2], "teacher-forced mel does not have exactly the target's frames")

    def aligns(self) -> None:
        if not self.plugin.facts.get("aligns"):
            must_refuse("durations(), which is not declared,", lambda: self.model.durations(self.batch))
            return
        with torch.inference_mode():
            durations = self.model.eval().durations(self.batch)
        need(torch.equal(durations.sum(1).long(), self.batch.mel_lengths), "durations do not sum to the target's frames")
        real = torch.arange(durations.shape[1])[None] < self.batch.token_lengths[:, None]
        need(bool((durations[~real] == 0).all()), "padding tokens have a duration")

    def bad_input(self) -> None:
        empty = AcousticInput(torch.zeros((1, 0), dtype=torch.long), torch.zeros(1, dtype=torch.long))
        must_refuse("an empty sentence", lambda: self.infer(empty))
        wrong = AcousticInput(torch.full((1, 3), len(self.context.symbols)), torch.tensor([3]))
        must_refuse("a token id outside the inventory", lambda: self.infer(wrong))
