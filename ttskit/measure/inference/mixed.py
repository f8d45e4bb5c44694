"""The linear mixed model beside the two-way interval: systems fixed; run, sentence and speaker random.

Fitted by restricted maximum likelihood with statsmodels (extra `study`). Where some trials are missing it uses those that the
two-way layout leaves out, and it says how much each source varies. Runs are few: intervals use t with the degrees of freedom
of the runs, as a plain normal quantile covers too little (Luke 2017).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy import stats as distributions

from ttskit.errors import InputError, TTSKitError
from ttskit.measure.inference.estimates import About, Estimate, contrast
from ttskit.measure.inference.trials import Trials

__all__ = ["MixedModel", "contrast_mixed", "fit_mixed", "statsmodels_here"]


@dataclass(frozen=True)
class MixedModel:
    """A fitted model.

    Args:
        systems: in the order of `means`.
        means: (K,) of each system; of the logarithms where `log`.
        covariance: (K, K) of the means.
        variances: of "run", "sentence", "speaker", "sentence × system" and "residual", those that the trials have.
        runs: of each system.
        sentences: of all systems.
        log: whether values were taken as logarithms; contrasts are then ratios of systems, as logarithms.
    """

    systems: tuple[str, ...]
    means: np.ndarray
    covariance: np.ndarray
    variances: Mapping[str, float]
    runs: Mapping[str, int]
    sentences: int
    log: bool

    def contrast(self, coefficients: Mapping[str, float], *, confidence: float = 0.95) -> Estimate:
        """Σ coefficient × mean with its interval.

        Raises:
            InputError: a system that the model has not, or no coefficient.
        """
        used = {name: float(c) for name, c in coefficients.items() if c}
        unknown = [name for name in used if name not in self.systems]
        if unknown or not used:
            known = ", ".join(self.systems)
            raise InputError(f"no numbers of {', '.join(unknown) or 'any system'}", f"the model has {known}", "name these")
        vector = np.array([used.get(name, 0.0) for name in self.systems])
        value, se = float(vector @ self.means), float(np.sqrt(vector @ self.covariance @ vector))
        several = all(self.runs[name] > 1 for name in used)
        free = float(sum(self.runs[name] - 1 for name in used)) if several else float(self.sentences - 1)
        half = float(distributions.t.ppf((1 + confidence) / 2, free)) * se
        about: About = "models" if several else "these trainings"
        chance = float(2 * distributions.t.sf(abs(value) / se, free))
        fewest = min(self.runs[name] for name in used)
        method = "mixed model of logarithms" if self.log else "mixed model"
        return Estimate(value, value - half, value + half, se, free, confidence, fewest, self.sentences, method, chance, about)


def statsmodels_here() -> bool:
    """Whether statsmodels, the extra `study`, is installed."""
    return find_spec("statsmodels") is not None


def fit_mixed(trials: Trials, *, log: bool = False) -> MixedModel:
    """Fit the model to all systems of the trials. Weights have no part in it: it is for measures that count each trial once.

    Args:
        log: take logarithms of the values first, for what varies by factors (times, durations).

    Raises:
        TTSKitError: statsmodels is not installed, or the fit did not converge to a proper model.
        InputError: nothing random to estimate (fewer than two sentences), or values that have no logarithm.
    """
    if not statsmodels_here():
        raise TTSKitError("mixed models need statsmodels", "it is not installed", "pip install 'ttskit[study]'")
    if log and (trials.value <= 0).any():
        raise InputError("values without logarithm", f"{int((trials.value <= 0).sum())} are not above 0", "leave out log=True")
    if len(trials.sentences) < 2:
        raise InputError("a mixed model of one sentence", "sentences are drawn at random", "use two sentences or more")
    given = trials.mapped(np.log) if log else trials
    import_module("statsmodels.regression.mixed_linear_model")  # sets filters of warnings of its own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they warn of is looked at below
        try:
            return _fitted(given, log)
        except (np.linalg.LinAlgError, ValueError, ZeroDivisionError) as error:
            raise TTSKitError("the mixed model cannot be fitted", f"{type(error).__name__}: {error}", _FIX) from error


_FIX = "take the two-way interval (`contrast`)"


def contrast_mixed(
    trials: Trials, coefficients: Mapping[str, float], *, log: bool = False, confidence: float = 0.95
) -> Estimate:
    """A contrast by the mixed model, or, where there is none, by the two-way interval with a note that says why.

    Raises:
        InputError: as `contrast`; values that have no logarithm.
    """
    chosen = trials.where(np.isin(trials.system, [name for name, c in coefficients.items() if c]))
    try:
        return fit_mixed(chosen, log=log).contrast(coefficients, confidence=confidence)
    except InputError:
        raise
    except TTSKitError as error:
        plain = trials.mapped(np.log) if log else trials
        return replace(contrast(plain, coefficients, confidence=confidence), note=f"{error.what}: {error.why}".rstrip(": "))


def _fitted(trials: Trials, log: bool) -> MixedModel:
    from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

    systems = trials.systems
    fixed = np.array([[float(name == own) for name in systems] for own in trials.system])
    random = _random(trials)
    names = list(random)
    matrices, columns = [], []
    for name in names:
        levels = list(dict.fromkeys(random[name]))
        place = {level: i for i, level in enumerate(levels)}
        matrix = np.zeros((len(trials), len(levels)))
        matrix[np.arange(len(trials)), [place[level] for level in random[name]]] = 1.0
        matrices.append(matrix)
        columns.append([f"{name} {i}" for i in range(len(levels))])
    spec = VCSpec(names, [[c] for c in columns], [[m] for m in matrices])
    scale = float(trials.value.std()) or 1.0
    model = MixedLM(trials.value / scale, fixed, groups=np.zeros(len(trials)), exog_vc=spec)
    # Gradients vanish where a variance is 0, and L-BFGS then says that it converged a good way off: no gradients.
    result: Any = model.fit(reml=True, method=["powell", "nm"])
    covariance = np.asarray(result.cov_params())[: len(systems), : len(systems)] * scale**2
    spread = np.sqrt(np.diag(covariance))
    if not result.converged or not np.isfinite(spread).all() or not (spread > 0).all():
        raise ValueError("it did not converge")
    variances = {name: float(v) * scale**2 for name, v in zip(names, result.vcomp, strict=True)}
    variances["residual"] = float(result.scale) * scale**2
    runs = {name: len(trials.runs(name)) for name in systems}
    means = np.asarray(result.fe_params, float) * scale
    return MixedModel(tuple(systems), means, covariance, variances, runs, len(trials.sentences), log)


def _random(trials: Trials) -> dict[str, list[tuple[str, ...]]]:
    """What is drawn at random, and each trial's level of it."""
    system, run, sentence, speaker = (
        column.tolist() for column in (trials.system, trials.run, trials.sentence, trials.speaker)
    )
    found: dict[str, list[tuple[str, ...]]] = {}
    several = [name for name in trials.systems if len(trials.runs(name)) > 1]
    if several:
        found["run"] = list(zip(system, run, strict=True))
    found["sentence"] = [(s,) for s in sentence]
    if len(set(speaker)) > 1:
        found["speaker"] = [(s,) for s in speaker]
    if several and len(trials.systems) > 1:
        found["sentence × system"] = list(zip(sentence, system, strict=True))
    return found
