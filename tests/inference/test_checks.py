"""What leaves a fit in doubt while the search goes on."""

import numpy as np
import pytest

from pureneuron.datasets import make_teacher
from pureneuron.inference import check, first_blocks
from pureneuron.inference.scores import LEVELS
from pureneuron.model import TwoLayerNetwork
from pureneuron.optimize import minimize
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples


def checked(seed, faint, fitted, n=3000):
    """Fit the first neurons of a teacher whose last is faint; return the checks."""
    rng = np.random.default_rng(seed)
    teacher = make_teacher(4, 3, 2, rng=rng)
    teacher = TwoLayerNetwork(teacher.A * [1.0, 1.0, faint], teacher.W)
    X = rng.standard_normal((n, 4))
    Y = teacher.predict(X) + 0.5 * rng.standard_normal((n, 2))
    problem = pose(ArraySamples(X, Y))
    fit = minimize(problem, problem.to_white(teacher.permuted(range(fitted))))
    return check(fit, first_blocks(problem), seed)


def is_doubtful(checks):
    """Whether the screening alone leaves a doubt, and does not reject."""
    return LEVELS.omitted <= checks.screened.p_value < LEVELS.doubtful


class TestARightFitThatChanceMakesDoubtful:
    def test_is_not_in_doubt_where_rows_are_to_spare(self):
        doubtful = [each for seed in range(120) if is_doubtful(each := checked(seed, 1.0, 3))]
        assert len(doubtful) >= 3
        assert np.mean([each.in_doubt for each in doubtful]) < 0.5

    def test_is_in_doubt_with_few_rows(self):
        doubtful = [each for seed in range(120) if is_doubtful(each := checked(seed, 1.0, 3, 300))]
        assert len(doubtful) >= 3
        assert all(each.in_doubt for each in doubtful)


@pytest.mark.parametrize("seed", [14, 24, 48, 69, 86])
def test_a_faint_neuron_that_is_missing_leaves_the_fit_in_doubt(seed):
    checks = checked(seed, 0.12, 2)
    assert is_doubtful(checks)
    assert checks.in_doubt
