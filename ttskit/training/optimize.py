"""Optimization: what happens between a model's losses and its changed parameters, for any number of optimisers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ttskit.errors import TrainingError, UsageError
from ttskit.interfaces.trainable import Losses, OptimizerPlan, Trainable, TrainState
from ttskit.training.precision import LossScale, Precision
from ttskit.training.processes import Processes

_DEVICE_KEYS = ("capturable", "fused", "foreach")  # depend on the device, which may change between two sessions of a run
LEAST_COUNT = 1e-12  # a term that counted nothing anywhere has total 0 and stays 0


class Optimization:
    """Holds the plans and is the `optimize(name, losses)` that models call.

    One call: sums of the terms over processes; backward of Σ local total / global count; gradients summed
    over processes; a flag on the device whether loss and gradient norm are finite, computed from reduced
    values only and so equal everywhere; clipping; the learning rate of this step; the optimiser's step,
    which a raised flag turns into nothing: parameters, moments and step counts stay as they were, and so do
    the model's buffers (batch statistics), which the forward pass has already moved.

    Args:
        skip: how a bad step becomes nothing; by default what fits the optimiser and device. "host" reads
            the flag before stepping (free on a CPU); "fused" hands it to the optimiser's kernel;
            "restore" puts parameters and moments back with a choice made on the device. The last two
            never wait for the device.
    """

    def __init__(
        self,
        model: Trainable,
        plans: Mapping[str, OptimizerPlan],
        processes: Processes,
        precision: Precision,
        max_nonfinite: int = 10,
        skip: str | None = None,
    ) -> None:
        if not plans:
            raise UsageError(f"{type(model).__name__} has no optimiser", "optimizers() gave nothing", "return one plan or more")
        self.plans, self._processes, self._precision = dict(plans), processes, precision
        self.max_nonfinite = max_nonfinite
        self._parameters = {name: _parameters_of(plan) for name, plan in self.plans.items()}
        self._rates = {name: [float(g["lr"]) for g in plan.optimizer.param_groups] for name, plan in self.plans.items()}
        self._skip = {name: skip or _way_to_skip(plan.optimizer, processes.device) for name, plan in self.plans.items()}
        self.scales = {name: LossScale(precision) for name in self.plans}
        kept = model.state_dict(keep_vars=True)
        self._buffers = [b for name, b in model.named_buffers() if name in kept]
        self._saved = [torch.empty_like(b) for b in self._buffers]
        self._state: TrainState | None = None
        self._step_values: dict[str, Tensor | float] = {}
        self._bad: list[Tensor] = []  # per optimiser of this step: (skipped, at fault)
        self._flags: list[tuple[int, tuple[str, ...], Tensor]] = []
        self.in_a_row = 0

    def begin(self, state: TrainState) -> None:
        """Before a step."""
        self._state, self._step_values, self._bad = state, {}, []
        for saved, buffer in zip(self._saved, self._buffers, strict=True):
            saved.copy_(buffer)

    def __call__(self, name: str, losses: Losses) -> None:
        """`optimize(name, losses)` of `Trainable.training_step`."""
        if name not in self.plans:
            raise UsageError(
                f"the model optimises {name!r}, and has no optimiser of that name",
                f"its optimisers: {', '.join(self.plans)}",
                "",
            )
        assert self._state is not None, "begin() comes first"
        plan, parameters, scale = self.plans[name], self._parameters[name], self.scales[name]
        plan.optimizer.zero_grad(set_to_none=True)  # another optimiser's backward may have passed through these parameters
        reduced, counts = self._reduce(losses)
        terms = list(losses.terms.values())
        objective = sum(term.weight * term.total / counts[i] for i, term in enumerate(terms))
        with self._precision.plain():
            (objective * scale.value if scale.active else objective).backward()
        gradients = self._processes.sum_gradients(parameters)
        with torch.no_grad():
            weights = torch.tensor([float(t.weight) for t in terms], dtype=reduced.dtype).to(reduced.device, non_blocking=True)
            means = reduced / counts
            loss = (weights * means).sum()
            norm = torch.nn.utils.get_total_norm(gradients, foreach=None).to(loss.device) / scale.value
            bad = ~(torch.isfinite(loss) & torch.isfinite(norm))
            # an fp16 overflow with a high scale is the scale's business, no fault of the data
            fault = ~torch.isfinite(loss) | (bad & (scale.value <= 1.0))
            self._scale_gradients(gradients, norm, plan.clip_norm, scale)
            factor = plan.schedule(self._state)
            for group, rate in zip(plan.optimizer.param_groups, self._rates[name], strict=True):
                if isinstance(group["lr"], Tensor):
                    group["lr"].fill_(rate * factor)
                else:
                    group["lr"] = rate * factor
            self._step_optimizer(name, bad)
            scale.update(bad)
        self._bad.append(torch.stack([bad, fault]))
        prefix = "" if len(self.plans) == 1 else f"{name}/"
        self._step_values |= {f"{prefix}{term}": mean for term, mean in zip(losses.terms, means.unbind(), strict=True)}
        self._step_values[f"{prefix}loss"] = loss
        self._step_values[f"{prefix}gradient_norm"] = norm
        self._step_values[f"{prefix}learning_rate"] = self._rates[name][0] * factor
        if scale.active:
            self._step_values[f"{prefix}loss_scale"] = scale.value

    def end(self, ids: Sequence[str]) -> dict[str, Tensor | float]:
        """After a step on the utterances `ids`: undo buffers of a bad step; the values to log (still on the device)."""
        assert self._state is not None
        if not self._bad:
            raise UsageError("the model's training_step optimised nothing", "it must call optimize(name, losses)", "")
        flags = torch.stack(self._bad).any(0)
        with torch.no_grad():
            if flags.device.type != "cpu" or bool(flags[0]):
                for saved, buffer in zip(self._saved, self._buffers, strict=True):
                    buffer.copy_(torch.where(flags[0], saved, buffer))
        self._flags.append((self._state.step, tuple(ids), flags))
        return self._step_values

    def check(self) -> list[tuple[int, tuple[str, ...], bool]]:
        """Read the flags of the steps since the last check: (step, ids, whether it is a fault) of those skipped.

        Raises:
            TrainingError: `max_nonfinite` faults in a row.
        """
        if not self._flags:
            return []
        read = torch.stack([flag for _, _, flag in self._flags]).tolist()
        skipped = []
        for (step, ids, _), (bad, fault) in zip(self._flags, read, strict=True):
            self.in_a_row = self.in_a_row + 1 if fault else 0 if not bad else self.in_a_row
            if bad:
                skipped.append((step, ids, fault))
            if self.in_a_row >= self.max_nonfinite:
                self._flags = []
                last = [f"step {s + 1}: {', '.join(i[:6])}{' …' if len(i) > 6 else ''}" for s, i, f in skipped[-3:] if f]
                raise TrainingError(
                    f"loss or gradient was not finite {self.in_a_row} steps in a row, up to step {step + 1}",
                    "\n".join(["parameters were not moved by these steps; the last ones:", *last]),
                    "lower the learning rate, or continue an earlier checkpoint with precision fp32",
                )
        self._flags = []
        return skipped

    def state(self) -> dict[str, Any]:
        """For the checkpoint: plain tensors and numbers."""
        return {
            "optimizers": {name: plan.optimizer.state_dict() for name, plan in self.plans.items()},
            "scales": {name: scale.state() for name, scale in self.scales.items()},
            "in_a_row": self.in_a_row,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """What `state` gave."""
        for name, plan in self.plans.items():
            saved = state["optimizers"][name]
            groups = [
                {**group, **{key: now[key] for key in _DEVICE_KEYS if key in now}}
                for group, now in zip(saved["param_groups"], plan.optimizer.param_groups, strict=True)
            ]
            plan.optimizer.load_state_dict({**saved, "param_groups": groups})
            self.scales[name].restore(state["scales"][name])
        self.in_a_row = int(state["in_a_row"])

    def _reduce(self, losses: Losses) -> tuple[Tensor, Tensor]:
        """Totals and counts of the terms (K,) summed over processes, in fp64 where the device has it."""
        device = self._processes.device
        wide = torch.float32 if device.type == "mps" else torch.float64
        totals = [t.total.detach().to(device, wide) for t in losses.terms.values()]
        counts = [torch.as_tensor(t.count, dtype=wide, device=device) for t in losses.terms.values()]
        both = self._processes.sum(torch.stack([*totals, *counts])).float()
        return both[: len(totals)], both[len(totals) :].clamp_min(LEAST_COUNT)

    def _scale_gradients(self, gradients: list[Tensor], norm: Tensor, clip_norm: float | None, scale: LossScale) -> None:
        """Undo the loss scale and limit the norm, in one multiplication."""
        if clip_norm is None and not scale.active:
            return
        factor = 1.0 / scale.value
        if clip_norm is not None:
            factor = factor * (clip_norm / (norm + 1e-6)).clamp_max(1.0)
        torch._foreach_mul_(gradients, factor)

    def _step_optimizer(self, name: str, bad: Tensor) -> None:
        optimizer = self.plans[name].optimizer
        how = self._skip[name]
        if how == "fused":
            optimizer.grad_scale, optimizer.found_inf = None, bad.float()
            optimizer.step()
            del optimizer.grad_scale, optimizer.found_inf
            return
        moving = [p for p in self._parameters[name] if p.grad is not None]
        if how == "host" or not _on_device(optimizer, moving):
            if not bool(bad):
                optimizer.step()
            return
        before = [(p, p.detach().clone(), {k: v.clone() for k, v in optimizer.state[p].items()}) for p in moving]
        optimizer.step()
        for parameter, value, moments in before:
            parameter.copy_(torch.where(bad, value, parameter))
            for key, moment in moments.items():
                now = optimizer.state[parameter][key]
                now.copy_(torch.where(bad, moment, now))


def _parameters_of(plan: OptimizerPlan) -> list[Tensor]:
    return [p for group in plan.optimizer.param_groups for p in group["params"]]


def _way_to_skip(optimizer: torch.optim.Optimizer, device: torch.device) -> str:
    groups = optimizer.param_groups
    if device.type == "cpu":
        return "host"
    if all(g.get("fused") for g in groups) and getattr(optimizer, "_step_supports_amp_scaling", False):
        return "fused"
    if device.type == "cuda":
        for group in groups:  # keeps the step count on the device, where a skipped step can take it back
            if "capturable" in group:
                group["capturable"] = True
        return "restore"
    return "host"


def _on_device(optimizer: torch.optim.Optimizer, parameters: Sequence[Tensor]) -> bool:
    """Whether every parameter has moments already and all of them lie beside it (so that they can be chosen there)."""
    return all(
        optimizer.state.get(p) and all(isinstance(v, Tensor) and v.device == p.device for v in optimizer.state[p].values())
        for p in parameters
    )
