"""Readings: whatever is done to one leaves the function as it is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from known import assert_same_function, drawn, spread

from pureneuron.identify.reading import Reading
from pureneuron.identify.region import Region

Z = spread(3)


def joined(one, *others):
    """Return the network of the neurons of several, with the linear part of the first."""
    for other in others:
        one = one.with_units(other.W, other.b, other.A, other.errors)
    return one


def copied(reading, i, factor, share=0.5):
    """Return neuron i once more, times a factor inside, and a share of what it does outside."""
    unit = reading.kept(np.arange(reading.n_neurons) == i)
    return replace(unit, W=factor * unit.W, b=factor * unit.b, A=share * unit.A / abs(factor))


def test_the_function_is_what_the_formula_says():
    reading = drawn(0)
    by_hand = [
        reading.A @ np.maximum(reading.W @ z + reading.b, 0.0) + reading.L @ z + reading.c
        for z in Z
    ]
    np.testing.assert_allclose(reading(Z), by_hand, rtol=1e-12, atol=1e-12)
    nothing = Reading.nothing(3, 2)
    assert nothing.n_neurons == 0
    assert not nothing(Z).any()
    assert nothing(Z).shape == (len(Z), 2)


@given(seed=st.integers(0, 10**6), k=st.integers(1, 8), m=st.integers(1, 3))
def test_turned_round_it_is_the_same_function(seed, k, m):
    reading = drawn(seed, k=k, m=m)
    which = np.random.default_rng(seed).integers(2, size=k) > 0
    turned = reading.turned(which)
    assert_same_function(turned, reading, Z)
    np.testing.assert_array_equal(turned.W[which], -reading.W[which])
    np.testing.assert_array_equal(turned.W[~which], reading.W[~which])
    back = turned.turned(which)
    np.testing.assert_allclose(back.L, reading.L, atol=1e-13)
    np.testing.assert_allclose(back.c, reading.c, atol=1e-13)


@pytest.mark.parametrize("factor", [1.0, 3.0, -1.0, -0.2])
@pytest.mark.parametrize("linear", [False, True])
def test_neurons_of_the_same_hyperplane_are_united(factor, linear):
    alone = drawn(1, linear=linear)
    double = joined(alone, copied(alone, 2, factor))
    united = double.united()
    assert united.n_neurons == alone.n_neurons
    assert_same_function(united, double, Z)
    if factor > 0.0:
        np.testing.assert_array_equal(united.L, alone.L)
    else:
        assert np.abs(united.L - alone.L).max() > 1e-3


def test_three_of_the_same_hyperplane_are_one():
    alone = drawn(2)
    many = joined(alone, copied(alone, 1, -2.0), copied(alone, 1, 0.5, share=-0.3))
    united = many.united()
    assert united.n_neurons == alone.n_neurons
    assert_same_function(united, many, Z)


def test_neurons_that_nearly_coincide_stay_two():
    alone = drawn(3)
    near = copied(alone, 0, 1.0)
    for shift in (replace(near, b=near.b + 1e-4), replace(near, W=near.W + 1e-4)):
        both = joined(alone, shift)
        assert both.united().n_neurons == alone.n_neurons + 1
    # Unless they are known too badly to be told apart.
    blurred = replace(both, errors=np.full(both.n_neurons, 1e-3))
    assert blurred.united().n_neurons == alone.n_neurons
    assert_same_function(blurred.united(), both, Z, 1e-2)


def test_of_two_the_better_known_error_stays():
    alone = drawn(4)
    near = replace(copied(alone, 0, 1.0), errors=np.array([1e-12]))
    united = joined(alone, near).united()
    np.testing.assert_array_equal(np.sort(united.errors), [1e-12, 1e-9, 1e-9, 1e-9])


@pytest.mark.parametrize("factor", [2.0, -2.0])
def test_neurons_that_cancel_are_left_out(factor):
    alone = drawn(5)
    # Of σ(z) − σ(z) nothing is left, and of σ(z) − σ(−z) a linear function.
    idle = joined(alone, copied(alone, 3, factor, share=-1.0))
    united = idle.united()
    assert united.n_neurons == alone.n_neurons - 1
    assert_same_function(united, idle, Z)


def test_neurons_without_effect_are_left_out():
    reading = drawn(6)
    idle = replace(reading, A=reading.A * [1.0, 0.0, 1.0, 1.0])
    united = idle.united()
    assert united.n_neurons == reading.n_neurons - 1
    assert_same_function(united, idle, Z)


def test_nothing_to_unite():
    assert Reading.nothing(3, 2).united().n_neurons == 0
    reading = drawn(7, k=1)
    assert reading.united().n_neurons == 1
    assert_same_function(reading.united(), reading, Z)


def test_outputs_are_scaled():
    reading, size = drawn(8), np.array([1e5, 0.1])
    np.testing.assert_allclose(reading.scaled(size)(Z), size * reading(Z), rtol=1e-11)


def test_neurons_come_in_the_order_of_their_effect():
    reading = drawn(9, k=6)
    ordered = reading.by_effect()
    assert_same_function(ordered, reading, Z)
    effect = np.linalg.norm(ordered.A, axis=0) * np.linalg.norm(ordered.W, axis=1)
    assert (np.diff(effect) <= 0.0).all()
    # What belongs to a neuron goes with it.
    known = replace(reading, errors=np.arange(6.0)).by_effect()
    np.testing.assert_array_equal(reading.W[known.errors.astype(int)], known.W)
    np.testing.assert_array_equal(reading.b[known.errors.astype(int)], known.b)


def test_some_neurons_and_more_of_a_linear_part():
    reading = drawn(10)
    which = np.array([True, False, True, False])
    some, others = reading.kept(which), reading.kept(~which)
    bare = replace(others, L=0.0 * others.L, c=0.0 * others.c)
    np.testing.assert_allclose(some(Z) + bare(Z), reading(Z), atol=1e-11)
    more = reading.with_linear(np.ones((2, 3)), np.array([1.0, -1.0]))
    wanted = reading(Z) + Z.sum(axis=1, keepdims=True) + [1.0, -1.0]
    np.testing.assert_allclose(more(Z), wanted, atol=1e-11)


@pytest.mark.parametrize("slope", [0.0, 0.2, -0.4])
def test_the_network_is_in_the_units_of_the_user(slope):
    region = Region.of(3, center=[1.0, 1e3, -1e-4], scale=[1.0, 100.0, 1e-3])
    reading = drawn(11)
    network = reading.network(region, slope)
    X = region.to_inputs(Z)
    pre = reading.preactivations(Z)
    hidden = np.where(pre > 0.0, pre, slope * pre)
    wanted = hidden @ reading.A.T + Z @ reading.L.T + reading.c
    np.testing.assert_allclose(network.predict(X), wanted, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(network.W, axis=1), 1.0, rtol=1e-12)
    assert network.negative_slope == slope


def test_uncertainty_says_how_far_off_outputs_may_be():
    reading = drawn(12, k=6, d=3)
    rng = np.random.default_rng(0)
    reading = replace(reading, errors=10.0 ** rng.uniform(-6.0, -3.0, 6))
    allowed, off = reading.uncertainty(Z), []
    for _ in range(200):
        moves = rng.standard_normal(reading.W.shape)
        size = reading.errors * np.linalg.norm(reading.W, axis=1)
        moves *= (size / np.linalg.norm(moves, axis=1))[:, None]
        off.append(np.linalg.norm(replace(reading, W=reading.W + moves)(Z) - reading(Z), axis=1))
    # Typical errors are neither larger than what it says, nor much smaller.
    share = np.sqrt(np.mean(np.square(off), axis=0)) / allowed
    assert share.max() < 2.0
    assert np.median(share) > 0.1
    assert not Reading.nothing(3, 2).uncertainty(Z).any()
