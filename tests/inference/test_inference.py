import numpy as np
import pytest

from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.inference import lack_of_fit, symmetry_test, unit_census
from pureneuron.moments import pose
from pureneuron.samples import ArraySamples


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
    assert symmetry_test(pose(ArraySamples(X, X))).plainly_asymmetric


def test_symmetry_counts_a_weight_as_repetition():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((300, 3)) + 0.1
    counts = rng.integers(0, 4, 300)
    weighted = symmetry_test(pose(ArraySamples(X, X, counts.astype(float))))
    repeated = symmetry_test(pose(ArraySamples(X.repeat(counts, 0), X.repeat(counts, 0))))
    assert weighted.statistic == pytest.approx(repeated.statistic)


def fitted(seed, *, noise=0.5, n=5000, counts=None):
    rng = np.random.default_rng(seed)
    teacher = make_teacher(4, 3, 4, rng=rng)
    X = rng.standard_normal((n, 4))
    Y = teacher.predict(X) + noise * rng.standard_t(5, (n, 4))
    problem = pose(ArraySamples(X, Y, counts))
    return problem, problem.to_white(teacher), teacher.A / problem.output_scale


def test_true_networks_leave_no_trace():
    statistics = []
    for seed in range(20):
        problem, W, A = fitted(seed)
        fit = lack_of_fit(problem, W, A, rng=np.random.default_rng(seed))
        assert not fit.misfit
        statistics.append(fit.statistic)
    # The largest of 64 × 4 scores, many of them correlated: if they were standardised wrongly it
    # would not lie where the largest of some dozens of normal variables lies.
    assert 2.0 < np.median(statistics) < 3.5


def test_missing_neurons_leave_a_trace():
    problem, W, A = fitted(0)
    fit = lack_of_fit(problem, W[:2], A[:, :2], rng=np.random.default_rng(0))
    assert fit.misfit


def test_lack_of_fit_counts_a_weight_as_repetition():
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 3, 400)
    X, Y = rng.standard_normal((400, 3)), rng.standard_normal((400, 2))
    weighted = pose(ArraySamples(X, Y, counts.astype(float)))
    repeated = pose(ArraySamples(X.repeat(counts, 0), Y.repeat(counts, 0)))
    W, A = np.eye(3), rng.standard_normal((2, 3))
    one, two = (
        lack_of_fit(problem, W, A, rng=np.random.default_rng(0)).statistic
        for problem in (weighted, repeated)
    )
    # The two have the same white coordinates only up to rounding and the order of axes.
    assert np.abs(weighted.whitening.transform) == pytest.approx(
        np.abs(repeated.whitening.transform), rel=1e-6
    )
    assert one == pytest.approx(two, rel=1e-6)


def test_census_names_every_kind_of_unit():
    X = np.abs(np.random.default_rng(0).standard_normal((200, 3)))
    problem = pose(ArraySamples(X, X))
    signs = np.array(
        [[1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [-1.0, -1.0, -1.0], [1.0, 1.0, 1.0], [0.0, 1.0, -1.0]]
    )
    W = problem.whitening.to_white(signs)
    A = np.ones((3, 5))
    A[:, 4] = 1e-12
    census = unit_census(problem, W, A)
    assert census.coincident == ((0, 1),)
    assert census.dead == (2,)
    assert census.always_on == (3,)
    assert census.idle == (4,)
    assert census.active == pytest.approx(np.mean(X @ signs.T > 0, axis=0))
    assert str(census) == "units dead: 2; always on: 3; idle: 4; coincident: (0, 1)"
    assert not census.healthy
