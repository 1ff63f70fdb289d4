"""Kinks along a line, of functions whose kinks are known."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from known import EPS

from pureneuron.identify.line import Discontinuous, Tangled, trace

NODES = np.array([-300.0, -15.0, 15.0, 300.0])


class Broken:
    """A piecewise linear function: the slope changes by row i of ``jumps`` at place i."""

    def __init__(self, places, jumps, slope=None, start=None, *, far=NODES[-1]):
        self.places = np.asarray(places, dtype=np.float64)
        self.jumps = np.asarray(jumps, dtype=np.float64)
        self.jumps = self.jumps[:, None] if self.jumps.ndim == 1 else self.jumps
        m = self.jumps.shape[1]
        self.slope = np.arange(1.0, m + 1.0) if slope is None else np.asarray(slope)
        self.start = np.ones(m) if start is None else np.asarray(start)
        self.far = far
        self.asked, self.n_calls = [], 0

    def value(self, t):
        t = np.asarray(t)[..., None]
        return np.maximum(t - self.places, 0.0) @ self.jumps + t * self.slope + self.start

    def __call__(self, t):
        self.asked += list(t)
        self.n_calls += 1
        # No sum is rounded worse than by some units in the last place of all its terms.
        size = np.full(len(t), self.far) if self.far else np.abs(t)
        terms = (size[:, None] + np.abs(self.places)) @ np.abs(self.jumps)
        terms = terms + size[:, None] * np.abs(self.slope) + np.abs(self.start)
        return self.value(t), 10.0 * EPS * terms.max(axis=1)

    def traced(self, nodes=NODES, **options):
        return trace(self, nodes, step=3e-4, rng=np.random.default_rng(0), **options)


def assert_traced(function, kinks, which=slice(None)):
    """Assert that kinks are where they are, as exactly as rounding allows, and pieces between."""
    places, jumps = function.places[which], function.jumps[which]
    assert len(kinks.places) == len(places)
    assert len(kinks.pieces) == len(places) + 1
    exact = function(places)[1] if len(places) else np.zeros(0)
    if jumps.shape[1] >= 3:
        # A meeting that tells by itself is as exact as the pieces are, prolonged.
        pairs = zip(itertools.pairwise(kinks.pieces), places, strict=True)
        exact = [left.error(place) + right.error(place) for (left, right), place in pairs]
    allowed = 4.0 * np.array(exact) / np.abs(jumps).max(axis=1, initial=0.0)
    assert (np.abs(kinks.places - places) <= allowed + 4.0 * EPS * np.abs(places)).all()
    for piece, low, high in zip(kinks.pieces, [-np.inf, *places], [*places, np.inf], strict=True):
        assert low < piece.first < piece.last < high
        error = 2.0 * piece.slope_error + 4.0 * EPS * np.abs(piece.slope).max()
        middle = 0.5 * (piece.first + piece.last)
        slope = function.slope + function.jumps[function.places < middle].sum(axis=0)
        np.testing.assert_allclose(piece.slope, slope, rtol=0.0, atol=error)
        np.testing.assert_allclose(
            piece.at(middle), function.value(middle), rtol=0.0, atol=4.0 * piece.error(middle)
        )


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_kink(outputs, sign):
    function = Broken([0.7], [sign * np.arange(1.0, outputs + 1.0)])
    assert_traced(function, function.traced())
    # A piece takes two questions, a kink two, and one more on the other side.
    assert len(function.asked) <= 8 + 6


def test_kinks_of_both_signs():
    function = Broken([-4.0, -1.0, 0.3, 0.5, 9.0], [1.0, -2.0, 0.5, 3.0, -4.0])
    assert_traced(function, function.traced())


def test_kinks_of_some_outputs_only():
    jumps = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -2.0], [0.0, 0.5, 0.5]])
    function = Broken([-1.0, 0.2, 2.0], jumps)
    kinks = function.traced()
    assert_traced(function, kinks)
    np.testing.assert_allclose(kinks.jumps, jumps, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("second", "width"),
    # With 1 and −1 the outer pieces are parallel; with 1 and −3 they meet outside of the two.
    [(2.0, 1e-2), (2.0, 1e-6), (-1.0, 1e-2), (-1.0, 1e-6), (-3.0, 1e-2), (-3.0, 1e-3)],
)
@pytest.mark.parametrize("outputs", [1, 3])
def test_close_kinks_are_told_apart(second, width, outputs):
    places = [-2.0, 0.4, 0.4 + width, 3.0]
    jumps = np.random.default_rng(0).standard_normal((4, outputs))
    jumps[:, 0] = [1.0, 1.0, second, -0.7]
    for nodes in (NODES, np.array([-300.0, 300.0])):
        function = Broken(places, jumps)
        assert_traced(function, function.traced(nodes))


def test_kinks_in_the_same_ratio_of_outputs_are_told_apart():
    # The pieces on either side of neighbours meet between them, in all outputs.
    places = np.array([-5.0, -2.0, 0.4, 0.9, 3.0, 6.0])
    ratios = np.array([[1.0, -0.5, 2.0], [0.3, 1.0, -0.7]])
    jumps = np.array([1.0, 2.0, 0.7, 1.5, 1.0, 0.4])[:, None] * ratios[[0, 0, 1, 1, 0, 1]]
    function = Broken(places, jumps)
    assert_traced(function, function.traced())


def test_what_seems_to_be_one_kink_may_be_three():
    # The outer pieces are those of a kink at 1, where the function is on neither.
    function = Broken([0.9, 1.0, 1.1], [1.0, -1.0, 1.0])
    assert_traced(function, function.traced())


def test_kinks_far_out_are_seen():
    function = Broken([-290.0, -120.0, 0.1, 250.0, 299.0], [1.0, -2.0, 1.0, 0.3, 2.0])
    assert_traced(function, function.traced())


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_a_kink_may_lie_between_the_two_questions_of_a_piece(outputs):
    # What they show is no piece: it takes a third place on it to know.
    jumps = np.array([[1.0, 2.0, 0.4], [2.0, -1.0, 0.3], [-0.5, 0.3, 1.0]])[:, :outputs]
    for place in (NODES[1] + 1e-3, NODES[2] + 1e-3):
        places = np.sort([-7.0, place, 40.0])
        function = Broken(places, jumps)
        assert_traced(function, function.traced())


def test_a_line_without_kinks_is_one_piece():
    function = Broken([], np.zeros((0, 2)))
    kinks = function.traced()
    assert_traced(function, kinks)
    assert kinks.jumps.shape == (0, 2)
    assert kinks.pieces[0].verified
    assert len(function.asked) == 8


def test_what_is_beyond_the_nodes_is_not_seen():
    function = Broken([-400.0, -1.0, 2.0, 400.0], [1.0, 2.0, 3.0, 4.0])
    kinks = function.traced()
    assert_traced(function, kinks, slice(1, 3))
    assert min(function.asked) >= NODES[0]
    assert max(function.asked) <= NODES[-1]


@given(
    seed=st.integers(0, 10**6), k=st.integers(0, 25), m=st.integers(1, 4), reach=st.floats(1.0, 6.3)
)
def test_all_kinks_are_found_with_few_questions(seed, k, m, reach):
    rng = np.random.default_rng(seed)
    # Far out, kinks are as dense in the logarithm of the place; some are close to each other.
    places = rng.uniform(-reach, reach, k)
    places[: k // 4] = places[k - k // 4 :] + 10.0 ** rng.uniform(-3.0, -2.0, k // 4)
    places = np.sinh(np.sort(places))
    jumps = rng.standard_normal((k, m))
    jumps += 0.1 * np.sign(jumps)
    function = Broken(places, jumps, rng.standard_normal(m), rng.standard_normal(m))
    kinks = function.traced()
    # Eight for the ends, two to five for a kink; more where kinks are close to each other.
    assert len(function.asked) <= 12 * (k + 1)
    # All gaps go on at once.
    assert function.n_calls <= 40
    assert_traced(function, kinks)


@pytest.mark.parametrize(("outputs", "most"), [(1, 5.0), (2, 5.0), (3, 3.0), (20, 3.0)])
def test_a_kink_takes_few_questions(outputs, most):
    # Two for a piece, and some that fall on a piece that is known. A kink takes one on either side,
    # but none where pieces meet by no chance.
    for seed in range(5):
        rng = np.random.default_rng(seed)
        places = np.sinh(np.sort(rng.uniform(-3.0, 3.0, 40)))
        function = Broken(places, rng.standard_normal((40, outputs)))
        kinks = function.traced()
        assert len(function.asked) <= 8 + most * 40
        assert_traced(function, kinks)


def test_values_may_be_more_exact_near_zero_than_far_out():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        function = Broken(
            [rng.standard_normal()], rng.standard_normal((1, 3)), rng.standard_normal(3), far=None
        )
        assert_traced(function, function.traced())


def test_kinks_smaller_than_what_is_blurred_are_not_seen():
    # The function is known to 1e-6 only: what bends by less may be no kink of it.
    function = Broken([-1.0, 0.5], [2.0, 1e-8])
    assert_traced(function, function.traced())
    kinks = Broken([-1.0, 0.5], [2.0, 1e-8]).traced(blur=1e-6)
    np.testing.assert_allclose(kinks.places, [-1.0], atol=1e-5)


def test_the_same_seed_asks_the_same():
    asked = []
    for _ in range(2):
        function = Broken([-1.0, 0.5, 0.6], [2.0, 1.0, -1.0])
        function.traced()
        asked.append(function.asked)
    assert asked[0] == asked[1]


@pytest.mark.parametrize("size", [10.0, 1e-3])
@pytest.mark.parametrize("kinks", [[], [-3.0, 1.0, 1.5]])
def test_a_jump_is_told(size, kinks):
    base = Broken(kinks, np.ones((len(kinks), 2)))

    def jumping(t):
        Y, exact = base(t)
        Y[:, 1] += size * (t > 0.123)
        return Y, exact

    with pytest.raises(Discontinuous):
        trace(jumping, NODES, step=3e-4, rng=np.random.default_rng(0))


CURVES = {
    "sin": np.sin,
    "tanh": np.tanh,
    "power": lambda t: np.abs(t) ** 1.5,
}


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES.keys())
def test_a_curve_has_no_pieces(curve):
    def values(t):
        return curve(t)[:, None], np.full(len(t), 1e-12)

    with pytest.raises((Tangled, Discontinuous)):
        trace(values, np.array([-9.0, 9.0]), step=3e-4, rng=np.random.default_rng(0))


def test_noise_has_no_pieces():
    rng = np.random.default_rng(0)

    def values(t):
        return t[:, None] + 1e-3 * rng.standard_normal((len(t), 1)), np.full(len(t), 1e-12)

    with pytest.raises((Tangled, Discontinuous)):
        trace(values, NODES, step=3e-4, rng=np.random.default_rng(0), most=300)


def test_more_kinks_than_are_allowed_are_too_many():
    places = np.linspace(-5.0, 5.0, 60)
    function = Broken(places, np.random.default_rng(0).standard_normal(60))
    assert_traced(function, function.traced(most=100))
    with pytest.raises(Tangled):
        function.traced(most=20)


def test_a_line_in_the_other_direction():
    function = Broken([-4.0, 0.3, 9.0], [[1.0, 2.0], [-2.0, 1.0], [3.0, 0.0]], slope=[1.0, -2.0])
    kinks = function.traced()
    back = kinks.reversed()
    np.testing.assert_array_equal(back.places, -kinks.places[::-1])
    # On each side of a kink the slope changes its sign; so what it changes by stays.
    np.testing.assert_allclose(back.jumps, kinks.jumps[::-1], rtol=0.0, atol=1e-12)
    for t in (-200.0, -8.9, -5.0, 1.0, 150.0):
        piece = back.pieces[int(np.sum(back.places < t))]
        assert piece.first < piece.last
        np.testing.assert_allclose(piece.at(t), function.value(-t), rtol=0.0, atol=1e-10)
        assert piece.error(t) == pytest.approx(
            kinks.pieces[int(np.sum(kinks.places < -t))].error(-t), rel=1e-9
        )
    again = back.reversed()
    np.testing.assert_array_equal(again.places, kinks.places)
    assert [piece.first for piece in again.pieces] == [piece.first for piece in kinks.pieces]
