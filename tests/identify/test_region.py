"""Coordinates of the region of interest, and bounds that no question leaves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from known import Asked
from scipy.special import expit

from networks import random_network
from pureneuron import identify
from pureneuron.identify.region import Region
from pureneuron.results import Status


def inside(X, low, high):
    return bool((X >= low).all() and (X <= high).all())


def test_points_are_brought_to_the_units_of_the_user():
    region = Region.of(3, center=[1.0, 0.0, -2.0], scale=[1.0, 10.0, 0.5])
    assert region.n_inputs == 3
    assert not region.is_bounded
    X = region.to_inputs(np.array([[0.0, 0.0, 0.0], [1.0, -1.0, 2.0]]))
    assert X.tolist() == [[1.0, 0.0, -2.0], [2.0, -10.0, -1.0]]
    whole = Region.of(2, center=5.0, scale=2.0)
    assert whole.to_inputs(np.ones((1, 2))).tolist() == [[7.0, 7.0]]


def test_bounds_bring_their_own_centre_and_scale():
    region = Region.of(2, 7.0, 3.0, bounds=(-1.0, [3.0, 0.0]))
    assert region.is_bounded
    corners = region.to_inputs(np.array([[-1.0, -1.0], [1.0, 1.0]]))
    np.testing.assert_allclose(corners, [[-1.0, -1.0], [3.0, 0.0]])
    assert region.low.tolist() == [-1.0, -1.0]
    assert region.high.tolist() == [1.0, 1.0]


def test_points_are_drawn_where_inputs_usually_are():
    rng = np.random.default_rng(0)
    Z = Region.of(2).draw(20_000, rng)
    # Within four standard errors of the standard normal law.
    assert np.abs(Z.mean(axis=0)).max() < 4.0 / np.sqrt(20_000)
    assert np.abs(np.cov(Z.T) - np.eye(2)).max() < 4.0 * np.sqrt(2.0 / 20_000)
    Z = Region.of(2, bounds=(0.0, 5.0)).draw(20_000, rng)
    assert inside(Z, -1.0, 1.0)
    assert np.abs(np.mean(Z**2, axis=0) - 1.0 / 3.0).max() < 4.0 * 0.3 / np.sqrt(20_000)


@given(seed=st.integers(0, 10**6), d=st.integers(1, 6), zeros=st.integers(0, 5))
def test_ends_of_a_line_are_a_little_within_the_bounds(seed, d, zeros):
    rng = np.random.default_rng(seed)
    region = Region.of(d, bounds=(-np.ones(d), np.arange(1.0, d + 1.0)))
    origin, direction = region.draw(1, rng)[0], rng.standard_normal(d)
    direction[rng.permutation(d)[: min(zeros, d - 1)]] = 0.0
    low, high = region.ends(origin, direction, reach=1e3)
    assert low < 0.0 < high
    for t in (low, high):
        point = origin + t * direction
        assert inside(point, region.low, region.high)
        # A little farther and it is outside.
        assert not inside(origin + 1.02 * t * direction, region.low, region.high)


def test_lines_without_bounds_end_where_they_are_told():
    assert Region.of(2).ends(np.ones(2), np.array([0.0, 1.0]), reach=70.0) == (-70.0, 70.0)


BOUNDS = {
    "numbers": (-2.0, 3.0),
    "a vector": (np.array([-3.0, 0.0, -2.0, 1.0]), np.array([3.0, 0.5, 5.0, 4.0])),
    # Half of the width is no number that a machine holds: rounding must not lead outside.
    "uneven": (np.full(4, 0.1), np.full(4, 1.1 / 3.0)),
    "far from zero": (np.full(4, 1e5 + 0.1), np.full(4, 1e5 + 0.7)),
}


@pytest.mark.parametrize("bounds", BOUNDS.values(), ids=BOUNDS.keys())
def test_no_question_is_asked_outside_of_the_bounds(bounds):
    middle = np.mean(np.broadcast_arrays(*bounds, np.zeros(4))[:2], axis=0)
    width = np.subtract(bounds[1], bounds[0]) / 6.0
    network = random_network(0, k=8, m=2)
    for seed in range(3):
        box = Asked(lambda X: network.predict((X - middle) / width))
        found = identify(box, 4, bounds=bounds, rng=seed)
        assert inside(box.X, *bounds)
        assert len(box) == found.n_questions
        # It asks up to the bounds, nearly.
        assert (np.ptp(box.X, axis=0) > 0.8 * np.subtract(bounds[1], bounds[0])).all()


def test_neither_are_those_that_follow_what_is_wrong():
    network = random_network(1, k=8, m=2)
    V = np.random.default_rng(0).standard_normal((8, 8))
    boxes = {
        # Asked at random, along lines, and on hyperplanes.
        "deep": lambda X: np.maximum(network.hidden(X) @ V, 0.0) @ network.A.T,
        "step": lambda X: (network.hidden(X) > 0.0) @ network.A.T,
        "few digits": lambda X: np.round(network.predict(X), 9),
        "sigmoid": lambda X: expit(network.predict(X)),
    }
    for name, function in boxes.items():
        box = Asked(function)
        link = "sigmoid" if name == "sigmoid" else "identity"
        identify(box, 4, bounds=(-1.0, 2.0), link=link, rng=0)
        assert len(box) > 60, name
        assert inside(box.X, -1.0, 2.0), name


def test_what_never_switches_within_the_bounds_becomes_linear():
    network = random_network(2, k=3, m=2)
    hidden_bias = network.hidden_bias.copy()
    hidden_bias[0] = 4.0 + np.abs(network.W[0]).sum()
    box = type(network)(network.A, network.W, hidden_bias, network.output_bias)
    found = identify(box, bounds=(-1.0, 1.0), rng=0)
    assert found.status is Status.RECOVERED
    assert found.network.n_neurons == 2
    assert any("always on" in note for note in found.notes)
    np.testing.assert_allclose(
        found.network.turned_round(
            [i for i in range(2) if (found.network.W[i] @ box.W[1:].T).max() < 0.9]
        ).linear,
        np.outer(box.A[:, 0], box.W[0]),
        atol=1e-8,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"center": [1.0, 2.0]}, r"center must be a number or 3 numbers, got shape \(2,\)"),
        ({"scale": np.ones((1, 3))}, r"scale must be a number or 3 numbers, got shape \(1, 3\)"),
        ({"bounds": ([0.0, 0.0], 1.0)}, r"bounds must be a number or 3 numbers, got shape \(2,\)"),
        ({"center": np.nan}, "center must be finite"),
        ({"scale": 0.0}, "scale finite and positive"),
        ({"scale": [1.0, -1.0, 1.0]}, "scale finite and positive"),
        ({"scale": np.inf}, "scale finite and positive"),
        ({"bounds": (0.0, np.inf)}, "bounds must be finite"),
        ({"bounds": (1.0, [2.0, 1.0, 2.0])}, "the lower ones below the upper ones"),
    ],
)
def test_arguments_are_checked_before_anything_is_asked(arguments, message):
    box = Asked(random_network(0, d=3).predict)
    with pytest.raises(ValueError, match=message):
        identify(box, 3, **arguments)
    assert not box.calls
