"""Small minima about a minimum."""

import numpy as np
import pytest

from engine import make_problem, minimum
from pureneuron.inference.information import information
from pureneuron.optimize import Limits, distance
from pureneuron.search import polished


def rough(seed, *, n=60):
    problem, teacher = make_problem(seed, n=n, m=1, noise=0.3, fit_hidden_bias=True)
    fit = minimum(problem, teacher)
    return fit, information(fit)


def test_lower_ends_are_found_near_by_where_rows_are_few():
    gains = []
    for seed in range(10):
        fit, known = rough(seed)
        better = polished(fit, known, limits=Limits(50), rng=np.random.default_rng(0))
        assert better.loss <= fit.loss
        assert better.info is fit.info
        gains.append(1.0 - better.loss / fit.loss)
        if better.loss == fit.loss:
            assert better is fit
    # About a row in ten lies near a kink: most fits are not at the bottom.
    assert np.median(gains) > 1e-4


def test_lower_ends_are_found_without_information_too():
    # As where there are too many unknowns for it.
    gains = []
    for seed in range(10):
        fit, _ = rough(seed)
        better = polished(fit, None, limits=Limits(50), rng=np.random.default_rng(0))
        assert better.loss <= fit.loss
        gains.append(1.0 - better.loss / fit.loss)
    assert np.median(gains) > 1e-4


def test_without_information_it_takes_fewer_rows_for_descents_to_pay():
    options = {"limits": Limits(50), "rng": np.random.default_rng(0)}
    fits = [rough(seed, n=1000) for seed in range(5)]
    assert any(polished(fit, known, **options) is not fit for fit, known in fits)
    assert all(polished(fit, None, **options) is fit for fit, _ in fits)


def test_with_many_rows_and_without_noise_nothing_is_done():
    options = {"limits": Limits(50), "rng": np.random.default_rng(0)}
    fit, known = rough(0, n=5000)
    assert polished(fit, known, **options) is fit
    problem, teacher = make_problem(0, noise=0.0)
    exact = minimum(problem, teacher)
    assert polished(exact, information(exact), **options) is exact


def test_it_stays_within_the_noise():
    fit, known = rough(1, n=200)
    better = polished(fit, known, limits=Limits(50), rng=np.random.default_rng(0))
    assert distance(better.point, fit.point) < 0.1
    assert better.loss == pytest.approx(fit.loss, rel=1e-2)
