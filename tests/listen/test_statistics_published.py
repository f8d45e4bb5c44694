"""Published results recomputed, and what other programs compute of the same numbers."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy import stats as distributions

from ttskit_listen.statistics.effects import crossed, fit, of_pairs
from ttskit_listen.statistics.ordinal import fit_ordinal
from ttskit_listen.statistics.reliability import agreement, icc
from ttskit_listen.statistics.strengths import strengths

# Bitterness of wine (Randall 1989, table 5): 8 bottles (cold and warm, each twice without and twice with contact) × 9 judges.
WINE = np.array(
    [
        [2, 1, 2, 3, 2, 3, 1, 2, 1],
        [3, 2, 3, 2, 3, 2, 1, 2, 2],
        [3, 1, 3, 3, 4, 3, 2, 2, 3],
        [4, 3, 2, 2, 3, 2, 2, 3, 2],
        [4, 2, 5, 3, 3, 2, 2, 3, 3],
        [4, 3, 5, 2, 3, 4, 3, 3, 2],
        [5, 5, 4, 5, 3, 5, 2, 3, 4],
        [5, 4, 4, 3, 3, 4, 3, 4, 4],
    ]
)
BOTTLES = np.repeat(np.arange(8), 9)
JUDGES = np.tile(np.arange(9), 8)
TREATED = np.column_stack([BOTTLES >= 4, BOTTLES % 4 >= 2]).astype(float)
# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", C: 4 observers × 12 units, 0 for none.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ],
    float,
).T
KRIPPENDORFF[KRIPPENDORFF == 0] = np.nan
# Shrout & Fleiss (1979), table 2: 6 targets × 4 judges.
SHROUT = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
# Agresti, Categorical Data Analysis, 2nd ed., table 10.10: wins of the row's team over the column's, 13 games each pair.
TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
WINS = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ]
)


def test_the_ordinal_model_of_the_wine_is_the_published_one():
    """Christensen's tutorial of cumulative link mixed models: rating ~ temp + contact, judges random, Laplace."""
    found = fit_ordinal(WINE.ravel() - 1, TREATED, [crossed("judge", JUDGES.tolist())])
    assert found.beta == pytest.approx([3.063, 1.835], abs=6e-4)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx([0.5954, 0.5125], abs=3e-4)
    assert found.thresholds == pytest.approx([-1.624, 1.513, 4.229, 6.089], abs=7e-4)
    assert found.sd["judge"] == pytest.approx(math.sqrt(1.279), abs=6e-4)
    assert found.loglik == pytest.approx(-81.57, abs=6e-3)


def test_the_ordinal_model_without_random_effects_is_that_of_statsmodels():
    model = pytest.importorskip("statsmodels.miscmodels.ordinal_model").OrderedModel
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = model(WINE.ravel(), TREATED, distr="logit").fit(method="bfgs", disp=False, maxiter=500, gtol=1e-8)
    found = fit_ordinal(WINE.ravel() - 1, TREATED, [])
    assert found.beta == pytest.approx(theirs.params[:2], abs=1e-3)
    assert found.loglik == pytest.approx(theirs.llf, abs=1e-5)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(theirs.bse[:2], rel=1e-2)


def test_laplace_is_near_the_integral_itself():
    """The integral over each judge on a fine grid: Laplace is published to be within 0.05 of its log likelihood here."""
    found = fit_ordinal(WINE.ravel() - 1, TREATED, [crossed("judge", JUDGES.tolist())])
    u = np.linspace(-7, 7, 2001) * found.sd["judge"]
    edges = np.concatenate([[-np.inf], found.thresholds, [np.inf]])
    total = 0.0
    for judge in range(9):
        own = judge == JUDGES
        eta = (TREATED[own] @ found.beta)[:, None] + u
        answers = WINE.ravel()[own]
        chance = 1 / (1 + np.exp(-(edges[answers][:, None] - eta))) - 1 / (1 + np.exp(-(edges[answers - 1][:, None] - eta)))
        total += math.log(np.trapezoid(chance.prod(0) * distributions.norm.pdf(u, scale=found.sd["judge"]), u))
    assert found.loglik == pytest.approx(total, abs=0.06)
    assert found.loglik != pytest.approx(total, abs=1e-6)


def test_the_gradient_of_the_ordinal_likelihood_is_its_slope():
    from ttskit_listen.statistics import ordinal

    random = [crossed("judge", JUDGES.tolist()), crossed("bottle", BOTTLES.tolist())]
    for symmetric, fixed in ((False, TREATED), (True, np.column_stack([np.ones(72), TREATED]))):
        work = ordinal._Likelihood(WINE.ravel() - 1, fixed, random, ordinal._thresholds(5, symmetric))
        start = work.start(symmetric)
        at = start + np.linspace(-0.2, 0.3, start.size)
        step = 1e-5 * np.eye(at.size)
        slopes = [(work.loss(at + s)[0] - work.loss(at - s)[0]) / 2e-5 for s in step]
        assert work.loss(at)[1] == pytest.approx(slopes, abs=1e-5)


def test_alpha_of_krippendorffs_example():
    published = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}
    for level, value in published.items():
        found = agreement(KRIPPENDORFF, level)
        assert found.value == pytest.approx(value, abs=5e-4)
        assert found.low < found.value < found.high
        assert found.high <= 1
    assert agreement(KRIPPENDORFF, "ordinal") == agreement(KRIPPENDORFF, "ordinal")  # the bootstrap is seeded


def test_intraclass_correlations_of_shrout_and_fleiss():
    found = icc(SHROUT)
    assert (found["one"].value, found["mean"].value) == pytest.approx((0.29, 0.62), abs=5e-3)
    assert (found["one"].low, found["one"].high) == pytest.approx((0.0188, 0.7611), abs=1e-4)
    assert (found["mean"].low, found["mean"].high) == pytest.approx((0.0711, 0.9272), abs=1e-4)


def test_strengths_of_the_baseball_teams():
    rows = [(TEAMS[i], TEAMS[j]) for i in range(7) for j in range(7) for _ in range(WINS[i, j])]
    found = strengths(TEAMS, [a for a, _ in rows], [b for _, b in rows], [1.0] * len(rows))
    assert (found.values - found.values[6])[:6] == pytest.approx([1.58, 1.44, 1.29, 1.25, 1.11, 0.68], abs=5e-3)
    assert found.values.sum() == pytest.approx(0, abs=1e-12)
    covariance = found.covariance
    errors = [math.sqrt(covariance[i, i] + covariance[6, 6] - 2 * covariance[i, 6]) for i in range(6)]
    assert np.round(errors, 1).tolist() == [0.3] * 6  # "standard errors about 0.3"


def test_half_wins_are_a_tie():
    rows = [("a", "b", 1.0)] * 6 + [("a", "b", 0.0)] * 2 + [("a", "b", 0.5)] * 4
    found = strengths(["a", "b"], *map(list, zip(*rows, strict=True)))
    assert found.values[0] - found.values[1] == pytest.approx(math.log(8 / 4))


def test_the_mixed_model_is_that_of_statsmodels():
    module = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    rng = np.random.default_rng(3)
    listener, sentence = np.repeat(np.arange(12), 8), np.tile(np.arange(8), 12)
    y = 0.4 + rng.normal(0, 0.6, 12)[listener] + rng.normal(0, 0.5, 8)[sentence] + rng.normal(0, 1, 96)
    kept = rng.random(96) < 0.8  # unbalanced
    listener, sentence, y = listener[kept], sentence[kept], y[kept]
    found = fit(y, np.ones((y.size, 1)), [crossed("listener", listener.tolist()), crossed("sentence", sentence.tolist())])
    matrices = [(own[:, None] == np.arange(own.max() + 1)).astype(float) for own in (listener, sentence)]
    names = [[f"{k}{i}" for i in range(m.shape[1])] for k, m in enumerate(matrices)]
    spec = module.VCSpec(["listener", "sentence"], [[n] for n in names], [[m] for m in matrices])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = module.MixedLM(y, np.ones((y.size, 1)), groups=np.zeros(y.size), exog_vc=spec)
        theirs = model.fit(reml=True, method=["powell", "nm"])
    assert found.beta[0] == pytest.approx(theirs.fe_params[0], abs=1e-4)
    assert math.sqrt(found.covariance[0, 0]) == pytest.approx(theirs.bse_fe[0], rel=1e-3)
    assert [found.variances[n] for n in ("listener", "sentence")] == pytest.approx(theirs.vcomp, rel=5e-3)
    assert found.loglik == pytest.approx(theirs.llf, abs=1e-3)


def test_balanced_answers_give_students_interval_of_the_listeners_means():
    """With one random source the exact interval is that of t over its levels: 7 degrees of freedom."""
    rng = np.random.default_rng(4)
    table = rng.normal(0, 2, (8, 1)) + rng.normal(0, 1, (8, 6))
    fitted = fit(table.ravel(), np.ones((48, 1)), [crossed("listener", np.repeat(np.arange(8), 6).tolist())])
    spread, means = fitted.spread(np.ones(1)), table.mean(1)
    exact = distributions.t.interval(0.95, 7, means.mean(), means.std(ddof=1) / math.sqrt(8))
    assert fitted.beta[0] == pytest.approx(means.mean())
    assert spread.alone[0][1] == 7
    assert spread.half(0.95) == pytest.approx((exact[1] - exact[0]) / 2, rel=1e-3)
    assert spread.p(means.mean()) == pytest.approx(distributions.ttest_1samp(means, 0).pvalue, rel=5e-3)


def test_a_difference_of_two_levels_counts_once():
    """`of_pairs` of one pair of systems says what `crossed` says, in the same unit: the variance of a difference."""
    rng = np.random.default_rng(5)
    who = np.repeat(np.arange(10), 5).tolist()
    y = np.repeat(rng.normal(0, 1, 10), 5) + rng.normal(0, 1, 50)
    one = fit(y, np.ones((50, 1)), [crossed("listener", who)])
    two = fit(y, np.ones((50, 1)), [of_pairs("listener", [(w, "a") for w in who], [(w, "b") for w in who])])
    assert two.variances["listener"] == pytest.approx(one.variances["listener"], rel=1e-5)


def test_sources_that_cannot_be_told_apart_fall_away():
    rng = np.random.default_rng(6)
    who = np.repeat(np.arange(6), 4).tolist()
    extra = [crossed("all", [0] * 24), crossed("each", list(range(24))), crossed("same", [f"x{w}" for w in who])]
    found = fit(rng.normal(0, 1, 24), np.ones((24, 1)), [crossed("listener", who), *extra])
    assert list(found.variances) == ["listener", "residual"]


def test_ordinal_alpha_of_many_values_is_that_of_their_ranks(monkeypatch):
    plain = agreement(KRIPPENDORFF, "ordinal")
    monkeypatch.setattr("ttskit_listen.statistics.reliability._MANY", 2)
    assert agreement(KRIPPENDORFF, "ordinal").value == pytest.approx(plain.value, rel=1e-12)
