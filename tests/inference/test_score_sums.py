"""Scores over blocks and their products, against explicit sums over the rows."""

import numpy as np
import pytest

import dense
from engine import make_problem, minimum
from pureneuron.inference import Blocks
from pureneuron.inference.information import information
from pureneuron.inference.leverage import Leverage
from pureneuron.inference.score_sums import block_scores, score_products

CASES = {
    "plain": {},
    "weights": {"weighted": True},
    "biases": {"fit_hidden_bias": True, "fit_intercept": True},
    "all": {"weighted": True, "fit_hidden_bias": True, "fit_intercept": True, "slope": 0.3},
}


def fitted(seed, *, weighted=False, **options):
    n = options.pop("n", 200)
    weight = np.random.default_rng(seed).uniform(0.2, 3.0, n) if weighted else None
    problem, teacher = make_problem(seed, n=n, weight=weight, **options)
    return minimum(problem, teacher)


def parameters(fit):
    return fit.point.W, fit.point.A, fit.problem.activation


def flattened(sums, n_blocks):
    parts = [sums[f"of {name}"].reshape(n_blocks, -1) for name in ("A", "W", "slope")]
    return np.hstack(parts)


@pytest.mark.parametrize("fits_slope", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_sums_over_blocks(case, fits_slope):
    fit = fitted(1, **CASES[case])
    rows = dense.Rows.of(fit.problem)
    scores = dense.scores(fit, rows, fits_slope=fits_slope)
    blocks = Blocks(7, "order", 28)
    number = np.minimum(np.arange(200) // 28, 6)
    wanted = np.array([scores[number == b].sum(axis=0) for b in range(7)])
    sums = fit.problem.samples.reduce(block_scores, blocks, *parameters(fit), fits_slope)
    assert flattened(sums, 7) == pytest.approx(wanted, abs=1e-7)


@pytest.mark.parametrize("fits_slope", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_products(case, fits_slope):
    fit = fitted(2, **CASES[case])
    scores = dense.scores(fit, dense.Rows.of(fit.problem), fits_slope=fits_slope)
    found = fit.problem.samples.reduce(score_products, *parameters(fit), fits_slope)["products"]
    wanted = scores.T @ scores
    assert found == pytest.approx(wanted, abs=1e-7 * np.abs(wanted).max())


@pytest.mark.parametrize("fits_slope", [False, True])
@pytest.mark.parametrize("case", CASES)
class TestJackknife:
    """Rows, or blocks, that decide much count more."""

    def test_rows(self, case, fits_slope):
        fit = fitted(4, n=60, **CASES[case])
        leverage = Leverage.of(fit, information(fit), 60)
        asked = (*parameters(fit), fits_slope, leverage)
        rows = dense.Rows.of(fit.problem)
        scores, decided = dense.jackknifed(fit, rows, np.arange(60), fits_slope=fits_slope)
        found = fit.problem.samples.reduce(score_products, *asked)
        assert found["products"] == pytest.approx(scores.T @ scores, rel=1e-6, abs=1e-7)
        assert found["decided"] == pytest.approx(decided, abs=1e-9)

    @pytest.mark.parametrize("known", [True, False])
    def test_blocks(self, case, fits_slope, known):
        fit, blocks = fitted(5, n=60, **CASES[case]), Blocks(12, "order", 5)
        leverage = Leverage.of(fit, information(fit) if known else None, 12)
        asked = (blocks, *parameters(fit), fits_slope, leverage)
        sums = fit.problem.samples.reduce(block_scores, *asked)
        of_A, of_W, decided = leverage.jackknifed(
            sums["of A"], sums["of W"], sums["V"], sums["strengths"]
        )
        found = flattened(sums | {"of A": of_A, "of W": of_W}, 12)
        rows, number = dense.Rows.of(fit.problem), np.arange(60) // 5
        wanted, most = dense.jackknifed(fit, rows, number, fits_slope=fits_slope)
        assert most.max() < 0.9
        assert found == pytest.approx(wanted, rel=1e-6, abs=1e-7)
        bounded = most <= 0.5
        assert decided[~bounded] == pytest.approx(most[~bounded], abs=1e-9)
        assert np.all(most[bounded] <= decided[bounded] + 1e-9)


def test_many_rows_decide_nothing_alone():
    fit = fitted(5, n=5000)
    assert Leverage.of(fit, information(fit), 5000) is None
    assert Leverage.of(fit, information(fit), 50) is not None


@pytest.mark.parametrize("case", CASES)
def test_scores_add_up_to_nothing_at_a_minimum(case):
    fit = fitted(3, **CASES[case])
    blocks = Blocks(5, "order", 40)
    sums = fit.problem.samples.reduce(block_scores, blocks, *parameters(fit), False)
    scores = flattened(sums, 5)
    # A descent ends where what is left is a small share of what chance makes of it.
    assert np.all(np.abs(scores.sum(axis=0)) < 0.05 * np.linalg.norm(scores, axis=0))
    # A is the best there is for W, which is of unit length: rescaling gains nothing.
    of_W = sums["of W"].sum(axis=0)
    assert np.abs(np.sum(of_W * fit.point.W, axis=1)).max() < 1e-12
    assert np.abs(sums["of A"].sum(axis=0)).max() < 1e-12
