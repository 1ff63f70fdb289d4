"""Points at which all neurons of a line are on, and what they save."""

from dataclasses import replace

import numpy as np
import pytest
from known import Asked, assert_same_function, spread
from test_read_units import answers, crossed, read, reading_of, seen

from pureneuron import TwoLayerNetwork, identify
from pureneuron.identify.all_on import THRESHOLDS, where_all_are_on
from pureneuron.identify.region import Region
from pureneuron.identify.units import Line
from pureneuron.results import Status


def sought(seed, *, k=8, d=6, reach=20.0, bound=np.inf):
    """Draw neurons in all directions of a frame, and look for a point where all are on."""
    rng = np.random.default_rng(seed)
    frame = np.linalg.qr(rng.standard_normal((d, d)))[0]
    rows = np.column_stack([np.ones(k), rng.standard_normal((k, d - 1))])
    places, left = 0.3 * rng.standard_normal(k), rng.random(k) < 0.5
    origin = np.full(d, 0.1)
    found = where_all_are_on(rows, places, left, frame, origin, reach, bound)
    return found, np.where(left, -1.0, 1.0), rows, places, frame, origin


@pytest.mark.parametrize("bound", [np.inf, 0.99])
def test_all_neurons_are_on_and_far(bound):
    count = 0
    for seed in range(20):
        found, side, rows, places, frame, origin = sought(seed, bound=bound)
        if found is None:
            continue
        count += 1
        point, room = found
        assert THRESHOLDS.room <= room <= 1.0
        assert np.abs(point).max() <= bound + 1e-9
        distance = side * (rows @ (frame.T @ (point - origin)) - places)
        size = np.sqrt(np.mean(rows**2, axis=1))
        assert (distance >= (room - 1e-7) * size).all()
    # Of eight half-spaces in six dimensions most have a point in common; few within bounds.
    assert count >= (10 if bound == np.inf else 1)


def test_where_there_is_no_such_point_none_is_found():
    rows = np.array([[1.0, 0.5], [1.0, 0.5]])
    frame, origin = np.eye(2), np.zeros(2)
    # The first one is on above 1, the second one below −1.
    places, left = np.array([1.0, -1.0]), np.array([False, True])
    assert where_all_are_on(rows, places, left, frame, origin, 20.0, np.inf) is None
    assert where_all_are_on(rows, places, ~left, frame, origin, 20.0, np.inf) is not None
    # Beyond the reach it is not looked for.
    assert where_all_are_on(rows, 50.0 + places, ~left, frame, origin, 20.0, np.inf) is None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("d", "k", "m"), [(24, 8, 16), (24, 10, 10)])
def test_where_all_are_on_most_directions_are_asked_once(d, k, m, seed):
    truth, line = crossed(seed, d=d, k=k, m=m)
    truth = replace(truth, L=np.zeros_like(truth.L))
    values = answers(truth)
    units = read(values, line, seen(truth, line))
    # On either end of the line some neurons are off.
    rate = truth.W @ line.direction
    assert 0 < np.sum(rate > 0.0) < k
    order = np.argsort(-truth.preactivations(line.origin[None])[0] / rate)
    W = truth.W[order] / np.abs(rate[order])[:, None]
    off = np.linalg.norm(units.W - W, axis=1) / np.linalg.norm(W, axis=1)
    assert (off <= 10.0 * units.errors).all()
    assert units.errors.max() < 1e-6
    assert not units.L.any()
    # About half as many directions as neurons are asked twice.
    assert len(values) < d + k + 4


def test_neurons_that_are_never_on_together_are_read_on_the_line():
    truth, line = crossed(0, d=12, k=4, m=6)
    W, b = truth.W.copy(), truth.b.copy()
    # The second one is the first one turned round, and off where that is on.
    W[1], b[1] = -W[0], -b[0] - 1.0 * abs(W[0] @ line.direction)
    truth = replace(truth, W=W, b=b, L=np.zeros_like(truth.L))
    values = answers(truth)
    units = read(values, line, seen(truth, line))
    assert_same_function(reading_of(units), truth, 3.0 * np.eye(12), 1e-6)
    assert len(values) >= 2 * 11


def test_where_another_neuron_is_on_it_is_asked_on_the_line():
    for seed in range(4):
        truth, line = crossed(seed, d=24, k=9, m=16)
        # The last neuron runs beside the line, and is on in half of the space but not here.
        W, b = truth.W.copy(), truth.b.copy()
        W[8] -= (W[8] @ line.direction) * line.direction
        b[8] = -1.0 - W[8] @ line.origin
        whole = replace(truth, W=W, b=b, L=np.zeros_like(truth.L))
        values = answers(whole)
        units = read(values, line, seen(whole, line, range(8)))
        near = whole.kept(np.arange(9) < 8)
        assert_same_function(reading_of(units), near, line.origin + spread(24, size=0.5), 1e-6)
        assert len(values) < 3 * 24


@pytest.mark.parametrize("effect", [1e-4, 1e-7])
def test_a_weak_neuron_that_is_on_as_well_is_noticed(effect):
    on = 0
    for seed in range(6):
        truth, line = crossed(seed, d=24, k=9, m=16)
        W, b, A = truth.W.copy(), truth.b.copy(), truth.A.copy()
        W[8] -= (W[8] @ line.direction) * line.direction
        b[8], A[:, 8] = -1.0 - W[8] @ line.origin, effect * A[:, 8]
        whole = replace(truth, W=W, b=b, A=A, L=np.zeros_like(truth.L))
        values = answers(whole)
        units = read(values, line, seen(whole, line, range(8)))
        near = whole.kept(np.arange(9) < 8)
        rate = near.W @ line.direction
        order = np.argsort(-near.preactivations(line.origin[None])[0] / rate)
        W = near.W[order] / np.abs(rate[order])[:, None]
        # It is not taken for a share of the others.
        off = np.linalg.norm(units.W - W, axis=1) / np.linalg.norm(W, axis=1)
        assert (off <= 10.0 * units.errors).all()
        # Where it is on, all directions are asked twice.
        on += len(values) > 2 * 23
    assert 0 < on < 6


def test_within_bounds_no_question_is_outside():
    used = 0
    for seed in range(6):
        truth, line = crossed(seed, d=20, k=6, m=8)
        # A line through the middle, and all kinks on the middle half of it.
        line = Line(0.1 * line.origin, line.direction)
        low, high = Region.of(20, bounds=(-1.0, 1.0)).ends(line.origin, line.direction, np.inf)
        places = np.linspace(0.5 * low, 0.5 * high, 6)
        b = -truth.W @ line.origin - truth.W @ line.direction * places
        truth = replace(truth, b=b, L=np.zeros_like(truth.L))
        values, kinks = answers(truth), seen(truth, line, ends=(low, high))
        units = read(values, line, kinks, region=Region.of(20, bounds=(-1.0, 1.0)))
        assert units.n_neurons == 6
        # Nothing clips what is asked here.
        assert np.abs(values.X).max() <= 1.0
        # On the line all directions would be asked twice.
        used += len(values) < 2 * 19
    assert used


def test_a_box_is_read_within_bounds():
    rng = np.random.default_rng(0)
    d, k, m = 20, 6, 8
    W, b = rng.standard_normal((k, d)), 0.1 * rng.standard_normal(k)
    network = TwoLayerNetwork(rng.standard_normal((m, k)), W, b, rng.standard_normal(m))
    box = Asked(network.predict)
    found = identify(box, d, bounds=(-1.0, 1.0), rng=0)
    assert found.status is Status.RECOVERED
    assert np.abs(box.X).max() <= 1.0
    assert found.network.n_neurons == k
