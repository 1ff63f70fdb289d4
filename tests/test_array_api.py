"""Data in a library that has the Array API and nothing else, on a device: the whole method."""

from __future__ import annotations

import numpy as np
import pytest

from elsewhere import there
from pureneuron import recover
from pureneuron.datasets import make_teacher
from pureneuron.inference.blocks import blocks_of_groups, consecutive_blocks
from pureneuron.initialize import random_start
from pureneuron.optimize import Limits, minimize
from pureneuron.problem import pose
from pureneuron.results import Status
from pureneuron.samples import ArraySamples
from pureneuron.search import swap_search
from pureneuron.spectral import linear_part, linear_rank


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    teacher = make_teacher(5, 3, 4, rng=rng)
    X = rng.standard_normal((6000, 5))
    return X, teacher.predict(X) + 0.05 * rng.standard_normal((6000, 4))


def strict(*arrays):
    return map(there, arrays)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"init": "random", "n_restarts": 3},
        {"init": "moments"},
        {"init": "moments", "refine": False},
        {"fit_hidden_bias": True, "fit_intercept": True},
        {"negative_slope": "auto"},
        {"noise_covariance": "full"},
        {"n_neurons": 4},
        {"n_neurons": "auto"},
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_network_is_that_of_numpy(data, options, weighted):
    X, Y = data
    weight = np.linspace(0.0, 2.0, len(X)) if weighted else None
    options = {"n_neurons": 3, "rng": 0, **options}
    plain = recover(ArraySamples(X, Y, weight), **options)
    other = recover(ArraySamples(*strict(X, Y, weight)), **options)
    assert other.status is plain.status
    assert isinstance(other.network.W, np.ndarray)
    assert other.loss == pytest.approx(plain.loss, rel=1e-6)
    if plain.status is Status.RECOVERED:
        assert other.network.match(plain.network).error_W < 1e-6


def test_blocks_of_rows_share_a_sign_too(data):
    X, Y = data
    labels = np.arange(len(X)) // 40
    ranks = []
    for arrays in ((X, Y), strict(X, Y)):
        problem = pose(ArraySamples(*arrays, groups=labels))
        for blocks in (consecutive_blocks(len(X), 100), blocks_of_groups(problem, 100)):
            rng = np.random.default_rng(0)
            ranks.append(linear_rank(problem, linear_part(problem), rng=rng, blocks=blocks).value)
    assert ranks == [3] * 4


def test_basin_hopping_too():
    # With few rows, descents are made side by side.
    rng = np.random.default_rng(1)
    teacher = make_teacher(5, 4, 3, rng=rng)
    X = rng.standard_normal((100, 5))
    Y = teacher.predict(X) + 0.1 * rng.standard_normal((100, 3))
    found = []
    for arrays in ((X, Y), strict(X, Y)):
        told = []
        found.append(recover(ArraySamples(*arrays), 4, rng=0, callback=told.append))
        assert "hopping" in {progress.stage for progress in told}
    assert found[1].status is found[0].status
    assert found[1].loss == pytest.approx(found[0].loss, rel=1e-6)


def test_swaps_of_neurons_too():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((200, 4))
    Y = make_teacher(4, 4, 4, rng=rng).predict(X) + 0.3 * rng.standard_normal((200, 4))
    losses = []
    for arrays in ((X, Y), strict(X, Y)):
        problem = pose(ArraySamples(*arrays))
        start = minimize(problem, random_start(problem, 4, rng=np.random.default_rng(3)))
        swapped = swap_search(start, rng=np.random.default_rng(0), limits=Limits())
        losses.append(swapped.loss)
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)


def recovered(arrays, n_neurons=3, *, groups=None, **options):
    return recover(ArraySamples(*arrays, groups=groups), n_neurons, rng=0, **options)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {"errors": "iid"},
        {"errors": "robust"},
        {"errors": "serial"},
        {"groups": True},
        {"groups": True, "fit_hidden_bias": True, "fit_intercept": True, "n_restarts": 2},
        {"errors": "serial", "fit_hidden_bias": True, "fit_intercept": True, "n_restarts": 2},
        {"errors": "robust", "negative_slope": "auto"},
        {"errors": "serial", "negative_slope": "auto"},
    ],
)
def test_inference_is_that_of_numpy(data, options, weighted):
    X, Y = (M[:800] for M in data)
    weight = np.linspace(0.5, 2.0, len(X)) if weighted else None
    options = dict(options)
    if options.pop("groups", False):
        options["groups"] = np.arange(len(X)) % 40
    plain = recovered((X, Y, weight), **options)
    other = recovered(tuple(strict(X, Y, weight)), **options)
    assert other.reason == plain.reason
    assert other.standard_errors.kind == plain.standard_errors.kind
    scale = np.abs(plain.standard_errors.covariance).max()
    assert other.standard_errors.covariance == pytest.approx(
        plain.standard_errors.covariance, rel=1e-3, abs=1e-3 * scale
    )
    figures = [each.stage("inference").figures for each in (plain, other)]
    for name in ("omitted_unit_p_value", "lag"):
        assert figures[1][name] == pytest.approx(figures[0][name], rel=1e-2)


def test_rows_that_repeat_are_found_too(data):
    X, Y = (np.tile(M[:300], (10, 1)) for M in data)
    plain = recovered((X, Y))
    other = recovered(tuple(strict(X, Y)))
    assert other.standard_errors.kind == plain.standard_errors.kind == "groups"
    assert other.standard_errors.A == pytest.approx(plain.standard_errors.A, rel=1e-2)


def test_the_test_for_a_neuron_less_too(data):
    X, Y = (M[:1500] for M in data)
    plain, other = (
        recovered(arrays, errors="serial").stage("inference").figures
        for arrays in ((X, Y), tuple(strict(X, Y)))
    )
    assert other["smaller_gain"] == pytest.approx(plain["smaller_gain"], rel=1e-3)
    assert max(other["smaller_p_value"], plain["smaller_p_value"]) < 1e-6
