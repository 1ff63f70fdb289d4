"""Neurons that were turned round are turned back."""

from dataclasses import replace

import numpy as np
import pytest
from known import assert_same_function, drawn, spread

from pureneuron.identify.orientation import oriented
from pureneuron.identify.reading import Reading


def leaky(reading, slope):
    """Return the function of a network whose rectifiers have a slope on the negative side."""

    def function(Z):
        pre = reading.preactivations(Z)
        hidden = np.where(pre > 0.0, pre, slope * pre)
        return hidden @ reading.A.T + Z @ reading.L.T + reading.c

    return function


def as_it_is_read(reading, slope, which):
    """Return the plain network of the same function, some of its neurons turned round."""
    # σ_s(z) = (1 − s) σ(z) + s z
    moved = slope * reading.A
    plain = replace(reading, A=(1.0 - slope) * reading.A)
    plain = plain.with_linear(moved @ reading.W, moved @ reading.b)
    return plain.turned(which)


def assert_turned_back(found, truth, tolerance=1e-7):
    for name in ("W", "b", "A"):
        wanted = getattr(truth, name)
        size = tolerance * np.abs(wanted).max()
        np.testing.assert_allclose(getattr(found, name), wanted, rtol=0.0, atol=size, err_msg=name)
    assert not found.L.any()
    np.testing.assert_allclose(found.c, truth.c, atol=tolerance * (1.0 + np.abs(truth.c).max()))


@pytest.mark.parametrize("slope", [0.0, 0.1, 0.7, -0.3])
@pytest.mark.parametrize(
    ("d", "k", "m"), [(5, 5, 1), (3, 6, 2), (2, 1, 1), (10, 30, 4), (4, 12, 3)]
)
def test_with_as_many_equations_as_neurons(d, k, m, slope):
    for seed in range(4):
        truth = drawn(seed, d=d, k=k, m=m, linear=False)
        which = np.random.default_rng(seed).integers(2, size=k) > 0
        read = as_it_is_read(truth, slope, which)
        Z = spread(d)
        assert_same_function(read, leaky(truth, slope), Z)
        found, negative = oriented(read)
        assert negative == pytest.approx(slope, abs=1e-9)
        assert_turned_back(found, truth)
        assert_same_function(leaky(found, negative), read, Z, 1e-7)


@pytest.mark.parametrize(
    ("d", "k", "m"), [(1, 4, 1), (5, 8, 1), (5, 20, 1), (10, 30, 1), (4, 10, 2)]
)
def test_with_fewer_equations_than_neurons_there_is_one_choice(d, k, m):
    for seed in range(3):
        truth = drawn(seed, d=d, k=k, m=m, linear=False)
        which = np.random.default_rng(seed).integers(2, size=k) > 0
        found, negative = oriented(truth.turned(which))
        assert negative == 0.0
        assert_turned_back(found, truth)


@pytest.mark.parametrize("whole", [False, True])
def test_many_neurons_of_one_input(whole):
    # Many sums are nearly equal, and those of whole numbers are the same, hundreds of millions.
    rng = np.random.default_rng(0)
    k = 40
    W, b, A = rng.integers(1, 4, (k, 1)), rng.standard_normal(k), rng.integers(1, 4, (1, k))
    truth = Reading.nothing(1, 1).with_units(W if whole else W * rng.random((k, 1)), b, A, b * 0.0)
    which = rng.integers(2, size=k) > 0
    found, negative = oriented(truth.turned(which))
    assert negative == 0.0
    assert not found.L.any()
    assert_same_function(found, truth, spread(1))


def test_with_more_than_half_as_many_equations_a_linear_program_decides():
    truth = drawn(0, d=40, k=60, m=1, linear=False)
    which = np.random.default_rng(0).integers(2, size=60) > 0
    found, negative = oriented(truth.turned(which))
    assert negative == 0.0
    assert_turned_back(found, truth)


def test_rounding_of_what_was_read_does_no_harm():
    rng = np.random.default_rng(0)
    for d, k, m in ((5, 5, 1), (5, 12, 1), (4, 6, 3)):
        truth = drawn(1, d=d, k=k, m=m, linear=False)
        read = truth.turned(rng.integers(2, size=k) > 0)
        read = replace(
            read,
            W=read.W * (1.0 + 1e-9 * rng.standard_normal(read.W.shape)),
            L=read.L + 1e-9 * rng.standard_normal(read.L.shape),
        )
        found, _ = oriented(read)
        assert_turned_back(found, truth, 1e-6)
        assert_same_function(found, read, spread(d), 1e-6)


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_neurons_of_very_different_size_are_turned_as_well(slope):
    truth = drawn(2, d=6, k=6, m=2, linear=False)
    truth = replace(truth, A=truth.A * np.logspace(0.0, -9.0, 6))
    which = np.array([True, False, True, False, True, True])
    found, negative = oriented(as_it_is_read(truth, slope, which))
    assert negative == pytest.approx(slope, abs=1e-9)
    assert_turned_back(found, truth)


@pytest.mark.parametrize(("d", "k", "m"), [(5, 3, 2), (5, 12, 1), (5, 32, 1), (3, 50, 1)])
def test_a_linear_part_of_its_own_stays(d, k, m):
    truth = drawn(3, d=d, k=k, m=m, linear=True)
    which = np.random.default_rng(3).integers(2, size=k) > 0
    read = truth.turned(which)
    found, negative = oriented(read)
    assert negative == 0.0
    assert_same_function(found, read, spread(d))
    assert np.abs(found.L).max() > 1e-3
    # Either way round they are the same neurons.
    np.testing.assert_allclose(np.abs(found.W), np.abs(truth.W))
    # What is left is no larger than as it was read.
    assert np.linalg.norm(found.L) <= np.linalg.norm(read.L) * (1.0 + 1e-12)


def test_a_slope_that_cannot_be_told_leaves_a_linear_part():
    # Twelve neurons, and five equations for them and the slope.
    truth = drawn(5, d=5, k=12, m=1, linear=False)
    read = as_it_is_read(truth, 0.3, np.arange(12) % 3 == 0)
    found, negative = oriented(read)
    assert_same_function(leaky(found, negative), leaky(truth, 0.3), spread(5))


def test_nothing_to_turn():
    linear = Reading.nothing(3, 2).with_linear(np.ones((2, 3)), np.ones(2))
    found, negative = oriented(linear)
    assert negative == 0.0
    np.testing.assert_array_equal(found.L, linear.L)
    truth = drawn(4, linear=False)
    rounding = truth.with_linear(np.full((2, 3), 1e-13), np.zeros(2))
    found, negative = oriented(rounding)
    assert negative == 0.0
    assert_turned_back(found, truth)


def test_what_answers_do_not_allow_to_leave_out_stays():
    truth = drawn(6, d=6, k=4, m=1, linear=False)
    read = truth.with_linear(np.full((1, 6), 2e-5), np.zeros(1))
    assert not oriented(read)[0].L.any()
    Z = spread(6)

    def is_as_good(reading, slope):
        return bool(np.abs(leaky(reading, slope)(Z) - read(Z)).max() < 1e-9)

    found, negative = oriented(read, is_as_good)
    assert negative == 0.0
    assert_same_function(found, read, Z)


@pytest.mark.parametrize("factor", [1.0, 3.0, 1.0 / 3.0])
def test_an_absolute_value_has_a_slope_that_a_network_may_have(factor):
    for seed in range(4):
        truth = drawn(seed, d=3, k=2, m=1, linear=False)
        truth = replace(truth, A=factor * truth.A)
        read = as_it_is_read(truth, -1.0, np.array([True, False]))
        found, negative = oriented(read)
        assert -1.0 < negative < -0.999
        assert_same_function(leaky(found, negative), leaky(truth, -1.0), spread(3))
