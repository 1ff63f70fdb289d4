"""Units that are dead, always on, idle or coincide."""

import numpy as np
import pytest

from pureneuron.inference import unit_diagnostics
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
