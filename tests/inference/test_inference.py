import numpy as np
import pytest
from scipy.stats import norm

from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.inference import (
    determinacy,
    draw_probes,
    drop_one_gain,
    odd_part_test,
    residual_test,
    symmetry_test,
    unit_diagnostics,
)
from pureneuron.initialize import random_start
from pureneuron.model import TwoLayerNetwork, unit_rows
from pureneuron.optimize import Limits, minimize
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.spectral import linear_part


def residual_tested(problem, W, A, *, seed):
    probes = draw_probes(problem.n_inputs, rng=np.random.default_rng(seed))
    return residual_test(problem, W, A, probes)


def undetermined(fit):
    return determinacy(fit, rng=np.random.default_rng(0)).undetermined


@pytest.mark.parametrize("law", ["gaussian", "rademacher", "student_t3", "laplace", "mixture"])
def test_symmetric_inputs_pass(law):
    p_values = []
    for seed in range(20):
        X = symmetric_inputs(500, 4, law, rng=seed)
        p_values.append(symmetry_test(pose(ArraySamples(X, X))).p_value)
    assert min(p_values) > 1e-4
    assert min(p_values) < 1.0


def test_mirrored_inputs_pass_exactly():
    X = np.random.default_rng(0).exponential(size=(200, 3))
    X = np.vstack([X, -X])
    assert symmetry_test(pose(ArraySamples(X, X))).statistic < 1e-12


@pytest.mark.parametrize("mean", [0.0, 1.0])
def test_skewed_inputs_fail_with_and_without_a_mean(mean):
    X = np.random.default_rng(0).exponential(size=(2000, 3)) - 1.0 + mean
    assert symmetry_test(pose(ArraySamples(X, X))).is_rejected


def test_weights_may_be_in_any_unit():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((300, 3)) + 0.1
    weight = rng.lognormal(size=300)
    one, other = (
        symmetry_test(pose(ArraySamples(X, X, unit * weight))).statistic for unit in (1.0, 1e6)
    )
    assert one == pytest.approx(other)


def fitted(seed, *, noise=0.5, n=5000, counts=None):
    rng = np.random.default_rng(seed)
    teacher = make_teacher(4, 3, 4, rng=rng)
    X = rng.standard_normal((n, 4))
    Y = teacher.predict(X) + noise * rng.standard_t(5, (n, 4))
    problem = pose(ArraySamples(X, Y, counts))
    return problem, problem.to_white(teacher), teacher.A / problem.output_scale


def test_true_networks_leave_no_dependence():
    statistics = []
    for seed in range(20):
        problem, W, A = fitted(seed)
        fit = residual_tested(problem, W, A, seed=seed)
        assert not fit.is_rejected
        statistics.append(fit.statistic)
    # The largest of 64 × 4 scores, many of them correlated: if they were standardised wrongly it
    # would not lie where the largest of some dozens of normal variables lies.
    assert 2.0 < np.median(statistics) < 3.5


def test_unit_that_fits_noise_gains_little_and_others_much():
    rng = np.random.default_rng(4)
    teacher = make_teacher(5, 3, 5, rng=rng)
    X = rng.standard_normal((2000, 5))
    problem = pose(ArraySamples(X, teacher.predict(X) + 0.5 * rng.standard_normal((2000, 5))))
    right = minimize(problem, problem.to_white(teacher))
    extra = min(
        (
            minimize(problem, np.vstack([right.point.W, random_start(problem, 1, rng=rng)]))
            for _ in range(5)
        ),
        key=lambda fit: fit.loss,
    )
    assert drop_one_gain(right, limits=Limits(50)) > 30.0
    assert 0.0 < drop_one_gain(extra, limits=Limits(50)) < 5.0


def test_few_distinct_inputs_leave_weights_undetermined():
    rng = np.random.default_rng(5)
    X = rng.choice([-1.0, 1.0], size=(2000, 3))  # four lines through zero, whatever the rows
    W = unit_rows(rng.standard_normal((3, 3)))
    problem = pose(ArraySamples(X, np.maximum(X @ W.T, 0.0).sum(axis=1, keepdims=True)))
    assert undetermined(minimize(problem, W)) > 0
    X = rng.standard_normal((2000, 3))
    problem = pose(ArraySamples(X, np.maximum(X @ W.T, 0.0).sum(axis=1, keepdims=True)))
    assert undetermined(minimize(problem, problem.whitening.to_white(W))) == 0


def test_a_direction_that_only_noise_shows_is_undetermined():
    # Two neurons that nearly coincide: their sum is certain, and what belongs to which is not.
    rng = np.random.default_rng(8)
    W = unit_rows(rng.standard_normal((3, 4)))
    W[1] = unit_rows(W[:1] + 0.03 * W[1:2])[0]
    X = rng.standard_normal((2000, 4))
    clean = np.maximum(X @ W.T, 0.0) @ rng.standard_normal((3, 5))
    for noise, told in ((1.0, False), (0.01, True)):
        problem = pose(ArraySamples(X, clean + noise * rng.standard_normal(clean.shape)))
        fit = minimize(problem, problem.whitening.to_white(W))
        assert (undetermined(fit) == 0) == told


@pytest.mark.parametrize("law", ["gaussian", "mixture", "student_t3", "rademacher"])
def test_the_odd_part_of_a_network_is_linear(law):
    least = 1.0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        teacher = make_teacher(5, 3, 4, rng=rng)
        teacher = TwoLayerNetwork(teacher.A, teacher.W, negative_slope=0.2 * (seed % 2))
        X = symmetric_inputs(1000, 5, law, rng=rng)
        Y = teacher.predict(X) + 0.1 * rng.standard_normal((1000, 4))
        weight = rng.exponential(size=1000) if seed % 3 == 0 else None
        problem = pose(ArraySamples(X, Y, weight))
        W = problem.to_white(teacher)
        least = min(least, odd_part_test(problem, linear_part(problem), W).p_value)
    assert least > 1e-4


@pytest.mark.parametrize("kind", ["biases", "sigmoids"])
def test_biases_and_sigmoids_bend_the_odd_part(kind):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5000, 5))
    teacher = make_teacher(5, 3, 3, rng=rng)
    H = X @ teacher.W.T
    Y = np.maximum(H + 0.7, 0.0) if kind == "biases" else np.tanh(2.0 * H)
    problem = pose(ArraySamples(X, Y + 0.1 * rng.standard_normal(Y.shape)))
    assert odd_part_test(problem, linear_part(problem), problem.to_white(teacher)).is_rejected


@pytest.mark.parametrize("seed", range(6))
def test_rounding_does_not_pass_for_curvature(seed):
    # Six units span all functions on four points: nothing is left of the projected matrix.
    X = np.random.default_rng(0).choice([-1.0, 1.0], (400, 2))
    rng = np.random.default_rng(seed)
    teacher = TwoLayerNetwork(rng.standard_normal((2, 6)), rng.standard_normal((6, 2)))
    problem = pose(ArraySamples(X, teacher.predict(X)))
    assert undetermined(minimize(problem, problem.to_white(teacher))) > 0


def test_missing_neurons_show_in_the_residual():
    problem, W, A = fitted(0)
    assert residual_tested(problem, W[:2], A[:, :2], seed=0).is_rejected


def test_missing_neurons_show_in_the_residual_among_many_inputs():
    # Random probes hardly meet one direction in 150; the residual points to it.
    rng = np.random.default_rng(0)
    teacher = make_teacher(150, 3, 5, rng=rng)
    X = rng.standard_normal((8000, 150))
    problem = pose(ArraySamples(X, teacher.predict(X) + 2.0 * rng.standard_normal((8000, 5))))
    W, A = problem.to_white(teacher), teacher.A / problem.output_scale
    assert not residual_tested(problem, W, A, seed=0).is_rejected
    assert residual_tested(problem, W[:2], A[:, :2], seed=0).is_rejected


def with_many_outputs(seed, mixing):
    rng = np.random.default_rng(seed)
    teacher = make_teacher(6, 4, 20, rng=rng)
    X = rng.standard_normal((2000, 6))
    noise = 3.0 * rng.standard_normal((2000, 20)) @ mixing
    problem = pose(ArraySamples(X, teacher.predict(X) + noise))
    return problem, problem.to_white(teacher), teacher.A / problem.output_scale


@pytest.mark.parametrize("correlated", [False, True])
def test_what_is_missing_from_all_outputs_a_little_shows_in_all_together(correlated):
    rng = np.random.default_rng(7)
    mixing = rng.standard_normal((20, 20)) / 4 if correlated else np.eye(20)
    truth, missing, gains = [], [], []
    for seed in range(10):
        problem, W, A = with_many_outputs(seed, mixing)
        truth.append(residual_tested(problem, W, A, seed=seed).p_value)
        fit = residual_tested(problem, W[:3], A[:, :3], seed=seed)
        missing.append(fit.p_value)
        # The largest of 32 directions times 20 outputs, on its own.
        gains.append(fit.p_value / (32 * 20 * 2.0 * norm.sf(fit.statistic)))
    assert min(truth) > 0.01
    assert max(missing) < 1e-3
    assert np.median(gains) < 1e-3


def test_inputs_far_from_zero_show_in_the_residual():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3000, 3)) + 300.0
    Y = X[:, :2] - 300.0 + 0.1 * rng.standard_normal((3000, 2))
    problem = pose(ArraySamples(X, Y))
    mean = problem.moments.x @ problem.whitening.transform
    fit = residual_tested(problem, mean[None], np.zeros((2, 1)), seed=0)
    assert fit.is_rejected


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_weights_that_state_the_precision_leave_no_dependence(unit):
    rng = np.random.default_rng(3)
    teacher = make_teacher(4, 3, 4, rng=rng)
    X = rng.standard_normal((3000, 4))
    noise = rng.choice([0.1, 1.0], size=(3000, 1))
    Y = teacher.predict(X) + noise * rng.standard_normal((3000, 4))
    problem = pose(ArraySamples(X, Y, unit / noise[:, 0] ** 2))
    W, A = problem.to_white(teacher), teacher.A / problem.output_scale
    assert not residual_tested(problem, W, A, seed=0).is_rejected
    assert residual_tested(problem, W[:2], A[:, :2], seed=0).is_rejected


def test_units_names_every_kind_of_unit():
    X = np.abs(np.random.default_rng(0).standard_normal((200, 3)))
    problem = pose(ArraySamples(X, X))
    signs = np.array(
        [[1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [-1.0, -1.0, -1.0], [1.0, 1.0, 1.0], [0.0, 1.0, -1.0]]
    )
    W = problem.whitening.to_white(signs)
    A = np.ones((3, 5))
    A[:, 4] = 1e-12
    units = unit_diagnostics(problem, W, A)
    assert units.coincident == ((0, 1),)
    assert units.dead == (2,)
    assert units.always_on == (3,)
    assert units.idle == (4,)
    assert units.active == pytest.approx(np.mean(X @ signs.T > 0, axis=0))
    assert str(units) == "units dead: 2; always on: 3; idle: 4; coincident: (0, 1)"
    assert not units.healthy
