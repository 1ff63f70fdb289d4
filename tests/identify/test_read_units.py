"""Neurons from the kinks of a line, of networks that are known."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from known import EPS, Asked, assert_same_function, drawn, spread

from pureneuron.identify.kinks import Kinks
from pureneuron.identify.line import trace
from pureneuron.identify.piece import Piece
from pureneuron.identify.reading import Reading
from pureneuron.identify.region import Region
from pureneuron.identify.stations import Stations
from pureneuron.identify.units import Line, always_on_before, read_units


def line_through(d, seed=0):
    rng = np.random.default_rng(seed)
    direction = rng.standard_normal(d)
    return Line(0.3 * rng.standard_normal(d), direction / np.linalg.norm(direction))


def crossed(seed, *, k, d, m):
    """Make a network and a line that has its kinks well apart, in any order."""
    truth, line = drawn(seed, k=k, d=d, m=m), line_through(d, seed)
    rng = np.random.default_rng(seed + 1)
    places = rng.permutation(np.arange(k) - 0.5 * k + rng.uniform(0.0, 0.8, k))
    b = -truth.W @ line.origin - truth.W @ line.direction * places
    return replace(truth, b=b), line


def seen(reading, line, which=None, ends=(-20.0, 20.0)):
    """Return the kinks of a network, with pieces that almost reach from kink to kink.

    Those of some neurons only, if they are named. The outer pieces reach to the ends.
    """
    rate, at = reading.W @ line.direction, reading.preactivations(line.origin[None])[0]
    which = np.arange(reading.n_neurons) if which is None else np.asarray(which)
    places = np.sort(-at[which] / rate[which])
    ends = np.concatenate([ends[:1], places, ends[1:]])
    pieces = []
    for low, high in itertools.pairwise(ends):
        t = np.array([low, high]) + 1e-3 * (high - low) * np.array([1.0, -1.0])
        y, exact = answers(reading)(line.points(t))
        pieces.append(Piece(*t, *y, *exact, verified=True))
    return Kinks(places, pieces)


def answers(reading):
    """Return the values at points, and how exact they are: some units of all that is summed."""

    def values(Z):
        hidden = np.abs(Z) @ np.abs(reading.W).T + np.abs(reading.b)
        terms = hidden @ np.abs(reading.A).T + np.abs(Z) @ np.abs(reading.L).T + np.abs(reading.c)
        return reading(Z), 10.0 * EPS * terms.max(axis=1)

    return Asked(values)


def read(values, line, kinks, **options):
    options = {"share": 0.02, "blur": 0.0, "base_is_zero": False, **options}
    options["rng"] = np.random.default_rng(0)
    return read_units(values, line, kinks, **options)


def reading_of(units):
    return Reading(units.W, units.b, units.A, units.L, units.c, units.errors)


def assert_read(units, truth, line, tolerance=1e-6):
    """Assert that neurons are those of the truth, in the order of their kinks, on to the right."""
    rate = truth.W @ line.direction
    places = -truth.preactivations(line.origin[None])[0] / rate
    order = np.argsort(places)
    W, b = (truth.W / rate[:, None])[order], (truth.b / rate)[order]
    A = (truth.A * np.abs(rate))[:, order]
    np.testing.assert_allclose(units.W, W, rtol=tolerance, atol=tolerance * np.abs(W).max())
    np.testing.assert_allclose(units.b, b, rtol=tolerance, atol=tolerance * np.abs(W).max())
    np.testing.assert_allclose(units.A, A, rtol=tolerance, atol=tolerance * np.abs(A).max())
    Z = spread(len(line.origin))
    assert_same_function(reading_of(units), truth, Z, 10.0 * tolerance)


@given(seed=st.integers(0, 10**6), d=st.integers(1, 12), axis=st.booleans())
def test_the_basis_across_is_orthonormal(seed, d, axis):
    rng = np.random.default_rng(seed)
    direction = rng.standard_normal(d)
    if axis:
        direction = np.zeros(d)
        direction[rng.integers(d)] = rng.choice([-1.0, 1.0])
    direction /= np.linalg.norm(direction)
    assert_orthonormal(direction, Line(rng.standard_normal(d), direction).across())


def test_the_basis_across_an_axis_either_way_round():
    for direction in (np.eye(3)[0], -np.eye(3)[0], -np.eye(3)[2], np.array([-1.0])):
        assert_orthonormal(direction, Line(np.ones(len(direction)), direction).across())


def assert_orthonormal(direction, Q):
    d = len(direction)
    assert Q.shape == (d, d - 1)
    np.testing.assert_allclose(Q.T @ Q, np.eye(d - 1), atol=1e-14)
    np.testing.assert_allclose(direction @ Q, 0.0, atol=1e-14)


def test_points_of_a_line_and_of_its_reverse():
    line = line_through(3)
    t = np.array([-1.0, 0.5, 7.0])
    points = line.points(t)
    np.testing.assert_allclose((points - line.origin) @ line.direction, t, rtol=1e-14)
    np.testing.assert_allclose((points - line.origin) @ line.across(), 0.0, atol=1e-14)
    np.testing.assert_array_equal(line.reversed().points(-t), points)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("d", "k", "m"), [(1, 4, 1), (2, 3, 1), (6, 5, 1), (5, 4, 2), (4, 3, 8), (5, 9, 4), (3, 1, 3)]
)
def test_networks_are_read(d, k, m, seed):
    truth, line = crossed(seed, d=d, k=k, m=m)
    units = read(answers(truth), line, seen(truth, line))
    # On to the right of its kink, whatever way round it is.
    np.testing.assert_allclose(units.W @ line.direction, 1.0, rtol=1e-12)
    assert_read(units, truth, line)
    # How far off rows are said to be is not far from how far off they are.
    rate = truth.W @ line.direction
    order = np.argsort(-truth.preactivations(line.origin[None])[0] / rate)
    W = (truth.W / rate[:, None])[order]
    off = np.linalg.norm(units.W - W, axis=1) / np.linalg.norm(W, axis=1)
    assert (off <= 10.0 * units.errors + 10.0 * EPS).all()
    assert units.errors.max() < 1e-6


def test_a_linear_function_is_read():
    truth, line = crossed(0, k=0, d=4, m=2)
    units = read(answers(truth), line, seen(truth, line))
    assert units.W.shape == (0, 4)
    assert units.A.shape == (2, 0)
    np.testing.assert_allclose(units.L, truth.L, atol=1e-12)
    np.testing.assert_allclose(units.c, truth.c, atol=1e-12)


def test_questions_are_as_few_as_unknowns_allow():
    d, k = 6, 5
    for m in (1, 3, 12):
        truth, line = crossed(1, d=d, k=k, m=m)
        # No hyperplane is close to the line but where it crosses it: no step is too long.
        W = line.direction + 0.2 * truth.W
        truth = replace(
            truth, W=W, b=-np.einsum("kd,kd->k", W, line.points(np.linspace(-4.0, 4.0, k)))
        )
        values = answers(truth)
        assert_read(read(values, line, seen(truth, line)), truth, line)
        # One output shows one neuron a question; m show up to m, and one is kept to spare.
        groups = -(-k // max(1, min(k, m) - 1))
        # Each takes the directions across, and perhaps the value where they start.
        assert len(values) <= (groups + 1) * d


def test_what_is_known_to_be_zero_is_not_asked():
    d, k = 6, 5
    truth, line = crossed(2, d=d, k=k, m=1)
    # All on to the right, and nothing beside them.
    sign = np.sign(truth.W @ line.direction)
    W, b = truth.W * sign[:, None], truth.b * sign
    truth = replace(truth, W=W, b=b, L=0.0 * truth.L, c=0.0 * truth.c)
    values = answers(truth)
    units = read(values, line, seen(truth, line), base_is_zero=True)
    assert_read(units, truth, line)
    assert not units.L.any()
    assert not units.c.any()
    beside = replace(truth, L=np.ones_like(truth.L))
    all_values = answers(beside)
    read(all_values, line, seen(beside, line))
    assert len(values) == len(all_values) - (d - 1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("d", "k", "m", "pieces"), [(6, 5, 1, 5), (5, 8, 3, 3), (8, 12, 10, 2), (7, 20, 9, 3)]
)
def test_beside_nothing_a_piece_less_is_enough(d, k, m, pieces, seed):
    truth, line = crossed(seed, d=d, k=k, m=m)
    truth = replace(truth, L=np.zeros_like(truth.L))
    values = answers(truth)
    units = read(values, line, seen(truth, line))
    # Neurons are the right way round at once.
    order = np.argsort(-truth.preactivations(line.origin[None])[0] / (truth.W @ line.direction))
    turned = np.sign(units.W @ line.direction) == np.sign(truth.W[order] @ line.direction)
    assert turned.all()
    assert not units.L.any()
    assert_same_function(reading_of(units), truth, spread(d), 1e-6)
    off = truth.W[order] / np.abs(truth.W[order] @ line.direction)[:, None] - units.W
    assert np.abs(off).max() < 1e-6 * np.abs(units.W).max()
    # Some steps may be too long, and are asked again.
    assert len(values) < (pieces + 1) * d
    assert len(values) >= pieces * (d - 1)


def test_what_stands_beside_the_neurons_is_not_taken_for_some_of_them():
    for seed in range(30):
        truth, line = crossed(seed, d=4, k=8, m=1)
        assert (
            Stations.along(
                seen(truth, line), base_is_zero=False, is_coarse=False, rng=np.random.default_rng(0)
            ).left
            is None
        )


def test_a_step_across_a_hyperplane_is_made_shorter():
    # The second hyperplane is so near to the line that the first steps are beyond it.
    line = Line(np.zeros(2), np.array([1.0, 0.0]))
    for slant in (30.0, 300.0, -3000.0):
        W = np.array([[1.0, 0.5], [1.0, slant], [1.0, -0.5]])
        truth = Reading(
            W,
            np.array([0.0, -1.0, -2.0]),
            np.array([[1.0, -2.0, 0.7]]),
            np.array([[0.37, -0.4]]),
            np.ones(1),
            np.zeros(3),
        )
        values = answers(truth)
        units = read(values, line, seen(truth, line), share=0.1)
        assert_read(units, truth, line)
        # A check that the case is one: first steps are 0.1 of the distance of kinks.
        assert np.abs(values.X[:, 1]).max() * abs(slant) > 1.0 - 0.5


@pytest.mark.parametrize("slant", [1.0, -1.0])
def test_a_step_across_a_hyperplane_without_a_kink_here_is_noticed(slant):
    # The last neuron runs beside the line, at a distance that is less than a step.
    rng = np.random.default_rng(0)
    line = Line(np.zeros(3), np.array([1.0, 0.0, 0.0]))
    W = np.array([[1.0, 0.5, 0.1], [1.0, 0.3, -0.2], [1.0, -0.5, 0.4], [1e-6, slant, 0.1]])
    b = np.array([2.0, 0.0, -2.0, -0.01])
    A = rng.standard_normal((5, 4))
    whole = Reading(W, b, A, rng.standard_normal((5, 3)), np.zeros(5), np.zeros(4))
    near = whole.kept(np.array([True, True, True, False]))
    units = read(answers(whole), line, seen(whole, line, [0, 1, 2]), share=0.1)
    np.testing.assert_allclose(units.W, near.W, atol=1e-8)
    # On this side of the hyperplane the last neuron is off.
    inside = 0.01 * spread(3, size=0.3) + [0.0, 0.0, 0.0]
    inside = inside[inside @ W[3] + b[3] < 0.0]
    assert len(inside) > 20
    assert_same_function(reading_of(units), whole, inside, 1e-8)


def test_twins_in_different_outputs_are_read_in_groups_of_their_own():
    # The jumps of two neighbours are parallel: one question a direction cannot tell them apart.
    truth, line = crossed(3, d=4, k=6, m=6)
    order = np.argsort(-truth.preactivations(line.origin[None])[0] / (truth.W @ line.direction))
    for i, j in itertools.pairwise(order):
        if i != order[2]:
            truth.A[:, j] = -1.5 * truth.A[:, i]
    assert_read(read(answers(truth), line, seen(truth, line)), truth, line)


def test_pieces_that_are_known_far_out_only():
    truth, line = crossed(5, d=5, k=3, m=2)
    kinks = seen(truth, line)
    pieces = list(kinks.pieces)
    for i, t in ((0, np.array([-1e6, -0.9e6])), (3, np.array([0.9e6, 1e6]))):
        y, exact = answers(truth)(line.points(t))
        pieces[i] = Piece(*t, *y, *exact, verified=True)
    # Prolonged to where neurons are read, they are exact to what is rounded far out.
    assert pieces[0].error(-3.0) > 1e-10
    units = read(answers(truth), line, Kinks(kinks.places, pieces))
    assert_read(units, truth, line, tolerance=1e-11)


def test_less_exact_answers_give_larger_errors():
    truth, line = crossed(4, d=5, k=4, m=2)
    kinks = seen(truth, line)
    rng = np.random.default_rng(0)
    levels = []
    for rounding in (1e-12, 1e-9):

        def values(Z, rounding=rounding):
            Y = truth(Z)
            return Y + rounding * rng.uniform(-1.0, 1.0, Y.shape), np.full(len(Z), rounding)

        pieces = [
            Piece(p.first, p.last, p.y_first, p.y_last, rounding, rounding, 0.0, True)
            for p in kinks.pieces
        ]
        units = read(values, line, Kinks(kinks.places, pieces))
        assert_read(units, truth, line, tolerance=1e5 * rounding)
        levels.append(units.errors)
    np.testing.assert_allclose(levels[1] / levels[0], 1e3, rtol=0.1)
    blurred = read(answers(truth), line, kinks, blur=1e-6)
    assert (blurred.errors > 1e-7).all()


def test_steps_that_are_turned_round_at_a_bound_are_asked_once():
    # The line runs so close to a bound that steps across it must go inwards.
    W, b = np.array([[1.0, 0.3, -0.2], [0.8, -0.4, 0.1]]), np.array([-0.2, 0.3])
    region = Region.of(3, bounds=(-1.0, 1.0))
    line = Line(np.array([0.0, 0.9999, -0.9999]), np.array([1.0, 0.0, 0.0]))
    asked = []

    def values(Z):
        asked.append(Z)
        # Beside a linear function.
        hidden = np.maximum(Z @ W.T + b, 0.0) @ np.ones((2, 1))
        return hidden + 0.37 * Z[:, :1], np.full(len(Z), 1e-13)

    kinks = trace(
        lambda t: values(line.points(t)),
        np.array([-0.99, 0.99]),
        step=1e-3,
        rng=np.random.default_rng(0),
    )
    asked.clear()
    units = read(values, line, kinks, region=region)
    Z = np.concatenate(asked)
    assert region.contains(Z).all()
    assert len(Z) == 3 * 2
    order = np.argsort(units.W[:, 1])
    expected = W[np.argsort(W[:, 1] / W[:, 0])]
    np.testing.assert_allclose(units.W[order], expected / expected[:, :1], atol=1e-8)


def always_on(seed, count, *, k=7, d=5, m=4):
    """Return a network, what is read where its first neurons are always on, and a line off them.

    Some of the others have been read the other way round. Left of its kinks, the line has the
    first neurons on.
    """
    rng = np.random.default_rng(seed)
    truth = drawn(seed, k=k, d=d, m=m, linear=False)
    first = np.arange(k) < count
    direction = -np.linalg.lstsq(truth.W[first], np.ones(count), rcond=None)[0]
    line = Line(rng.standard_normal(d), direction / np.linalg.norm(direction))
    places = np.arange(count) + rng.uniform(0.0, 0.8, count)
    b = truth.b.copy()
    b[first] = -truth.W[first] @ line.origin - truth.W[first] @ line.direction * places
    truth = replace(truth, b=b)
    read = truth.turned(first | (rng.random(k) < 0.5)).kept(~first)
    kinks = seen(replace(truth.turned(first).kept(first), L=0.0 * truth.L, c=0.0 * truth.c), line)
    return truth, read, line, kinks


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_neurons_that_were_always_on_follow_from_the_linear_part(seed, count):
    truth, read, line, kinks = always_on(seed, count)
    units = always_on_before(line, kinks, read)
    assert units is not None
    assert units.n_neurons == count
    both = read.with_units(units.W, units.b, units.A, units.errors)
    Z = spread(len(line.origin))
    assert np.abs(read(Z) - truth(Z)).max() > 1.0
    assert_same_function(both, truth, Z, 1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_a_linear_part_that_is_not_that_of_the_neurons_says_nothing_of_them(seed):
    _, read, line, kinks = always_on(seed, 2)
    rng = np.random.default_rng(seed)
    other = read.with_linear(rng.standard_normal(read.L.shape), np.zeros(len(read.L)))
    assert always_on_before(line, kinks, other) is None
    assert always_on_before(line, kinks, replace(read, L=0.0 * read.L)) is None


def test_one_output_does_not_tell_what_a_linear_part_is_of():
    _, read, line, kinks = always_on(0, 1, m=1)
    assert always_on_before(line, kinks, read) is None
