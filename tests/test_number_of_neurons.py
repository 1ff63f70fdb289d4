"""n_neurons="auto": the least number whose fit leaves no trace in the residual."""

import sys

import numpy as np
import pytest
from scipy.signal import lfilter

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.results import Status
from pureneuron.samples import ArraySamples


def drawn(seed, *, n=2000, d=4, k=3, m=1, noise=0.1, bias=False):
    rng = np.random.default_rng(seed)
    teacher = make_teacher(d, k, m, rng=rng)
    if bias:
        b, c = rng.uniform(-0.7, 0.7, k), rng.standard_normal(m)
        teacher = TwoLayerNetwork(teacher.A, teacher.W, b, c)
    X = rng.standard_normal((n, d))
    return teacher, X, teacher.predict(X) + noise * rng.standard_normal((n, m))


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("seed", range(2))
def test_of_one_output(k, seed):
    teacher, X, Y = drawn(seed, k=k)
    recovery = recover(ArraySamples(X, Y), rng=seed)
    assert recovery.network.n_neurons == k
    assert recovery.status is Status.RECOVERED
    assert recovery.network.match(teacher).error_W < 0.05


def test_of_fewer_outputs_than_neurons():
    teacher, X, Y = drawn(0, d=6, k=5, m=3, n=4000)
    for init in ("auto", "moments", "random"):
        recovery = recover(ArraySamples(X, Y), init=init, rng=0)
        assert recovery.network.n_neurons == 5
        assert recovery.network.match(teacher).error_W < 0.05


def test_with_biases():
    teacher, X, Y = drawn(0, d=5, m=2, n=3000, bias=True)
    recovery = recover(ArraySamples(X, Y), fit_hidden_bias=True, fit_intercept=True, rng=0)
    assert recovery.network.n_neurons == 3
    assert recovery.network.match(teacher).error_W < 0.05


@pytest.mark.parametrize("first", [1, 2, 5])
def test_from_a_wrong_rank(first, monkeypatch):
    monkeypatch.setattr(sys.modules["pureneuron.recover"], "first_number", lambda *_: first)
    teacher, X, Y = drawn(1, d=5, m=4)
    recovery = recover(ArraySamples(X, Y), rng=0)
    assert recovery.network.n_neurons == 3
    assert recovery.status is Status.RECOVERED
    assert recovery.network.match(teacher).error_W < 0.05


@pytest.mark.parametrize("n", [400, 8000])
def test_is_not_certified_where_a_neuron_hardly_weaker_could_hide(n):
    _, X, Y = drawn(0, k=2, m=3, n=n, noise=0.6)
    found = recover(ArraySamples(X, Y), rng=0)
    assert found.network.n_neurons == 2
    assert found.certified == (n > 1000)
    if not found.certified:
        assert found.status is Status.TOO_FEW_SAMPLES
        assert "2 neurons show" in found.reason
        assert "could hide in the noise" in found.reason
    # Who gives the number vouches for it.
    assert recover(ArraySamples(X, Y), 2, rng=0).certified


@pytest.mark.parametrize("seed", [5, 12, 34])
def test_two_neurons_that_are_merged_into_one_are_told_apart(seed):
    # Counts of six bumps that overlap: five do nearly as well, and none of them is missed alone.
    rng = np.random.default_rng(seed)
    centres = np.linspace(2.0, 17.0, 6) + rng.uniform(-0.5, 0.5, 6)
    widths = 2.0 * rng.uniform(0.7, 1.2, 6)
    W = np.exp(-0.5 * ((np.arange(20) - centres[:, None]) / widths[:, None]) ** 2)
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    A, X = rng.uniform(0.3, 1.0, (8, 6)), rng.standard_normal((20_000, 20))
    means = np.maximum(X @ W.T, 0.0) @ A.T
    Y = rng.poisson(0.5 * means / means.mean(axis=0)).astype(np.float64)
    assert recover(ArraySamples(X, Y), rng=0).network.n_neurons == 6


def test_of_noise_alone_is_one_that_is_not_needed():
    rng = np.random.default_rng(0)
    recovery = recover(ArraySamples(rng.standard_normal((500, 3)), rng.standard_normal(500)), rng=0)
    assert recovery.network.n_neurons == 1
    assert recovery.status is Status.RANK_DEFICIENT


def test_ends_where_no_network_fits():
    # A product of inputs: each neuron more explains a little more.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 3))
    Y = X[:, :1] * X[:, 1:2] + 0.1 * rng.standard_normal((2000, 1))
    recovery = recover(ArraySamples(X, Y), rng=0, n_restarts=2)
    assert recovery.status is not Status.RECOVERED
    # 32 are tried at most.
    assert recovery.network.n_neurons <= 32


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("n_neurons", [3, "auto"])
def test_rows_that_repeat_do_not_change_it(n_neurons, shuffled):
    _, X, Y = drawn(4, d=4, k=3, m=3, n=500, noise=0.3)
    # Whether one copy follows the other or not: chance at some lag is that of 500 rows.
    order = np.random.default_rng(0).permutation(20 * 500) if shuffled else slice(None)
    repeated = ArraySamples(np.tile(X, (20, 1))[order], np.tile(Y, (20, 1))[order])
    once = recover(ArraySamples(X, Y), n_neurons, rng=0)
    often = recover(repeated, n_neurons, rng=0)
    assert once.status is often.status is Status.RECOVERED
    assert often.network.n_neurons == 3
    assert often.network.match(once.network).error_W < 0.01
    assert often.standard_errors.kind == "groups"
    # Standard errors are those of 500 rows, not of 10 000.
    ratio = often.standard_errors.A.mean() / once.standard_errors.A.mean()
    assert 0.8 < ratio < 1.25


def test_many_neurons_behind_one_output_are_grown():
    # The rank of B is one: neurons are added until the residual shows no more.
    teacher, X, Y = drawn(3, d=6, k=9, n=8000, noise=0.0, bias=True)
    heard = []
    options = {"fit_hidden_bias": True, "fit_intercept": True, "rng": 0}
    recovery = recover(ArraySamples(X, Y), callback=heard.append, **options)
    assert recovery.status is Status.RECOVERED
    assert recovery.network.n_neurons == 9
    assert recovery.network.match(teacher).error_W < 1e-18
    assert "growing" in {each.stage for each in heard}


def test_a_number_that_is_given_is_not_exceeded():
    _, X, Y = drawn(0, k=3, m=2)
    recovery = recover(ArraySamples(X, Y), 2, rng=0)
    assert recovery.network.n_neurons == 2
    assert recovery.status is Status.MISFIT


@pytest.mark.parametrize(("noise", "certain"), [(0.05, True), (1.0, False)])
def test_fewer_than_asked_for_are_certified_where_none_could_hide(noise, certain):
    rng = np.random.default_rng(0)
    teacher = make_teacher(5, 3, 4, rng=rng)
    X = rng.standard_normal((3000, 5))
    samples = ArraySamples(X, teacher.predict(X) + noise * rng.standard_normal((3000, 4)))
    recovery = recover(samples, 4, rng=0)
    assert (recovery.status is Status.RECOVERED) == certain
    assert recovery.network.n_neurons == (3 if certain else 4)


def test_a_neuron_less_among_many_is_not_taken_for_all_there_are():
    rng = np.random.default_rng(2)
    teacher = TwoLayerNetwork(
        rng.standard_normal((24, 24)),
        rng.standard_normal((24, 24)) / np.sqrt(24),
        rng.uniform(-0.7, 0.7, 24),
    )
    X = rng.standard_normal((5000, 24))
    Y = teacher.predict(X)
    samples = ArraySamples(X, Y + 0.05 * Y.std() * rng.standard_normal(Y.shape))
    few = recover(samples, 23, rng=0, fit_hidden_bias=True)
    assert few.status is Status.MISFIT
    auto = recover(samples, rng=0, fit_hidden_bias=True)
    assert (auto.status, auto.network.n_neurons) == (Status.RECOVERED, 24)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_neurons", [1, "auto"])
def test_a_linear_function_behind_noise_is_no_neuron(n_neurons, seed):
    # A neuron whose kink one row has passed fits it as well, and is wrong beyond.
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((440, 5))
    y = X @ np.arange(5.0) + 0.05 * rng.standard_normal(440)
    options = {"fit_hidden_bias": True, "fit_intercept": True, "rng": 0}
    found = recover(ArraySamples(X, y), n_neurons, **options)
    assert found.status is Status.DEGENERATE
    # One that bends is one.
    bent = np.maximum(X @ np.arange(5.0) + 5.0, 0.0) + 0.05 * rng.standard_normal(440)
    assert recover(ArraySamples(X, bent), n_neurons, **options).certified


def scarce(seed, *, n, d, k, m):
    """Draw samples with a kink among the rows for each neuron, and few rows for each unknown."""
    rng = np.random.default_rng(seed)
    X, W = rng.standard_normal((n, d)), rng.standard_normal((k, d)) / np.sqrt(d)
    Z = X @ W.T
    b = 0.7 * Z.std(axis=0) * rng.standard_normal(k) - Z.mean(axis=0)
    teacher = TwoLayerNetwork(rng.standard_normal((m, k)), W, b, rng.standard_normal(m))
    Y = teacher.predict(X)
    noise = 0.1 * np.sqrt(np.mean(np.var(Y, axis=0)))
    return teacher, ArraySamples(X, Y + noise * rng.standard_normal(Y.shape))


def test_a_local_minimum_that_the_test_sees_is_left_for_a_lower_one():
    # Two starts agree on it, and the checks between starts have nothing against it.
    teacher, samples = scarce(7, n=510, d=20, k=10, m=5)
    options = {"fit_hidden_bias": True, "fit_intercept": True, "rng": 7}
    found = recover(samples, 10, **options)
    right = recover(samples, 10, init=teacher, n_restarts=0, **options)
    assert found.loss < 1.01 * right.loss
    assert found.network.match(teacher).error_W < 0.5


def test_a_linear_part_of_many_outputs_must_be_worth_its_unknowns():
    # In the place of one neuron it would fit a thousand numbers more to noise.
    teacher, samples = scarce(4, n=650, d=32, k=32, m=32)
    options = {"fit_hidden_bias": True, "fit_intercept": True, "rng": 4}
    found = recover(samples, 32, init=teacher, n_restarts=0, **options)
    assert not found.network.linear.any()
    assert found.network.n_neurons == 32


@pytest.mark.parametrize("seed", [34, 50, 83])
def test_fewer_neurons_beside_a_linear_part_are_simpler_or_nearer_to_the_data(seed):
    # One neuron and a linear part of seven outputs have 30 unknowns, two neurons have 25.
    rng = np.random.default_rng(seed)
    W, A = rng.standard_normal((2, 2)), rng.standard_normal((7, 2))
    teacher = TwoLayerNetwork(A, W, rng.standard_normal(2) + 1.0, np.zeros(7))
    X = rng.standard_normal((80, 2))
    Y = teacher.predict(X)
    Y = Y + 0.5 * Y.std() * rng.standard_normal(Y.shape)
    recovery = recover(ArraySamples(X, Y), 2, rng=0, fit_hidden_bias=True, fit_intercept=True)
    assert recovery.network.n_neurons == 2
    assert not recovery.network.linear.any()
    assert not recovery.certified


BIASES = {"fit_hidden_bias": True, "fit_intercept": True}


@pytest.mark.parametrize("asked", ["auto", 3])
def test_a_neuron_that_is_seldom_on_is_not_left_out(asked):
    # Thirty of five thousand rows: too few blocks for a test that holds for any noise.
    found = []
    for seed in (4, 5, 8, 11, 17, 20):
        rng = np.random.default_rng(seed)
        X, noise = rng.standard_normal((5000, 6)), 0.1 * rng.standard_normal((5000, 2))
        W, A = rng.standard_normal((3, 6)), rng.standard_normal((2, 3))
        W, A = W / np.linalg.norm(W, axis=1)[:, None], A / np.linalg.norm(A, axis=0)
        teacher = TwoLayerNetwork(A, W, [-2.5, 0.1, -0.1], [1.0, 2.0])
        fit = recover(ArraySamples(X, teacher.predict(X) + noise), asked, rng=0, **BIASES)
        assert fit.network.n_neurons == 3
        found.append(fit.status)
    assert found.count(Status.RECOVERED) >= 3
    assert Status.MISFIT not in found


def test_a_neuron_that_is_seldom_on_is_missed_among_many():
    # With so many weights the unit more is fitted alone, in the search, before noise is known.
    k, rng = 24, np.random.default_rng(2)
    W, A = rng.standard_normal((k, k)) / np.sqrt(k), rng.standard_normal((k, k)) / np.sqrt(k)
    b = 0.5 * rng.standard_normal(k)
    b[0], A[:, 0] = -2.5 * np.linalg.norm(W[0]), 2.0 * A[:, 0]
    teacher = TwoLayerNetwork(A, W, b, rng.standard_normal(k))
    X = rng.standard_normal((8000, k))
    F = teacher.predict(X)
    Y = F + 0.1 * F.std() * rng.standard_normal(F.shape)
    less = TwoLayerNetwork(A[:, 1:], W[1:], b[1:], teacher.output_bias)
    for network, status in ((less, Status.MISFIT), (teacher, Status.STARTS_DISAGREE)):
        fit = recover(
            ArraySamples(X, Y), network.n_neurons, init=network, n_restarts=0, rng=0, **BIASES
        )
        assert fit.status is status


@pytest.mark.parametrize("in_order", [True, False])
def test_the_order_of_rows_that_drift_does_not_take_a_neuron_away(in_order):
    teacher = TwoLayerNetwork([[1.0, 0.5]], [[1.0], [-1.0]])
    for seed in (0, 2, 8, 11):
        rng = np.random.default_rng(seed)
        X = 0.3 * np.cumsum(rng.standard_normal(3000))[:, None]
        F = teacher.predict(X)
        Y = F + 0.1 * F.std() * rng.standard_normal(F.shape)
        rows = np.arange(3000) if in_order else rng.permutation(3000)
        fit = recover(ArraySamples(X[rows], Y[rows]), 2, rng=0)
        # One neuron beside a linear part is the same function of one input.
        assert fit.network.n_neurons == 2 or fit.network.linear.any()
        left = np.mean((Y[rows] - fit.network.predict(X[rows])) ** 2)
        assert left < 1.01 * np.mean((Y - F) ** 2)


def test_bursts_of_a_neuron_are_seen():
    A = np.array([[1.0, -0.7, 0.5], [0.3, 0.6, 1.0]])
    W = np.array([[1.0, 0.0, 0.0], [-0.6, 0.8, 0.0], [0.0, -0.6, 0.8]])
    teacher = TwoLayerNetwork(A, W, [-0.5, -2.5, -0.3], [0.1, 0.2])
    for seed in range(4):
        rng = np.random.default_rng(seed)
        drive = np.sqrt(1.0 - 0.9**2) * rng.standard_normal((6000, 3))
        X = lfilter([1.0], [1.0, -0.9], drive, axis=0)[2000:]
        F = teacher.predict(X)
        Y = F + 0.1 * F.std() * rng.standard_normal(F.shape)
        assert recover(ArraySamples(X, Y), 3, rng=0, **BIASES).network.n_neurons == 3


def test_a_neuron_that_one_row_switches_off_is_no_neuron():
    # Without noise six neurons fitted as well, one of them on in all rows but one.
    rng = np.random.default_rng(882656364)
    W, A = rng.standard_normal((5, 2)), rng.standard_normal((1, 5))
    X = rng.standard_normal((300, 2))
    for seed in range(3):
        teacher = TwoLayerNetwork(A, W / np.linalg.norm(W, axis=1)[:, None], W[:, 0], [0.5])
        off = TwoLayerNetwork(
            np.hstack([A, [[1e-3]]]),
            np.vstack([teacher.W, [[1.0, 0.0]]]),
            np.append(teacher.hidden_bias, -np.sort(X[:, 0])[1] + 1e-9),
            [0.5],
        )
        fit = recover(ArraySamples(X, teacher.predict(X)), 6, init=off, rng=seed, **BIASES)
        assert fit.network.n_neurons == 5
        assert fit.network.match(teacher).error_W < 1e-9


def test_a_network_to_begin_with_says_how_many():
    teacher, X, Y = drawn(1)
    fit = recover(ArraySamples(X, Y), init=teacher, rng=0)
    assert fit.status is Status.RECOVERED
    assert fit.network.n_neurons == 3
