"""Boxes in single precision: what rounding hides is found in another way."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from known import in_single_precision

from pureneuron import TwoLayerNetwork, identify
from pureneuron.identify.coarse import Spread
from pureneuron.identify.doubts import unexplained
from pureneuron.identify.precision import probe
from pureneuron.identify.questions import Questions
from pureneuron.identify.reading import Reading
from pureneuron.identify.refine import Thresholds, hardly_switched, refined
from pureneuron.identify.region import Region
from pureneuron.identify.search import Search
from pureneuron.results import Status

KNOWN = 1e-6  # of a neuron of usual size


def normal(d, k, m, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.standard_normal((k, d)), rng.standard_normal(k)
    return TwoLayerNetwork(rng.standard_normal((m, k)), W, b, rng.standard_normal(m))


def with_weak_neuron(network, share, *, threshold=None):
    """Return the network with its first neuron weaker, and switched more seldom if asked for."""
    A, b = network.A.copy(), network.hidden_bias.copy()
    A[:, 0] *= share
    if threshold is not None:
        b[0] = -threshold * np.linalg.norm(network.W[0])
    return TwoLayerNetwork(A, network.W, b, network.output_bias)


def off(network, found):
    """Return how far off each row of W and its bias is, of unit length, up to its sign."""
    rows, read = (np.column_stack([net.W, net.hidden_bias]) for net in (network, found))
    rows, read = (each / np.linalg.norm(each, axis=1)[:, None] for each in (rows, read))
    both = np.concatenate([read, -read])
    return np.array([np.abs(both - row).max(axis=1).min() for row in rows])


@pytest.mark.parametrize("seed", range(4))
def test_a_weak_neuron_is_read_as_exactly_as_its_size_allows(seed):
    network = with_weak_neuron(normal(20, 10, 1, seed), 0.02)
    found = identify(in_single_precision(network), 20, rng=seed)
    assert found.status is Status.RECOVERED
    effects = np.linalg.norm(network.A, axis=0) * np.linalg.norm(network.W, axis=1)
    assert (off(network, found.network) < 10.0 * KNOWN * effects.max() / effects).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_rare_neuron_beside_many_outputs(seed):
    # Of its row a question shows one number, and only the few on one side show any.
    network = with_weak_neuron(normal(24, 6, 24, seed), 0.01, threshold=2.2)
    found = identify(in_single_precision(network), 24, rng=seed)
    assert found.status is Status.RECOVERED
    assert off(network, found.network).max() < 1e-3


def test_enough_questions_are_as_many_as_a_row_has_entries():
    rng = np.random.default_rng(0)
    reading = Reading.of(normal(30, 2, 30, 0), Region.of(30, 0.0, 1.0, None))
    reading = replace(reading, b=np.zeros(2))
    assert hardly_switched(reading, rng.standard_normal((50, 30))).all()
    assert not hardly_switched(reading, rng.standard_normal((150, 30))).any()


@pytest.mark.parametrize("missing", [1, 3])
def test_what_lines_leave_is_fitted(missing):
    network = normal(8, 12, 1, 5)
    rng = np.random.default_rng(0)
    questions = Questions(in_single_precision(network), Region.of(8, 0.0, 1.0, None))
    precision = probe(questions, rng)
    questions.output_scale = precision.size
    search = Search.begun(questions, precision, rng)
    whole = Reading.of(network, questions.region).scaled(1.0 / precision.size)
    inexact = replace(whole, W=whole.W * (1.0 + 1e-4 * rng.standard_normal(whole.W.shape)))
    inexact = replace(inexact, errors=np.full(12, 2e-4))
    search.reading = inexact.kept(np.arange(12) >= missing)
    Z = questions.region.draw(600, rng)
    search.spread = Spread(questions, precision, rng, Z, questions.ask(Z))
    search.ask_fresh()
    assert search.wrong().any()
    assert search.complete(20.0)
    search.ask_fresh()
    assert not search.wrong().any()
    assert search.accuracy() < 1e-5
    assert off(network, search.reading.network(questions.region)).max() < 1e-4


@pytest.mark.parametrize("kind", ["rounding", "neuron"])
def test_what_a_linear_function_leaves_is_held_against_what_it_leaves_beside(kind):
    rng = np.random.default_rng(0)
    M = rng.standard_normal((5, 1))

    def box(X):
        off = 1e-4 * np.maximum(X[:, :1] - 1.0, 0.0) if kind == "neuron" else 0.0
        return np.float32(X @ M + off)

    questions = Questions(box, Region.of(5, 0.0, 1.0, None))
    search = Search.begun(questions, probe(questions, rng), rng)
    before = search.precision
    spread = search.spread = Spread.asked(questions, before, rng, 6)
    linear = search.reading.with_linear(M.T, np.zeros(1))
    assert spread.leaves_rounding(linear) == (kind == "rounding")
    # It is asked once.
    count = questions.count
    spread.leaves_rounding(linear)
    assert questions.count == count
    # Rounding that is larger than it seemed counts from then on, everywhere.
    search.precision = spread.precision = replace(before, rounding=before.rounding / 5.0)
    search.reading = linear
    search._refine()
    if kind == "rounding":
        assert search.precision.rounding == spread.left(search.reading)
        assert spread.precision is search.precision
    else:
        assert search.precision.rounding == before.rounding / 5.0


def test_more_is_asked_for_neurons_that_are_seen_later():
    rng = np.random.default_rng(0)
    questions = Questions(in_single_precision(normal(8, 12, 1, 5)), Region.of(8, 0.0, 1.0, None))
    spread = Spread.asked(questions, probe(questions, rng), rng, 9)
    count = len(spread.Z)
    spread.ask_enough(10)
    assert len(spread.Z) == count
    spread.ask_enough(120)
    assert len(spread.Z) >= 4 * 120
    assert len(spread.Z) == len(spread.Y)


def test_without_time_nothing_is_fitted():
    network = normal(8, 12, 1, 5)
    rng = np.random.default_rng(0)
    questions = Questions(in_single_precision(network), Region.of(8, 0.0, 1.0, None))
    precision = probe(questions, rng)
    search = Search.begun(questions, precision, rng)
    assert not search.complete(20.0)  # There are no answers to fit.
    Z = questions.region.draw(600, rng)
    search.spread = Spread(questions, precision, rng, Z, questions.ask(Z))
    before = search.reading
    assert not search.complete(0.0)
    assert search.reading is before


@pytest.mark.parametrize("linear", [False, True])
def test_many_unknowns_of_one_output_are_fitted_with_their_sides(monkeypatch, linear):
    rng = np.random.default_rng(0)
    network = normal(40, 5, 1, 0)
    Z = rng.standard_normal((1500, 40))
    L = rng.standard_normal((1, 40)) if linear else np.zeros((1, 40))
    right = Reading(
        network.W, network.hidden_bias, network.A, L, network.output_bias, np.full(5, 1e-3)
    )
    Y = right(Z)
    near = replace(right, W=right.W + 1e-2 * rng.standard_normal(right.W.shape), L=0.99 * L)
    module = sys.modules["pureneuron.identify.refine"]
    monkeypatch.setattr(module, "THRESHOLDS", Thresholds(many_unknowns=0))
    new = refined(near, Z, Y)
    # Sides that are wrong at first are found anew.
    assert ((near.preactivations(Z) > 0.0) != (right.preactivations(Z) > 0.0)).any()
    assert np.abs(new(Z) - Y).max() < 1e-8 * np.abs(Y).max()
    scale = np.linalg.norm(right.W, axis=1)
    unit = np.linalg.norm(new.W, axis=1)
    np.testing.assert_allclose(new.W / unit[:, None], right.W / scale[:, None], atol=1e-8)
    np.testing.assert_allclose(new.A * unit, right.A * scale, rtol=1e-8)
    np.testing.assert_allclose(new.L, right.L, atol=1e-8)


@pytest.mark.parametrize("coarse", [False, True])
def test_the_first_line_is_the_one_that_shows_most(monkeypatch, coarse):
    network, rng = normal(300, 12, 1, 0), np.random.default_rng(0)
    box = in_single_precision(network) if coarse else network.predict
    questions = Questions(box, Region.of(300))
    precision = probe(questions, rng)
    questions.output_scale = precision.size
    traced, read = [], []
    trace, read_units = Search._traced, Search._read

    def tracing(self, line, *, first):
        traced.append(trace(self, line, first=first))
        return traced[-1]

    def reading(self, line, kinks, *, first):
        read.append(kinks)
        return read_units(self, line, kinks, first=first)

    monkeypatch.setattr(Search, "_traced", tracing)
    monkeypatch.setattr(Search, "_read", reading)
    search = Search.begun(questions, precision, rng)
    search._read_first_line()
    counts = [len(kinks.places) for kinks in traced]
    if coarse:
        # One of these lines hides a neuron.
        assert min(counts) < max(counts)
        assert len(read[0].places) == max(counts)
    else:
        assert len(counts) == 1
    # The reading is right at home.
    assert not unexplained(
        search.reading, search.home[None], *questions_at(search, search.home)
    ).any()


def questions_at(search, point):
    Y = search.questions.ask(point[None])
    return Y, search._rounding(point[None], Y)
