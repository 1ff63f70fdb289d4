"""Boxes with noise: a fit to the most telling questions."""

import time
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from known import Asked, drawn

from networks import random_network
from pureneuron import identify, recover
from pureneuron.identify.design import designed
from pureneuron.identify.polish import jacobian
from pureneuron.identify.region import Region
from pureneuron.results import Status


def noisy(network, size):
    # Of a seed of its own: with that of the questions it would be a function of them.
    rng = np.random.default_rng(100)

    def box(X):
        Y = network.predict(X)
        return Y + size * rng.standard_normal(Y.shape)

    return Asked(box)


def variance_of_rows(reading, Z):
    """Return the mean variance of the entries of W, rows of unit length, for noise of size one."""
    k, d = reading.W.shape
    m = len(reading.A)
    J = jacobian(reading, Z, np.arange(k), linear=False)
    # By the pseudo-inverse: scale is free between w and a.
    covariance = np.linalg.pinv(J.T @ J, rcond=1e-10)
    total = 0.0
    for i, w in enumerate(reading.W):
        at = slice(i * (d + 1 + m), i * (d + 1 + m) + d)
        unit = w / np.linalg.norm(w)
        across = (np.eye(d) - np.outer(unit, unit)) / np.linalg.norm(w)
        total += np.trace(across @ covariance[at, at] @ across)
    return total / (k * d)


@pytest.mark.parametrize("bounds", [None, (-2.0, 3.0)])
def test_designed_questions_tell_more_than_random_ones(bounds):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        reading, region = drawn(seed, k=4, d=4, m=2, linear=False), Region.of(4, bounds=bounds)
        asked = region.draw(150, rng)
        Z = designed(reading, asked, 100, region, rng)
        assert Z.shape == (100, 4)
        assert (region.low <= Z).all()
        assert (region.high >= Z).all()
        more = region.draw(100, rng)
        best = variance_of_rows(reading, np.concatenate([asked, Z]))
        usual = variance_of_rows(reading, np.concatenate([asked, more]))
        assert best < 0.7 * usual
    assert designed(reading, asked, 0, region, rng).shape == (0, 4)


@pytest.mark.parametrize("m", [1, 3])
def test_a_network_behind_noise_is_fitted_and_certified(m):
    network = random_network(0, d=3, k=2, m=m)
    box = noisy(network, 0.05)
    found = identify(box, 3, noise=True, rng=0)
    assert found.status is Status.RECOVERED
    assert found.network.n_neurons == 2
    assert len(box) == found.n_questions
    errors = found.standard_errors
    match = found.network.match(network)
    W = network.normalized().W[match.right]
    # Twelve entries, each within four of its standard errors.
    assert (np.abs(found.network.W[match.left] - W) < 4.0 * errors.W[match.left]).all()
    assert 0.03 < np.sqrt(found.loss) < 0.07
    assert found.largest_share_wrong is None


def test_questions_go_on_until_errors_are_as_small_as_wanted():
    network = random_network(1, d=3, k=2, m=2)
    first = identify(noisy(network, 0.1), 3, noise=0.1, rng=0)
    tol = 0.5 * first.standard_errors.W.max()
    box = noisy(network, 0.1)
    found = identify(box, 3, noise=0.1, tol=tol, rng=0)
    assert found.status is Status.RECOVERED
    assert found.standard_errors.W.max() <= tol
    # Random questions would be four times as many for half the error.
    assert first.n_questions < found.n_questions < 4.0 * first.n_questions
    assert len(box) == found.n_questions
    spent = identify(
        noisy(network, 0.1), 3, noise=0.1, tol=0.1 * tol, budget=found.n_questions, rng=0
    )
    assert spent.status is Status.OUT_OF_BUDGET
    assert spent.n_questions <= found.n_questions
    assert spent.network.match(network).error_W < 0.1


def test_a_budget_for_no_fit():
    box = noisy(random_network(1, d=3, k=2, m=2), 0.1)
    found = identify(box, 3, noise=True, budget=2, rng=0)
    assert found.status is Status.OUT_OF_BUDGET
    assert len(box) == found.n_questions <= 2


def test_an_answer_that_is_not_finite_gets_its_status():
    network = random_network(1, d=3, k=2, m=1)
    box = noisy(network, 0.1)
    found = identify(lambda X: np.where(X[:, :1] > 2.0, np.nan, box(X)), 3, noise=True, rng=0)
    assert found.status is Status.NOT_FINITE
    assert "not finite" in found.reason


@pytest.mark.parametrize("while_fitting", [False, True])
def test_after_an_interrupt_the_last_fit_is_returned(while_fitting, monkeypatch):
    network = random_network(1, d=3, k=2, m=1)
    box, fits = noisy(network, 0.1), []

    def interrupted(*args, **options):
        fits.append(recover(*args, **options))
        if while_fitting and len(fits) > 1:
            # What a fit returns after Ctrl-C.
            reason = "interrupted before the search had ended"
            return replace(fits[-1], status=Status.NOT_CONVERGED, reason=reason)
        return fits[-1]

    def asked(X):
        if fits and not while_fitting:
            raise KeyboardInterrupt
        return box(X)

    monkeypatch.setattr(import_module("pureneuron.identify.sampled"), "recover", interrupted)
    found = identify(asked, 3, noise=True, tol=1e-3, rng=0)
    assert found.status is Status.NOT_CONVERGED
    assert found.reason.startswith("interrupted; before, the fit was RECOVERED")
    assert len(fits) == 1 + while_fitting
    np.testing.assert_array_equal(found.network.W, fits[0].network.W)
    with pytest.raises(KeyboardInterrupt):
        identify(raising, 3, noise=True, rng=0)


@pytest.mark.parametrize("while_fitting", [False, True])
def test_after_the_time_limit_the_last_fit_is_returned(while_fitting, monkeypatch):
    network = random_network(1, d=3, k=2, m=1)
    box, fits, hours = noisy(network, 0.1), [], [0.0]

    def long(*args, time_limit, **options):
        fits.append(recover(*args, **options))
        if while_fitting and len(fits) > 1:
            # What a fit returns that this limit ends.
            hours[0] += time_limit
            reason = f"ended by time_limit={time_limit:g} s before the fit was checked"
            return replace(fits[-1], status=Status.NOT_CONVERGED, reason=reason)
        hours[0] += 0.0 if while_fitting else 4000.0
        return fits[-1]

    clock = time.perf_counter
    monkeypatch.setattr("pureneuron.monitor.time.perf_counter", lambda: clock() + hours[0])
    monkeypatch.setattr(import_module("pureneuron.identify.sampled"), "recover", long)
    found = identify(box, 3, noise=True, tol=1e-3, time_limit=3600.0, rng=0)
    assert found.status is Status.NOT_CONVERGED
    assert found.reason.startswith("ended by time_limit=3600 s; before, the fit was RECOVERED")
    assert len(fits) == 1 + while_fitting
    np.testing.assert_array_equal(found.network.W, fits[0].network.W)


@pytest.mark.parametrize("while_fitting", [False, True])
def test_a_time_limit_for_no_fit(while_fitting, monkeypatch):
    def in_no_time(*_, time_limit, **__):
        raise TimeoutError(f"time_limit={time_limit:g} s has passed before there was a network")

    box = noisy(random_network(1, d=3, k=2, m=1), 0.1)
    if while_fitting:
        monkeypatch.setattr(import_module("pureneuron.identify.sampled"), "recover", in_no_time)
    found = identify(slowly(box, 0.05), 3, noise=True, time_limit=0.01, rng=0)
    assert found.status is Status.NOT_CONVERGED
    assert found.reason == "ended by time_limit=0.01 s before there was a fit"
    assert found.network.n_neurons == 0


def slowly(box, seconds):
    def asked(X):
        time.sleep(seconds)
        return box(X)

    return asked


def raising(X):
    raise KeyboardInterrupt


def test_more_than_the_noise_that_was_said_is_no_network():
    network = random_network(2, d=3, k=2, m=2)
    found = identify(noisy(network, 0.1), 3, noise=0.02, rng=0)
    assert found.status is Status.MISFIT
    assert not found.certified


def test_no_noisy_question_is_asked_outside_of_the_bounds():
    network = random_network(3, d=3, k=2, m=2)
    # Rounding must not lead outside from questions on the bounds.
    low, high = np.full(3, 0.1), np.array([1.1 / 3.0, 0.7, 1.0 / 3.0])
    middle, width = 0.5 * (low + high), 0.2 * (high - low)
    shifted = in_other_units(network, middle, width)
    first = identify(noisy(shifted, 0.05), 3, bounds=(low, high), noise=True, rng=0)
    tol = 0.7 * first.standard_errors.W.max()
    box = noisy(shifted, 0.05)
    identify(box, 3, bounds=(low, high), noise=True, tol=tol, rng=0)
    assert len(box) > first.n_questions
    assert (low <= box.X).all()
    assert (high >= box.X).all()


def in_other_units(network, center, scale):
    """Return the network of inputs in other units."""
    W = network.W / scale
    return type(network)(network.A, W, network.hidden_bias - W @ center, network.output_bias)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"noise": -0.1}, "noise must be True, False, or the standard deviation .* got -0.1"),
        ({"noise": None}, "noise must be True, False, or the standard deviation .* got None"),
        ({"noise": "auto"}, "noise must be True, False, or the standard deviation"),
        ({"noise": np.nan}, "noise must be True, False, or the standard deviation"),
        ({"tol": 0.1}, "give noise=True as well"),
        ({"noise": True, "tol": 0.0}, "tol must be a positive number, got 0.0"),
        ({"noise": True, "n_fresh": 100}, "n_fresh is for answers without noise"),
        ({"noise": True, "link": "sigmoid"}, "behind a sigmoid noise cannot be fitted"),
    ],
)
def test_arguments_of_noise_are_checked(arguments, message):
    box = Asked(random_network(0).predict)
    with pytest.raises(ValueError, match=message):
        identify(box, 4, **arguments)
    assert not box.calls
