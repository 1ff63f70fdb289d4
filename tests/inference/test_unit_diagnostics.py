"""Units that are dead, always on, idle or coincide."""

import numpy as np
import pytest

from pureneuron.inference import unit_diagnostics
from pureneuron.model import LeakyReLU
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples


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


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.5])
@pytest.mark.parametrize("weighted", [False, True])
def test_how_far_a_unit_is_from_a_linear_function(slope, weighted):
    rng = np.random.default_rng(0)
    X, W, A = (rng.standard_normal(size) for size in ((300, 4), (3, 4), (2, 3)))
    weight = rng.uniform(0.5, 2.0, 300) if weighted else None
    samples = ArraySamples(X, rng.standard_normal((300, 2)), weight)
    problem = pose(samples, activation=LeakyReLU(slope))
    units = unit_diagnostics(problem, problem.whitening.to_white(W), A)
    Z = X @ W.T
    apart = np.where(Z > 0.0, Z, slope * Z) - Z
    mean_square = np.average(apart**2, axis=0, weights=weight)
    wanted = np.linalg.norm(A, axis=0) * np.sqrt(mean_square)
    np.testing.assert_allclose(units.bend, wanted, rtol=1e-10)
