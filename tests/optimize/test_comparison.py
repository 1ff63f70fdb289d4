"""Whether two fits are the same network."""

import numpy as np
import pytest

from pureneuron.model import unit_rows
from pureneuron.optimize import displacement, separations


def test_displacement_is_relative_to_the_neighbourhood():
    W, A = np.eye(3), np.eye(3)
    order = [2, 0, 1]
    assert displacement(W[order], A[:, order], W, A) == 0.0
    assert separations(W, A) == pytest.approx(np.full(3, 2.0))
    # Two nearly parallel neurons, one moved half way to the other.
    close = unit_rows(np.array([[1.0, 0.0], [1.0, 0.02]]))
    moved = unit_rows(np.array([[1.0, 0.01], [1.0, 0.02]]))
    same = np.ones((1, 2))
    assert displacement(moved, same, close, same) == pytest.approx(0.5, rel=1e-3)
    assert displacement(close, same, close[[0, 0]], same) == np.inf
