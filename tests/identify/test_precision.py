"""What the first questions show: rounding, curvature, noise and state."""

from math import pi

import numpy as np
import pytest
from known import Asked, in_single_precision
from scipy.special import erf

from networks import random_network
from pureneuron.identify.precision import probe, repeats
from pureneuron.identify.questions import Questions
from pureneuron.identify.region import Region

NETWORK = random_network(0, k=5, m=2)


def probed(function, d=4, seed=0, **region):
    questions = Questions(function, Region.of(d, **region))
    rng = np.random.default_rng(seed)
    precision = probe(questions, rng)
    questions.output_scale = precision.size
    return questions, precision, rng


def true_rounding(network, function, size):
    """Return the standard deviation of the errors of answers, in units of the outputs."""
    X = np.random.default_rng(1).standard_normal((400, network.n_inputs))
    wide = X.astype(np.longdouble)
    hidden = np.maximum(wide @ network.W.T + network.hidden_bias, 0.0)
    exact = hidden @ network.A.T.astype(np.longdouble) + network.output_bias
    return float(np.median(np.std((function(X) - exact) / size, axis=0)))


def test_few_questions_are_asked_and_answered():
    box = Asked(NETWORK.predict)
    questions, precision, _ = probed(box)
    assert len(box) == questions.count <= 20
    # The places are among them, and the answers are in units of the outputs.
    Y = NETWORK.predict(questions.region.to_inputs(precision.places))
    np.testing.assert_allclose(precision.answers, Y / precision.size, rtol=1e-12)
    assert precision.size.shape == (2,)


@pytest.mark.parametrize(("d", "k", "m"), [(4, 5, 2), (10, 30, 1), (64, 16, 64)])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_rounding_of_double_precision(d, k, m, offset):
    ratios = []
    for seed in range(10):
        network = random_network(seed, d=d, k=k, m=m)
        network = type(network)(
            network.A, network.W, network.hidden_bias, network.output_bias + offset
        )
        _, precision, _ = probed(network.predict, d, seed)
        ratios.append(precision.rounding / true_rounding(network, network.predict, precision.size))
        assert not precision.is_coarse or offset
    # Some units in the last place of the largest value; a sum is rounded more seldom than that.
    assert min(ratios) > 0.1
    assert np.median(ratios) < 200.0


@pytest.mark.parametrize(("d", "k", "m"), [(4, 5, 2), (20, 60, 1), (64, 16, 64)])
def test_rounding_of_single_precision(d, k, m):
    for seed in range(10):
        network = random_network(seed, d=d, k=k, m=m)
        box = in_single_precision(network)
        _, precision, _ = probed(box, d, seed)
        assert precision.is_coarse
        ratio = precision.rounding / true_rounding(network, box, precision.size)
        assert 0.03 < ratio < 30.0


def test_single_precision_is_seen_behind_a_factor_in_double():
    # By their digits these answers are as good as any.
    for seed in range(10):
        network = random_network(seed, d=20, k=60, m=1)
        single = in_single_precision(network)
        _, precision, _ = probed(lambda X, f=single: pi * np.float64(f(X)), 20, seed)
        assert precision.is_coarse
        true = true_rounding(network, single, precision.size / pi)
        assert 0.03 < precision.rounding / true < 30.0


def test_rounding_of_numbers_with_few_digits():
    network = random_network(0, k=20, m=2)
    for digits in (5, 7, 9):
        _, precision, _ = probed(lambda X, n=digits: np.round(network.predict(X), n))
        assert precision.rounding > 0.01 * 10.0**-digits / precision.size.max()
        assert precision.rounding < 10.0 * 10.0**-digits / precision.size.min()


def test_far_answers_are_less_exact():
    _, precision, _ = probed(NETWORK.predict)
    near, far = precision.tolerance(np.array([[0.1, 0.0, 0.0, 0.0], [1e3, -1e3, 1e3, 1e3]]))
    assert 0.0 < near < 1e-3 * far * 1.001


SMOOTH = {
    "tanh": np.tanh,
    "GELU": lambda Z: 0.5 * Z * (1.0 + erf(Z / np.sqrt(2.0))),
    "softplus": lambda Z: np.logaddexp(0.0, Z),
    "square": np.square,
}


@pytest.mark.parametrize("activation", SMOOTH.values(), ids=SMOOTH.keys())
def test_smooth_activations_are_curved(activation):
    for seed in range(10):
        network = random_network(seed, k=6, m=1 + seed % 3)

        def box(X, network=network):
            pre = X @ network.W.T + network.hidden_bias
            return activation(pre) @ network.A.T + 3.0

        _, precision, _ = probed(box, seed=seed)
        assert precision.curved > 0.6
        assert "curved" in str(precision)


@pytest.mark.parametrize("single", [False, True])
def test_rectifiers_are_not(single):
    shares = []
    for seed in range(30):
        network = random_network(seed, d=10, k=1 + seed, m=1 + seed % 3)
        box = in_single_precision(network) if single else network.predict
        _, precision, _ = probed(box, 10, seed)
        shares.append(precision.curved)
        if precision.curved == 0.0:
            assert "curved" not in str(precision)
    assert max(shares) < 0.5
    assert np.mean(shares) < 0.05


@pytest.mark.parametrize(
    "function",
    [
        np.zeros_like,
        np.copy,
        np.ones_like,
    ],
    ids=["0", "x", "1"],
)
def test_constant_and_linear_functions_are_as_exact_as_numbers_are(function):
    _, precision, _ = probed(function)
    assert 0.0 < precision.rounding < 1e-13
    assert precision.curved == 0.0
    assert (precision.size > 0.0).all()


class Unsteady:
    """A box whose answers depend on how often it was called, and on how many rows it has seen."""

    def __init__(self, answer):
        self.answer, self.n_calls, self.n_rows = answer, 0, 0

    def __call__(self, X):
        rows = self.n_rows + np.arange(len(X))[:, None]
        Y = self.answer(NETWORK.predict(X), self.n_calls, rows)
        self.n_calls += 1
        self.n_rows += len(X)
        return Y


def noise(Y, call):
    return np.random.default_rng(call).standard_normal(Y.shape)


KINDS = {
    "none": ("", lambda Y, call, row: Y),
    "negligible noise": ("", lambda Y, call, row: Y + 1e-9 * noise(Y, call)),
    "noise": ("noise", lambda Y, call, row: Y + 0.01 * noise(Y, call)),
    "noise that grows with the answer": (
        "noise",
        lambda Y, call, row: Y * (1.0 + 0.03 * noise(Y, call)),
    ),
    "now and then nothing": ("noise", lambda Y, call, row: Y * (noise(Y, call)[:, :1] > -1.0)),
    "another factor each call": ("state", lambda Y, call, row: Y * (1.0 + 0.01 * np.sin(call))),
    "drift": ("state", lambda Y, call, row: Y + 1e-3 * row),
    "forgetting": ("state", lambda Y, call, row: Y + 0.1 * np.exp(-row / 50.0)),
}


@pytest.mark.parametrize(("kind", "answer"), KINDS.values(), ids=KINDS.keys())
def test_what_answers_to_the_same_question_differ_by(kind, answer):
    right = 0
    for seed in range(10):
        questions, precision, _ = probed(Unsteady(answer), seed=seed)
        before = questions.count
        found, size = repeats(questions, precision)
        assert questions.count - before <= 40
        right += found == kind
        assert (found == "") == (kind == "")
        assert size < 1e-6 if kind == "" else size > 1e-4
    assert right >= 9


def test_weak_noise_is_no_state():
    # The answers to one question may differ by less than those to others.
    for seed in range(10):
        rng = np.random.default_rng(seed)

        def noisy(X, rng=rng):
            Y = NETWORK.predict(X)
            return Y + 3e-5 * rng.standard_normal(Y.shape)

        questions, precision, _ = probed(noisy, seed=seed)
        assert repeats(questions, precision)[0] in ("", "noise")
