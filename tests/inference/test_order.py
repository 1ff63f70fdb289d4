"""Whether a neuron less would do."""

from dataclasses import replace

import numpy as np
import pytest

from engine import Watched, make_problem, minimum
from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher
from pureneuron.inference import Blocks, first_blocks, hidden_neuron, order, smaller_test
from pureneuron.initialize import random_start
from pureneuron.optimize import Descent, Fit, Limits, least_missed, minimize, profile
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples


def without_one(fit, blocks=None):
    blocks = first_blocks(fit.problem) if blocks is None else blocks
    return smaller_test(fit, blocks, limits=Limits(50), seed=0)


def with_one_more(right, rng):
    """Fit a neuron more, from a few starts."""
    problem = right.problem
    fits = [
        minimize(problem, np.vstack([right.point.W, random_start(problem, 1, rng=rng)]))
        for _ in range(5)
    ]
    return min(fits, key=lambda fit: fit.loss)


def test_a_neuron_that_fits_noise_is_not_missed_and_others_are():
    p_values, gains = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        teacher = make_teacher(5, 3, 5, rng=rng)
        X = rng.standard_normal((2000, 5))
        noise = 0.5 * rng.standard_normal((2000, 5))
        problem = pose(ArraySamples(X, teacher.predict(X) + noise))
        right = minimize(problem, problem.to_white(teacher))
        needed, superfluous = without_one(right), without_one(with_one_more(right, rng))
        assert needed.p_value < 1e-6
        assert needed.gain > 9 * 30.0
        # The fit without it is that of the right number.
        assert superfluous.without.loss == pytest.approx(right.loss, rel=1e-4)
        assert superfluous.without.point.W.shape == (3, 5)
        p_values.append(superfluous.p_value)
        gains.append(superfluous.gain)
    # A chance of 1e-3 each is the level at which one counts as needed.
    assert min(p_values) > 1e-3
    # A neuron has nine unknowns; the best of many places fits noise up to a few times as well.
    assert 0.0 < min(gains)
    assert max(gains) < 5 * 9


@pytest.mark.parametrize(("noise", "negligible"), [(0.3, True), (0.9, False)])
def test_what_hides_is_told_in_units_of_the_weakest_neuron(noise, negligible):
    problem, teacher = make_problem(3, n=1000, noise=noise)
    fit = minimum(problem, teacher)
    k = fit.n_neurons
    # The loss without each neuron, with A refitted.
    without = [profile(problem, np.delete(fit.point.W, a, axis=0)).loss for a in range(k)]
    chi_square = (min(without) - fit.loss) / fit.noise_variance * problem.n_equations
    hidden = hidden_neuron(fit)
    # Three times what each of its unknowns gains by chance.
    assert hidden.share == pytest.approx(3 * (4 + 2 - 1) / chi_square, rel=1e-6)
    assert hidden.effect**2 == pytest.approx(hidden.share)
    assert hidden.is_negligible == negligible
    # With so many times the rows a neuron with a fifth of the effect could not hide.
    assert hidden.share / hidden.more_rows == pytest.approx(0.2**2)


def test_more_can_hide_where_only_the_unit_more_is_fitted(monkeypatch):
    problem, teacher = make_problem(3, n=1000, noise=0.3)
    fit = minimum(problem, teacher)
    few = hidden_neuron(fit).share
    monkeypatch.setattr("pureneuron.inference.order.is_small", lambda problem, k: False)
    assert hidden_neuron(fit).share == pytest.approx(few * 20 / 3)


def test_the_gain_is_in_units_of_the_noise():
    problem, teacher = make_problem(3, n=1000, noise=0.3)
    fit = minimum(problem, teacher)
    test = without_one(fit)
    unknowns = 3 * (4 + 2 - 1)
    variance = fit.loss / (1.0 - unknowns / (2 * 1000))
    assert test.gain == pytest.approx(
        (test.without.loss - fit.loss) * 2 * 1000 / variance, rel=1e-9
    )


@pytest.mark.parametrize("seed", [3, 10])
def test_of_the_fits_without_a_neuron_the_best_counts(seed):
    problem, teacher = make_problem(seed, n=600, k=4, m=1, noise=0.05)
    fit = minimum(problem, teacher)
    left_out = least_missed(fit)[:3]
    losses = [minimize(problem, np.delete(fit.point.W, a, axis=0)).loss for a in left_out]
    assert max(losses) > 2.0 * min(losses)
    assert without_one(fit).without.loss == pytest.approx(min(losses), rel=1e-2)


@pytest.mark.parametrize("intercept", [False, True])
def test_without_the_only_neuron_nothing_is_left(intercept):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 3))
    signal = np.maximum(X @ [1.0, 2.0, -1.0], 0.0)[:, None] + 5.0 * intercept
    noise = 0.5 * rng.standard_normal((500, 1))
    for Y, told in ((signal + noise, True), (noise + 5.0 * intercept, False)):
        problem = pose(ArraySamples(X, Y), fit_intercept=intercept)
        fit = minimize(problem, problem.whitening.to_white(np.array([[1.0, 2.0, -1.0]])))
        test = without_one(fit)
        assert test.without.point.W.shape == (0, 3)
        rest = Y - intercept * Y.mean()
        assert test.without.loss * problem.output_scale**2 == pytest.approx(
            np.mean(rest**2), rel=1e-9
        )
        assert (test.p_value < 1e-6) == told


def test_neurons_are_ordered_by_what_the_loss_grows_without_them():
    problem, teacher = make_problem(2, n=400, k=4, m=3)
    fit = minimum(problem, teacher)
    X, Y, _ = problem.samples.arrays()
    H = np.maximum(X @ fit.point.W.T, 0.0)

    def left(neurons):
        A = np.linalg.lstsq(H[:, neurons], Y, rcond=None)[0]
        return np.sum((Y - H[:, neurons] @ A) ** 2)

    grown = [left([b for b in range(4) if b != a]) for a in range(4)]
    assert list(least_missed(fit)) == list(np.argsort(grown))


def test_a_neuron_that_is_never_on_is_missed_least():
    rng = np.random.default_rng(0)
    X = np.abs(rng.standard_normal((200, 3)))
    W = np.array([[1.0, -1.0, 0.2], [-1.0, -1.0, -1.0], [-0.5, 1.0, 1.0]])
    Y = np.maximum(X @ W.T, 0.0) + 0.1 * rng.standard_normal((200, 3))
    problem = pose(ArraySamples(X, Y))
    point = profile(problem, problem.whitening.to_white(W))
    # Whatever its output weights are.
    fit = Fit(problem, replace(point, A=np.ones((3, 3))), Descent(True, False, (point.loss,)))
    assert least_missed(fit)[0] == 1


def test_noise_that_rows_share_does_not_make_a_neuron_needed():
    # Each row ten times: what a neuron gains by fitting noise seems ten times as much.
    p_values, naive = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        teacher = make_teacher(4, 2, 3, rng=rng)
        X = rng.standard_normal((300, 4))
        Y = teacher.predict(X) + 0.5 * rng.standard_normal((300, 3))
        problem = pose(ArraySamples(np.tile(X, (10, 1)), np.tile(Y, (10, 1))))
        fit = with_one_more(minimize(problem, problem.to_white(teacher)), rng)
        p_values.append(without_one(fit, Blocks(64, "rows")).p_value)
        naive.append(without_one(fit).gain)
    assert min(p_values) > 1e-3
    assert min(naive) > 50.0


def test_some_of_the_rows_show_that_a_neuron_is_needed():
    seen = []
    for seed in range(4):
        problem, teacher = make_problem(seed, n=20_000, d=5, m=5, noise=0.3)
        problem = replace(problem, rows=replace(problem.rows, source=Watched(problem.source, seen)))
        fit = minimum(problem, teacher)
        seen.clear()
        blocks = first_blocks(problem)
        quick = smaller_test(fit, blocks, limits=Limits(50), seed=0, independent=True)
        # Some rows were taken out, and no kernel ran over all of them.
        assert max((n for _, n in seen), default=0) < 20_000
        whole = smaller_test(fit, blocks, limits=Limits(50), seed=0)
        assert quick.p_value < 2.5e-3
        assert whole.p_value < 2.5e-3
        # The gain is put in terms of all rows.
        assert quick.gain == pytest.approx(whole.gain, rel=0.3)


def test_more_of_the_rows_show_that_a_weak_neuron_is_needed(monkeypatch):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((3, 3)) * np.array([1.0, 1.0, 0.1])
    teacher = TwoLayerNetwork(A, rng.standard_normal((3, 5)))
    X = rng.standard_normal((40_000, 5))
    noise = 0.5 * rng.standard_normal((40_000, 3))
    problem = pose(ArraySamples(X, teacher.predict(X) + noise))
    fit = minimum(problem, teacher)
    options = {"limits": Limits(50), "seed": 0, "independent": True}
    asked = smaller_test(fit, first_blocks(problem), **options)
    assert asked.p_value < 1e-3
    assert 500 < asked.without.problem.n_rows <= 20_000
    monkeypatch.setattr(order, "THRESHOLDS", replace(order.THRESHOLDS, looks=1))
    once = smaller_test(fit, first_blocks(problem), **options)
    assert once.p_value < 1e-3
    assert once.without.problem.n_rows == 40_000
    assert asked.gain == pytest.approx(once.gain, rel=0.5)


def test_a_neuron_that_some_rows_do_not_show_to_be_needed_is_asked_of_all():
    rng = np.random.default_rng(0)
    problem, teacher = make_problem(0, n=20_000, noise=0.3)
    fit = with_one_more(minimum(problem, teacher), rng)
    options = {"limits": Limits(50), "seed": 0}
    asked = smaller_test(fit, first_blocks(problem), independent=True, **options)
    whole = smaller_test(fit, first_blocks(problem), **options)
    assert asked.p_value == whole.p_value > 5e-3
    assert asked.without.problem.n_rows == 20_000
