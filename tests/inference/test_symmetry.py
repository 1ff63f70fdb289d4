"""Whether the inputs look symmetric."""

import numpy as np
import pytest

from pureneuron.datasets import symmetric_inputs
from pureneuron.inference import symmetry_test
from pureneuron.problem import pose
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
    assert symmetry_test(pose(ArraySamples(X, X))).is_rejected


def test_weights_may_be_in_any_unit():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((300, 3)) + 0.1
    weight = rng.lognormal(size=300)
    one, other = (
        symmetry_test(pose(ArraySamples(X, X, unit * weight))).statistic for unit in (1.0, 1e6)
    )
    assert one == pytest.approx(other)
