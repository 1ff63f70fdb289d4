"""Inputs that vary too little for their weights to be known."""

import numpy as np
import pytest

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.results import Status
from pureneuron.samples import ArraySamples


def drawn(seed, weak, *, n=2000, d=5, k=3, m=4, bias=False):
    rng = np.random.default_rng(seed)
    teacher = make_teacher(d, k, m, rng=rng)
    if bias:
        b, c = rng.uniform(-0.7, 0.7, k), rng.standard_normal(m)
        teacher = TwoLayerNetwork(teacher.A, teacher.W, b, c)
    X = rng.standard_normal((n, d))
    if weak == "repeats":
        X[:, -1] = X[:, 0] + 1e-4 * rng.standard_normal(n)
    else:
        X[:, -1] *= 1e-4
    return teacher, X, teacher.predict(X) + 0.1 * rng.standard_normal((n, m))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("weak", "named"), [("repeats", [0, 4]), ("hardly varies", [4])])
@pytest.mark.parametrize("seed", range(3))
def test_they_are_named_and_the_rest_is_recovered(seed, weak, named, bias):
    teacher, X, Y = drawn(seed, weak, bias=bias)
    options = {"fit_hidden_bias": bias, "fit_intercept": bias}
    recovery = recover(ArraySamples(X, Y), 3, rng=seed + 1, **options)
    assert recovery.status is Status.RECOVERED
    (note,) = recovery.notes
    assert "only 4 of 5 dimensions" in note
    assert note.endswith(": " + ", ".join(f"x{i}" for i in named))
    unknown = np.isinf(recovery.standard_errors.W)
    assert np.array_equal(np.flatnonzero(unknown.all(axis=0)), named)
    assert np.array_equal(np.flatnonzero(unknown.any(axis=0)), named)
    assert recovery.span.shape == (5, 4)
    # On inputs that vary in all directions the error is what that input does, and no more.
    fresh = np.random.default_rng(seed + 100).standard_normal((2000, 5))
    error = teacher.predict(fresh) - recovery.network.predict(fresh)
    assert np.mean(error**2) < 2.0 * np.mean(teacher.predict(fresh) ** 2)
    assert np.abs(recovery.network.W).max() <= 1.0


def test_what_one_neuron_shows_is_not_taken_from_it():
    # Two neurons have nothing to do with an input that the third rests on, in small units.
    rng = np.random.default_rng(0)
    units = np.array([1e-4, 1.0, 1.0, 1.0])
    W = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0], [0.0, 0.0, -1.0, 1.0]])
    teacher = TwoLayerNetwork(rng.standard_normal((3, 3)), W / units)
    X = units * rng.standard_normal((2000, 4))
    Y = teacher.predict(X) + 0.1 * rng.standard_normal((2000, 3))
    recovery = recover(ArraySamples(X, Y), 3, rng=0)
    assert recovery.status is Status.RECOVERED
    assert recovery.notes == ()
    assert recovery.loss == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize("weak", ["repeats", "hardly varies"])
def test_the_number_of_neurons_is_found_all_the_same(weak):
    # One output: the search begins with one neuron, and leaves inputs out on the way.
    _, X, Y = drawn(0, weak, d=4, m=1)
    recovery = recover(ArraySamples(X, Y), rng=0)
    assert recovery.network.n_neurons == 3
    assert recovery.status is Status.RECOVERED
    assert "only 3 of 4 dimensions" in recovery.notes[0]


def test_without_noise_all_inputs_are_known():
    teacher, X, _ = drawn(0, "hardly varies")
    recovery = recover(ArraySamples(X, teacher.predict(X)), 3, rng=0)
    assert recovery.status is Status.RECOVERED
    assert recovery.notes == ()
    assert recovery.network.match(teacher).error_W < 1e-12
