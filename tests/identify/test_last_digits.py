"""Gauss–Newton on all answers."""

from dataclasses import replace

import numpy as np
import pytest
from known import EPS, assert_same_function, drawn, spread

from pureneuron.identify.polish import affordable, jacobian, polished

ALL = np.arange(4)


def moved(reading, units, unknowns, *, linear):
    """Return a network with unknowns added, in the order that the documentation gives."""
    (k, d), m = reading.W.shape, len(reading.A)
    W, b, A = reading.W.copy(), reading.b.copy(), reading.A.copy()
    L, c = reading.L.copy(), reading.c.copy()
    rest = list(unknowns)

    def take(n):
        taken, rest[:] = rest[:n], rest[n:]
        return np.array(taken)

    for i in units:
        W[i] += take(d)
        b[i] += take(1)[0]
        A[:, i] += take(m)
    if len(units) == k:
        for output in range(m):
            if linear:
                L[output] += take(d)
            c[output] += take(1)[0]
    assert not rest
    return replace(reading, W=W, b=b, A=A, L=L, c=c)


@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("units", [[0, 1, 2, 3], [2, 0], [1]])
@pytest.mark.parametrize("m", [1, 3])
def test_derivatives_are_those_of_finite_differences(units, linear, m):
    reading, Z = drawn(0, m=m, linear=linear), spread(3, n=50)
    J = jacobian(reading, Z, np.array(units), linear=linear)
    count = len(units) * (3 + 1 + m)
    if len(units) == 4:
        count += m * (4 if linear else 1)
    assert J.shape == (50 * m, count)
    step = 1e-7
    for j, column in enumerate(J.T):
        unknowns = step * (np.arange(count) == j)
        above = moved(reading, units, unknowns, linear=linear)(Z)
        below = moved(reading, units, -unknowns, linear=linear)(Z)
        np.testing.assert_allclose(
            column, ((above - below) / (2.0 * step)).ravel(), rtol=1e-6, atol=1e-6
        )


def perturbed(truth, units, size, seed=0):
    rng = np.random.default_rng(seed)
    (_, d), m = truth.W.shape, len(truth.A)
    count = len(units) * (d + 1 + m) + (m * (d + 1) if len(units) == truth.n_neurons else 0)
    return moved(truth, units, size * rng.standard_normal(count), linear=True)


@pytest.mark.parametrize("units", [[0, 1, 2, 3], [3, 1]])
def test_a_reading_that_is_a_little_off_is_put_right(units):
    truth, Z = drawn(1), spread(3)
    start = perturbed(truth, units, 1e-4)
    exact = 1e-14 * (1.0 + np.linalg.norm(Z, axis=1))
    off = np.abs(start(Z) - truth(Z)).max()
    assert off > 1e-4
    found, errors = polished(start, Z, truth(Z), exact, np.array(units), linear=True)
    assert_same_function(found, truth, Z, 1e-12)
    assert errors.shape == (len(units),)
    assert errors.max() < 1e-11
    # Those that were not to move are where they were.
    stay = np.setdiff1d(ALL, units)
    np.testing.assert_array_equal(found.W[stay], start.W[stay])
    np.testing.assert_array_equal(found.A[:, stay], start.A[:, stay])
    if len(units) < 4:
        np.testing.assert_array_equal(found.L, start.L)
        np.testing.assert_array_equal(found.c, start.c)


def test_a_step_is_made_where_lapack_gives_up(monkeypatch):
    truth, Z = drawn(1), spread(3)
    start = perturbed(truth, [0, 1, 2, 3], 1e-4)
    exact = 1e-14 * (1.0 + np.linalg.norm(Z, axis=1))

    def gives_up(*args, **kwargs):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr(np.linalg, "svd", gives_up)
    found, _ = polished(start, Z, truth(Z), exact, ALL, linear=True)
    assert_same_function(found, truth, Z, 1e-12)


def test_without_a_linear_part_none_appears():
    truth, Z = drawn(2, linear=False), spread(3)
    start = replace(truth, W=truth.W + 1e-5, c=truth.c + 1e-5)
    found, _ = polished(start, Z, truth(Z), np.full(len(Z), 1e-14), ALL, linear=False)
    assert not found.L.any()
    assert_same_function(found, truth, Z, 1e-12)


def test_errors_are_those_that_inexact_answers_make():
    truth, Z = drawn(3), spread(3, n=150)
    length = np.linalg.norm(truth.W, axis=1)
    # Half of the questions are ten times as exact as the others, and count as much more.
    exact = np.where(np.arange(150) % 2, 1e-6, 1e-7)
    off, said = [], []
    for seed in range(60):
        noise = np.random.default_rng(seed).standard_normal((150, 2)) * exact[:, None]
        found, errors = polished(truth, Z, truth(Z) + noise, exact, ALL, linear=True)
        # The factor between w and a is free: rows are compared in direction.
        rows = found.W * (length / np.linalg.norm(found.W, axis=1))[:, None]
        across = rows - truth.W
        off.append(np.linalg.norm(across, axis=1) / length)
        said.append(errors)
    share = np.sqrt(np.mean(np.square(off), axis=0)) / np.mean(said, axis=0)
    assert (share > 0.5).all()
    assert (share < 2.0).all()


def test_what_cannot_get_better_stays():
    truth, Z = drawn(4), spread(3)
    found, _ = polished(truth, Z, truth(Z), np.full(len(Z), 1e-14), ALL, linear=True)
    assert_same_function(found, truth, Z, 10.0 * EPS)


def test_answers_that_no_network_gives_are_fitted_as_well_as_can_be():
    truth, Z = drawn(4), spread(3)
    Y = truth(Z) + 1e-3 * np.random.default_rng(0).standard_normal((len(Z), 2))
    start = perturbed(truth, ALL, 1e-3)
    found, errors = polished(start, Z, Y, np.full(len(Z), 1e-14), ALL, linear=True)
    left = np.linalg.norm(found(Z) - Y)
    assert left < np.linalg.norm(truth(Z) - Y) < np.linalg.norm(start(Z) - Y)
    # What stays unexplained says how exact it is, whatever the answers are said to be.
    rows, wanted = (each.W / np.linalg.norm(each.W, axis=1)[:, None] for each in (found, truth))
    assert (np.linalg.norm(rows - wanted, axis=1) < 10.0 * errors).all()
    assert errors.max() < 1e-2


def test_as_many_neurons_as_is_quick():
    reading = drawn(5, k=4, d=3, m=2)
    assert affordable(reading, 200) == 4
    counts = [affordable(reading, n) for n in (10**3, 10**5, 10**6, 10**7, 10**8)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < 4
    assert min(counts) >= 0
    assert affordable(drawn(5, k=1), 10**8) == 0
