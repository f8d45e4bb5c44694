"""Optimization: what happens between a model's losses and its changed parameters, for any number of optimisers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ttskit.errors import TrainingError, UsageError
from ttskit.interfaces.trainable import Losses, OptimizerPlan, Trainable, TrainState
from ttskit.training.accumulation import Share, StepBuffers
from ttskit.training.precision import LossScale, Precision
from ttskit.training.processes import Processes

__all__ = ["LEAST_COUNT", "Optimization"]

_DEVICE_KEYS = ("capturable", "fused", "foreach")  # depend on the device, which may change between two sessions of a run
LEAST_COUNT = 1e-12  # a term that counted nothing anywhere has total 0 and stays 0


class Optimization:
    """Holds the plans and is the `optimize(name, losses)` that models call.

    One call: counts of the terms summed over the step's shares (`accumulation`) and over processes, each term under its
    name; backward of Σ local total / global count, share by share; gradients summed over processes; a flag on the device
    whether loss and gradient norm are finite, computed from reduced values only and so equal everywhere; clipping; the
    learning rate of this step; the optimiser's step, which a raised flag turns into nothing: parameters, moments and step
    counts stay as they were, and so do the model's buffers (batch statistics), which the forward pass has already moved.

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
        self.buffers = StepBuffers(model)
        self._state: TrainState | None = None
        self._shares: Sequence[Share] = ()
        self._calls = 0
        self._step_values: dict[str, Tensor | float] = {}
        self._bad: list[Tensor] = []  # per call of this step: (skipped, at fault, counted otherwise than announced)
        self._flags: list[tuple[int, tuple[str, ...], Tensor]] = []
        self.in_a_row = 0

    def begin(self, state: TrainState, shares: Sequence[Share] = ()) -> None:
        """Before a step; `shares` are its further batches, after the one that `training_step` is called with."""
        self._state, self._shares, self._calls = state, shares, 0
        self._step_values, self._bad = {}, []
        self.buffers.begin()

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
        totals, weights, counts, miscounted = self._backward(name, losses, scale)
        gradients = self._processes.sum_gradients(parameters)
        with torch.no_grad():
            factors = torch.tensor(list(weights.values()), dtype=totals.dtype).to(totals.device, non_blocking=True)
            means = totals / counts
            loss = (factors * means).sum()
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
        self._bad.append(torch.stack([bad, fault, miscounted]))
        if self._shares:
            self.buffers.called()
        prefix = "" if len(self.plans) == 1 else f"{name}/"
        self._step_values |= {f"{prefix}{term}": mean for term, mean in zip(weights, means.unbind(), strict=True)}
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
        self._agreed("", {})
        flags = torch.stack(self._bad).any(0)
        with torch.no_grad():
            if flags.device.type != "cpu" or bool(flags[0]):
                self.buffers.undo(flags[0])
        self._flags.append((self._state.step, tuple(ids), flags))
        return self._step_values

    def check(self) -> list[tuple[int, tuple[str, ...], bool]]:
        """Read the flags of the steps since the last check: (step, ids, whether it is a fault) of those skipped.

        Raises:
            TrainingError: `max_nonfinite` faults in a row; counts that were announced wrongly (`Trainable.loss_counts`).
        """
        if not self._flags:
            return []
        read = torch.stack([flag for _, _, flag in self._flags]).tolist()
        skipped = []
        for (step, ids, _), (bad, fault, miscounted) in zip(self._flags, read, strict=True):
            if miscounted:
                raise TrainingError(
                    f"the model's loss terms counted otherwise than announced at step {step + 1}",
                    "gradients of several batches were divided by other counts than those of their losses",
                    "mend the model's loss_counts, or leave it out; or train with training.accumulate: 1",
                )
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

    def _backward(self, name: str, losses: Losses, scale: LossScale) -> tuple[Tensor, dict[str, float], Tensor, Tensor]:
        """Gradients of all shares of this process, of Σ weight · total / count with the counts of all shares and processes.

        Returns:
            Totals (K,) over shares and processes; the terms' weights, by name in the order of K; their counts (K,); whether
            a share counted otherwise than announced (scalar bool).
        """
        call, self._calls = self._calls, self._calls + 1
        announced = [{term: loss.count for term, loss in losses.terms.items()}]
        announced += [share.counts(name, call) for share in self._shares]
        weights: dict[str, float | None] = {term: None for counts in announced for term in counts}
        weights = self._agreed(name, weights | {term: float(loss.weight) for term, loss in losses.terms.items()})
        local = self._summed(announced, weights)
        counts = self._processes.sum(local.clone()).float().clamp_min(LEAST_COUNT)
        divisors = dict(zip(weights, counts.unbind(), strict=True))

        totals, counted, made = [], [], []
        for k in range(1 + len(self._shares)):
            if k > 0:
                with self.buffers.apart() as moved:
                    losses = self._shares[k - 1].losses(name, call)
                made += moved
            self._require(losses, weights, name)
            objective = sum(loss.weight * loss.total / divisors[term] for term, loss in losses.terms.items())
            with self._precision.plain():
                (objective * scale.value if scale.active else objective).backward()
            totals.append({term: loss.total.detach() for term, loss in losses.terms.items()})
            counted.append({term: loss.count for term, loss in losses.terms.items()})
            weights |= {term: float(loss.weight) for term, loss in losses.terms.items()}
            del losses, objective  # and with them the graph, before the next share makes its own
        miscounted = local.new_zeros((), dtype=torch.bool)
        if made:
            self.buffers.average(made)
            otherwise = (self._summed(counted, weights) - local).abs() > 1e-6 * local.abs()
            miscounted = self._processes.sum(otherwise.any().float()) > 0
        sums = self._processes.sum(self._summed(totals, weights)).float()
        return sums, {term: weight or 0.0 for term, weight in weights.items()}, counts, miscounted

    def _summed(self, shares: Sequence[Mapping[str, Tensor | float]], terms: Iterable[str]) -> Tensor:
        """Sum of each term over the shares (K,), in fp64 where the device has it; 0 for a term that a share has not got."""
        device = self._processes.device
        wide = torch.float32 if device.type == "mps" else torch.float64
        numbers = [[torch.as_tensor(s[term], device=device).to(wide) for s in shares if term in s] for term in terms]
        return torch.stack([sum(n[1:], n[0]) if n else torch.zeros((), dtype=wide, device=device) for n in numbers]).detach()

    def _agreed(self, name: str, own: dict[str, float | None]) -> dict[str, float | None]:
        """The terms of a call with their weights, in the same order in all processes.

        They are carried by name: a process whose batch had nothing of a kind may lack a term, which then counts nothing there.

        Args:
            name: the optimiser; "" at the end of a step.

        Raises:
            TrainingError: the processes are not at the same call.
        """
        if self._processes.agree(f"{name}: {list(own)}"):
            return own
        heard = self._processes.gather((name, own))
        if len({there for there, _ in heard}) > 1:
            at = [f"rank {r} optimises {n!r} ({', '.join(t)})" if n else f"rank {r} is done" for r, (n, t) in enumerate(heard)]
            raise TrainingError(
                f"the processes do not optimise the same at step {self._state.step + 1}",
                "\n".join(at),
                "call optimize for the same optimisers in the same order for every batch, with terms of count 0 if need be",
            )
        terms: dict[str, float | None] = {}
        for _, there in heard:
            terms |= {term: weight for term, weight in there.items() if terms.get(term) is None}
        return terms

    @staticmethod
    def _require(losses: Losses, terms: Mapping[str, Any], name: str) -> None:
        if unknown := [term for term in losses.terms if term not in terms]:
            raise TrainingError(
                f"the loss terms of {name!r} are not those announced: {', '.join(unknown)}",
                f"announced: {', '.join(terms)}",
                "mend the model's loss_counts, or leave it out; or train with training.accumulate: 1",
            )

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
