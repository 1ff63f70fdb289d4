"""Whether a network stays the same in the course of the rows."""

import numpy as np
import pytest
from scipy.signal import lfilter

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.inference import first_blocks, screening
from pureneuron.inference.information import information
from pureneuron.inference.steadiness import _variances, steadiness_test
from pureneuron.optimize import minimize
from pureneuron.problem import pose
from pureneuron.results import Status
from pureneuron.samples import ArraySamples

N = 2000


def steadiness_of(teacher, X, Y, **options):
    problem = pose(ArraySamples(X, Y), **options)
    fit = minimize(problem, problem.to_white(teacher))
    rng = np.random.default_rng(0)
    screened = screening(fit, information(fit), first_blocks(problem), rng=rng)
    found = steadiness_test(screened.contributions)
    assert found is not None
    return found


def walk(rng, n, width):
    steps = np.cumsum(rng.standard_normal((n, width)), axis=0)
    return (steps - steps.mean(axis=0)) / steps.std(axis=0)


def remembering(rng, n, width):
    return lfilter([1.0], [1.0, -0.8], 0.6 * rng.standard_normal((n, width)), axis=0)


def steady(kind, rng):
    """Draw inputs and noise; whatever they do, the network is the same in all rows."""
    X, noise = rng.standard_normal((N, 4)), rng.standard_normal((N, 3))
    if kind == "drifting inputs":
        X[:, :2] = walk(rng, N, 2)
    if kind == "sorted inputs":
        X = X[np.argsort(X[:, 0])]
    if kind == "memory":
        X, noise = remembering(rng, N, 4), remembering(rng, N, 3)
    if kind == "louder later":
        noise *= np.linspace(0.2, 2.0, N)[:, None]
    if kind == "all of it":
        # What is known of the weights comes from other rows than most of the noise.
        X *= np.where(np.arange(N) < N // 5, 5.0, 0.5)[:, None]
        noise *= np.where(np.abs(np.arange(N) - N // 2) < N // 10, 2.0, 0.1)[:, None]
    return X, 0.3 * noise


@pytest.mark.parametrize(
    "kind", ["", "drifting inputs", "sorted inputs", "memory", "louder later", "all of it"]
)
def test_a_network_that_stays_the_same_is_hardly_ever_rejected(kind):
    p_values = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        teacher = make_teacher(4, 3, 3, rng=rng)
        X, noise = steady(kind, rng)
        p_values.append(steadiness_of(teacher, X, teacher.predict(X) + noise).p_value)
    # At 5 %, three of sixty are to be expected, and nine are three standard errors more.
    assert np.sum(np.array(p_values) < 0.05) <= 8
    assert min(p_values) > 1e-4


def changing(kind, teacher, X):
    """Return outputs without noise of a network that is not the same in all rows."""
    time = np.linspace(0.0, 1.0, len(X))[:, None]
    hidden = teacher.hidden(X)
    if kind == "all gains":
        return (1.0 + 0.15 * np.sin(2.0 * np.pi * time)) * teacher.predict(X)
    if kind == "one gain":
        hidden[:, 1] *= np.where(time[:, 0] < 0.5, 1.0, 0.6)
        return hidden @ teacher.A.T + teacher.output_bias
    if kind == "one direction":
        later = teacher.W.copy()
        later[2] += 0.4 * later[0]
        other = TwoLayerNetwork(teacher.A, later, teacher.hidden_bias, teacher.output_bias)
        return (1.0 - time) * teacher.predict(X) + time * other.predict(X)
    return teacher.predict(X) + 0.3 * time


@pytest.mark.parametrize(
    ("kind", "what", "unit"),
    [
        ("all gains", "gains", -1),
        ("one gain", "gain", 1),
        ("one direction", "weights", 2),
        ("offset", "rest", -1),
    ],
)
def test_what_changes_is_seen_and_named(kind, what, unit):
    named = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        teacher = make_teacher(4, 3, 3, rng=rng)
        X = rng.standard_normal((N, 4))
        Y = changing(kind, teacher, X) + 0.1 * rng.standard_normal((N, 3))
        found = steadiness_of(teacher, X, Y, fit_intercept=True)
        assert found.is_rejected
        named += (found.what, found.unit) == (what, unit)
    assert named >= 9


def test_the_verdict_says_so_and_hangs_on_the_order_of_the_rows():
    rng = np.random.default_rng(3)
    teacher = make_teacher(4, 3, 3, rng=rng)
    X = rng.standard_normal((N, 4))
    Y = changing("one gain", teacher, X) + 0.1 * rng.standard_normal((N, 3))
    found = recover(ArraySamples(X, Y), 3, rng=0)
    assert found.status is Status.MISFIT
    pairs = found.network.match(teacher)
    assert f"the strength of unit {pairs.left[pairs.right == 1][0]}" in found.reason
    assert found.stage("inference").figures["steadiness_p_value"] < 1e-6
    # In any order a network whose unit comes and goes is one with noise that grows with it.
    mixed = rng.permutation(N)
    again = recover(ArraySamples(X[mixed], Y[mixed]), 3, rng=0)
    assert again.stage("inference").figures["steadiness_p_value"] > 1e-3
    assert again.network.match(found.network).error_W < 1e-3


def test_variances_are_right_on_average_and_do_not_see_a_step():
    rng = np.random.default_rng(0)
    sums = rng.standard_normal((50, 4000))
    assert _variances(sums).mean() == pytest.approx(1.0, rel=0.01)
    assert _variances(3.0 * sums).mean() == pytest.approx(9.0, rel=0.01)
    stepped = sums + 100.0 * (np.arange(50) < 31)[:, None]
    assert _variances(stepped).max() < 100.0
    # One block that is louder is.
    sums[20] *= 100.0
    assert np.median(_variances(sums)[20]) > 1000.0


def test_it_is_not_asked_where_blocks_have_no_order():
    rng = np.random.default_rng(3)
    teacher = make_teacher(4, 3, 3, rng=rng)
    X = rng.standard_normal((400, 4))
    Y = changing("one gain", teacher, X) + 0.1 * rng.standard_normal((400, 3))
    again = recover(ArraySamples(np.repeat(X, 3, 0), np.repeat(Y, 3, 0)), 3, rng=0)
    assert "steadiness_p_value" not in again.stage("inference").figures
    assert "in the course of the rows" not in again.stage("inference").summary
    few = recover(ArraySamples(X, Y, groups=np.arange(400) // 80), 3, rng=0)
    assert "steadiness_p_value" not in few.stage("inference").figures
