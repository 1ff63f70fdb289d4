"""Units that an input holds off, nobody knows how strongly."""

import numpy as np
import pytest

from pureneuron import TwoLayerNetwork, recover
from pureneuron.inference.covariance import covariance_root
from pureneuron.inference.dependence import Dependence
from pureneuron.inference.diagnostics import first_blocks
from pureneuron.inference.held_off import held_off
from pureneuron.inference.information import information
from pureneuron.optimize import minimize
from pureneuron.problem import pose
from pureneuron.results import Status
from pureneuron.samples import ArraySamples

NAMES = ("left", "right", "up", "laser")


def recorded(seed, strength, *, n=5000):
    """Draw two units, the first of which a laser turns down in three rows of ten."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.standard_normal((n, 3)), rng.random(n) < 0.3])
    W = [[0.8, 0.6, 0.0, strength], [0.0, 0.6, 0.8, 0.3]]
    teacher = TwoLayerNetwork([[1.0, -0.6], [0.5, 1.0]], W)
    Y = teacher.predict(X) + 0.2 * rng.standard_normal((n, 2))
    return ArraySamples(X, Y, input_names=NAMES), teacher


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_a_weight_that_is_only_large_enough_is_not_determined(seed, biases):
    samples, teacher = recorded(seed, -5.0)
    found = recover(samples, 2, rng=0, fit_hidden_bias=biases, fit_intercept=biases)
    assert found.status is Status.DEGENERATE
    pairs = found.network.match(teacher)
    held, other = pairs.left[pairs.right == 0][0], pairs.left[pairs.right == 1][0]
    assert f"unit {held} is held off by laser, and" in found.reason
    errors = found.standard_errors
    assert np.isinf(errors.W[held]).all()
    assert np.isinf(errors.A[:, held]).all()
    # The rest is known as ever.
    assert errors.W[other].max() < 0.05
    truth = teacher.normalized().W[1]
    assert np.all(np.abs(found.network.W[other] - truth) < 5.0 * errors.W[other])


def test_beside_a_linear_part_a_unit_that_is_on_for_good_is_no_better_known():
    for seed in range(4):
        samples = recorded(seed, 6.0, n=2000)[0]
        found = recover(samples, 2, rng=0, fit_linear=True)
        assert found.status is Status.DEGENERATE
        assert "laser" in found.reason
        # Where the linear part is known to be none, the rows in which it is on tell.
        assert recover(samples, 2, rng=0).status is Status.RECOVERED


@pytest.mark.parametrize("strength", [-1.5, 0.0, 2.0])
def test_a_weight_that_some_rows_show_is(strength):
    for seed in range(4):
        samples, teacher = recorded(seed, strength)
        found = recover(samples, 2, rng=0)
        assert found.status is Status.RECOVERED
        assert found.network.match(teacher).error_W < 0.01


def test_the_direction_is_that_of_the_input():
    samples, teacher = recorded(0, -5.0)
    problem = pose(samples)
    fit = minimize(problem, problem.to_white(teacher))
    noise = Dependence("iid", 0, "")
    root = covariance_root(fit, information(fit), noise, first_blocks(problem))
    found = held_off(fit, root)
    assert set(found.units) == {0}
    along = problem.whitening.from_white(found.directions[0])
    assert along[3] < 0.0
    assert np.abs(along[:3]).max() < 1e-9 * np.abs(along[3])
    assert found.inputs(problem) == ["laser"]
    assert held_off(fit, root).changes(fit).shape == (len(found.units), 2, 4)


@pytest.mark.parametrize("seed", range(10))
def test_units_that_no_input_holds_off_are_not_found_however_loud_the_noise_is(seed):
    rng = np.random.default_rng(seed)
    teacher = TwoLayerNetwork([[1.0, -0.6], [0.5, 1.0]], [[0.8, 0.6, 0.0], [0.0, 0.6, 0.8]])
    X = rng.standard_normal((300, 3))
    problem = pose(ArraySamples(X, teacher.predict(X) + 0.8 * rng.standard_normal((300, 2))))
    fit = minimize(problem, problem.to_white(teacher))
    known, blocks = information(fit), first_blocks(problem)
    root = covariance_root(fit, known, Dependence("iid", 0, ""), blocks)
    assert len(held_off(fit, root).units) == 0
