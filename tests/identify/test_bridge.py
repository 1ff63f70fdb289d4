"""A piece by one question, of lines whose kinks are known."""

import numpy as np
import pytest

from pureneuron.identify.bridge import bridge, dimension
from pureneuron.identify.kinks import Kinks
from pureneuron.identify.line_fit import fitted
from pureneuron.identify.piece import Piece

EXACT = 1e-14


def value(t, places, jumps):
    return np.maximum(np.asarray(t)[..., None] - places, 0.0) @ jumps


def piece(first, last, places, jumps):
    ends = value(first, places, jumps), value(last, places, jumps)
    return Piece(first, last, *ends, EXACT, EXACT)


def told(places, jumps, at=0.5):
    """Return what an answer tells of the piece between those at −1 and 3."""
    left, right = (piece(t, t + 0.1, places, jumps) for t in (-1.0, 3.0))
    return bridge(left, right, at, value(at, places, jumps), EXACT)


@pytest.mark.parametrize("places", [(0.0, 1.0), (0.4, 2.5), (-0.8, 0.6)])
def test_one_answer_tells_the_piece_between_two(places):
    jumps = np.random.default_rng(0).standard_normal((2, 4))
    found = told(np.array(places), jumps)
    assert found is not None
    t, y, exact = found
    assert places[0] < t < places[1]
    assert np.abs(y - value(t, np.array(places), jumps)).max() <= exact < 1e-11


@pytest.mark.parametrize("places", [(0.0, 1.0, 2.0), (-0.5, 0.0, 1.0)])
def test_more_pieces_are_none(places):
    jumps = np.random.default_rng(0).standard_normal((3, 4))
    assert told(np.array(places), jumps) is None


def test_bends_that_are_alike_tell_nothing():
    ratio = np.array([1.0, -0.5, 2.0, 0.3])
    assert told(np.array([0.0, 1.0]), np.outer([1.0, 2.0], ratio)) is None


def test_dimensions_of_bends():
    rng = np.random.default_rng(0)
    jumps = rng.standard_normal((6, 2)) @ rng.standard_normal((2, 5))
    places = np.arange(6.0)
    pieces = [piece(t - 0.6, t - 0.4, places, jumps) for t in np.arange(7.0)]
    assert dimension(pieces) == 2
    assert dimension(pieces[:2]) == 1


def test_a_fit_to_all_answers_is_far_more_exact_than_pieces_are():
    rng = np.random.default_rng(0)
    places, jumps = np.sort(rng.uniform(-3.0, 3.0, 8)), rng.standard_normal((8, 4))
    ends = np.array([-4.0, *places, 4.0])
    middle = 0.5 * (ends[1:] + ends[:-1])
    # Two answers close together on each piece, and on two of them far apart.
    t = np.concatenate([middle, middle + 1e-4, ends[:2] + 0.01, ends[-2:] - 0.01])
    Y = value(t, places, jumps) + 1e-13 * rng.standard_normal((len(t), 4))
    exact = np.full(len(t), 1e-12)
    pieces = [Piece(middle[i], middle[i] + 1e-4, Y[i], Y[i + 9], 1e-12, 1e-12) for i in range(9)]
    near = Kinks(places + 1e-9 * rng.standard_normal(8), pieces)
    new = fitted(near, t, Y, exact)
    off = np.abs(new.jumps - jumps).max(axis=1)
    assert (off <= new.jump_errors).all()
    assert np.median(off) < 0.2 * np.median(np.abs(near.jumps - jumps).max(axis=1))
    assert np.abs(new.places - places).max() < 1e-9


def test_answers_of_other_kinks_are_not_fitted():
    rng = np.random.default_rng(0)
    places, jumps = np.array([-1.0, 0.0, 1.0]), rng.standard_normal((3, 4))
    t = np.linspace(-3.0, 3.0, 40)
    Y = value(t, places, jumps)
    kinks = Kinks(places[:2], [piece(u, u + 0.1, places, jumps) for u in (-2.0, -0.5, 0.5)])
    assert fitted(kinks, t, Y, np.full(40, 1e-12)) is kinks
    # Nor are too few.
    assert fitted(kinks, t[:3], Y[:3], np.full(3, 1e-12)) is kinks
