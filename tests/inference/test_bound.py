"""The Cramér–Rao bound, against a Fisher information made by finite differences."""

import numpy as np
import pytest

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.inference import cramer_rao, rows_needed
from pureneuron.samples import ArraySamples

D, K, M, N = 4, 3, 2, 3000
STEP = 1e-6


def network(*, hidden_bias=False, output_bias=False, slope=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return TwoLayerNetwork(
        rng.standard_normal((M, K)),
        rng.standard_normal((K, D)),
        0.3 * rng.standard_normal(K) if hidden_bias else None,
        rng.standard_normal(M) if output_bias else None,
        negative_slope=slope,
    )


def unknowns(net, parts):
    return np.concatenate([np.ravel(getattr(net, part)) for part in parts])


def with_unknowns(net, parts, values):
    known = {name: getattr(net, name) for name in ("A", "W", "hidden_bias", "output_bias")}
    known["negative_slope"] = net.negative_slope
    for part in parts:
        shape = np.shape(known[part])
        size = int(np.prod(shape, dtype=int))
        known[part], values = np.reshape(values[:size], shape), values[size:]
    known["negative_slope"] = float(known["negative_slope"])
    return TwoLayerNetwork(**known)


def differences(function, at):
    """Return the derivative of a function by central differences, a column for each unknown."""
    moves = STEP * np.eye(len(at))
    return np.column_stack([(function(at + h) - function(at - h)) / (2.0 * STEP) for h in moves])


def bound(net, X, covariance, parts):
    """Return the standard errors of the normal form: pseudo-inverse, then the delta method."""
    at = unknowns(net, parts)
    precision = np.linalg.inv(covariance)

    def outputs(values):
        return with_unknowns(net, parts, values).predict(X).ravel()

    def normal_form(values):
        return unknowns(with_unknowns(net, parts, values).normalized(), parts)

    J = differences(outputs, at).reshape(len(X), M, -1)
    fisher = np.einsum("nip,ij,njq->pq", J, precision, J)
    # A positive factor moves freely between a row of W and its column of A: k null directions.
    values, vectors = np.linalg.eigh(fisher)
    inverse = (vectors[:, K:] / values[K:]) @ vectors[:, K:].T
    change = differences(normal_form, at)
    return np.sqrt(np.diag(change @ inverse @ change.T))


CORRELATED = np.array([[0.04, 0.015], [0.015, 0.01]])


@pytest.mark.parametrize("noise", [0.3, [0.1, 0.5], CORRELATED], ids=["one", "two", "matrix"])
@pytest.mark.parametrize(
    "biases",
    [{}, {"hidden_bias": True}, {"output_bias": True}, {"hidden_bias": True, "output_bias": True}],
    ids=["none", "hidden", "output", "both"],
)
@pytest.mark.parametrize("slope", [None, 0.2], ids=["rectifier", "leaky"])
def test_it_is_the_inverse_of_the_information(noise, biases, slope):
    net = network(**biases, slope=slope or 0.0)
    X = 1.5 * np.random.default_rng(1).standard_normal((N, D)) @ np.diag([1.0, 0.2, 3.0, 1.0])
    covariance = np.diag(np.full(M, 1.0) * np.square(noise)) if np.ndim(noise) < 2 else noise
    parts = ["A", "W", *biases, *(["negative_slope"] if slope else [])]
    expected = bound(net, X, covariance, parts)
    errors = cramer_rao(net, X, noise, fit_slope=slope is not None)
    assert unknowns(errors, parts) == pytest.approx(expected, rel=1e-4)
    for part in {"hidden_bias", "output_bias"} - set(biases):
        assert not np.any(getattr(errors, part))


def test_the_fit_has_about_these_errors():
    net, rng = make_teacher(5, 3, 4, rng=0).normalized(), np.random.default_rng(0)
    X = rng.standard_normal((4000, 5))
    noise = np.array([0.1, 0.2, 0.3, 0.4])
    Y = net.predict(X) + noise * rng.standard_normal((4000, 4))
    full = recover(ArraySamples(X, Y), 3, noise_covariance="full", errors="iid", rng=0)
    errors = cramer_rao(net, X, noise)
    match = full.network.match(net)
    found = full.standard_errors.permuted(match.left)
    expected = errors.permuted(match.right)
    assert found.W == pytest.approx(expected.W, rel=0.1)
    assert found.A == pytest.approx(expected.A, rel=0.1)


def test_it_falls_with_the_root_of_the_rows_and_grows_with_the_noise():
    net = network()
    errors = cramer_rao(net, "laplace", 0.1, 1000)
    assert cramer_rao(net, "laplace", 0.1, 4000).W == pytest.approx(errors.W / 2.0)
    assert cramer_rao(net, "laplace", 0.3, 1000).A == pytest.approx(errors.A * 3.0)
    assert cramer_rao(net, "laplace", [0.1, 0.1], 1000).A == pytest.approx(errors.A)
    with pytest.raises(ValueError, match="how many rows of the law 'laplace'"):
        cramer_rao(net, "laplace", 0.1)


def test_the_scale_of_the_network_does_not_matter():
    net = network()
    other = TwoLayerNetwork(net.A * [1e-3, 1.0, 50.0], net.W * [[1e3], [1.0], [0.02]])
    errors = cramer_rao(net, "gaussian", 0.1, 1000)
    assert cramer_rao(other, "gaussian", 0.1, 1000).W == pytest.approx(errors.W)


def test_rows_for_a_given_error():
    net = network()
    X = np.random.default_rng(0).standard_normal((5000, D))
    rows = rows_needed(net, X, 0.1, 0.01)
    assert rows_needed(net, X, 0.1, 0.005) == pytest.approx(4 * rows, abs=4)
    assert rows_needed(net, X, 0.2, 0.01) == pytest.approx(4 * rows, abs=4)
    errors = cramer_rao(net, X, 0.1, rows)
    lengths = np.linalg.norm(net.normalized().A, axis=0)
    largest = max(
        np.linalg.norm(errors.W, axis=1).max(),
        (np.linalg.norm(errors.A, axis=0) / lengths).max(),
    )
    assert largest == pytest.approx(0.01, rel=1e-3)
    assert largest <= 0.01
    assert rows_needed(net, X, 1e-9, 0.5) == 1


def test_what_the_inputs_never_show_is_undetermined():
    net = network()
    X = np.random.default_rng(0).standard_normal((1000, D))
    X[:, 3] = X[:, 0]
    errors = cramer_rao(net, X, 0.1)
    assert np.isinf(errors.W[:, [0, 3]]).all()
    assert np.isfinite(errors.W[:, 1:3]).all()
    with pytest.raises(ValueError, match="leave weights undetermined"):
        rows_needed(net, X, 0.1)


def test_a_neuron_that_is_hardly_on_takes_many_rows():
    rng = np.random.default_rng(0)
    W, A = rng.standard_normal((K, D)), rng.standard_normal((M, K))
    plain = TwoLayerNetwork(A, W, [0.1, 0.0, 0.0])
    seldom = TwoLayerNetwork(A, W, [-2.5 * np.linalg.norm(W[0]), 0.0, 0.0])
    few, many = (rows_needed(net, "gaussian", 0.1) for net in (plain, seldom))
    assert many > 20 * few


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("gauss", 0.1, 100), {}, "there is no input law 'gauss'"),
        ((np.ones((5, 3)), 0.1), {}, r"inputs of shape \(5, 3\)"),
        (("gaussian", [0.1, 0.1, 0.1], 100), {}, r"noise of shape \(3,\)"),
        (("gaussian", np.ones((2, 2, 1)), 100), {}, r"noise of shape \(2, 2, 1\)"),
        (("gaussian", 0.0, 100), {}, "noise must be positive"),
        (("gaussian", np.nan, 100), {}, "noise must be positive"),
        (("gaussian", [[1.0, 2.0], [2.0, 1.0]], 100), {}, "noise must be positive"),
        (("gaussian", [[1.0, 0.5], [0.0, 1.0]], 100), {}, "symmetric"),
        (("gaussian", 0.1, 0), {}, "n_rows must be at least 1"),
        (("gaussian", 0.1, 100), {"fit_intercept": False}, "and the network has biases"),
    ],
)
def test_impossible_questions_are_refused(arguments, options, message):
    net = network(output_bias=True)
    with pytest.raises(ValueError, match=message):
        cramer_rao(net, *arguments, **options)


def test_too_many_unknowns_and_no_error_at_all():
    with pytest.raises(ValueError, match="too many"):
        cramer_rao(make_teacher(30, 20, 20, rng=0), "gaussian", 0.1, 1000)
    with pytest.raises(ValueError, match="error must be positive"):
        rows_needed(network(), "gaussian", 0.1, 0.0)


def test_four_times_the_rows_halve_it_however_few_they_are():
    net = network(hidden_bias=True, output_bias=True)
    few, more = (cramer_rao(net, "gaussian", 1.0, n) for n in (30, 120))
    for part in ("A", "W", "hidden_bias", "output_bias"):
        assert getattr(few, part) == pytest.approx(2.0 * getattr(more, part), rel=1e-12)
