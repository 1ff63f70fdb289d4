"""Boxes that are no network of one hidden layer, and runs that end early."""

import numpy as np
import pytest
from known import Asked, assert_same_units, softmax
from scipy.special import erf

from networks import random_network
from pureneuron import identify
from pureneuron.identify.questions import NotFinite
from pureneuron.results import Status

# What ends early


def test_the_budget_is_kept_and_what_was_read_returned():
    network = random_network(9, k=6, m=2)
    whole = identify(network, rng=0)
    for budget in [1, 20, *range(25, whole.n_questions, 13), whole.n_questions - 1]:
        box = Asked(network.predict)
        found = identify(box, 4, budget=budget, rng=0)
        assert found.status is Status.OUT_OF_BUDGET
        assert len(box) == found.n_questions <= budget
        assert not found.certified
        assert np.isfinite(found.network.W).all()
    # All that is left is whether answers repeat.
    assert_same_units(found.network, network)
    assert identify(network, budget=whole.n_questions, rng=0).status is Status.RECOVERED


def test_the_time_limit_keeps_what_was_read(monkeypatch):
    network = random_network(10, k=5, m=2)
    whole, neurons = identify(network, rng=0), []
    for calls in range(1, whole.n_passes):
        # Each call takes a second, by a clock of its own.
        now = [0.0]

        def box(X, now=now):
            now[0] += 1.0
            return network.predict(X)

        monkeypatch.setattr("pureneuron.monitor.time.perf_counter", lambda now=now: now[0])
        found = identify(box, 4, time_limit=calls - 0.5, rng=0)
        assert found.status is Status.NOT_CONVERGED
        assert found.reason == f"ended by time_limit={calls - 0.5:g} s before the box was read"
        assert found.n_passes == calls
        neurons.append(found.network.n_neurons)
    assert (neurons[0], neurons[-1]) == (0, 5)
    assert identify(box, 4, time_limit=whole.n_passes + 0.5, rng=0).certified


@pytest.mark.parametrize("interrupted", ["box", "callback"])
def test_an_interrupt_keeps_what_was_read(interrupted):
    network = random_network(10, k=5, m=2)
    stages = []
    whole = identify(network, rng=0, callback=lambda progress: stages.append(progress.stage))
    neurons = []
    for last in range(len(stages)):
        calls = []

        def stop(*_, calls=calls, last=last):
            calls.append(None)
            if len(calls) > last:
                raise KeyboardInterrupt

        def box(X, stop=stop):
            stop()
            return network.predict(X)

        ways = {"function": box, "n_inputs": 4}
        if interrupted == "callback":
            ways = {"function": network, "callback": stop}
        if stages[last] == "precision":
            with pytest.raises(KeyboardInterrupt):
                identify(**ways, rng=0)
            continue
        found = identify(**ways, rng=0)
        assert len(calls) == last + 1, "it went on asking"
        assert found.status is Status.NOT_CONVERGED
        assert "interrupted" in found.reason
        assert found.n_questions <= whole.n_questions
        neurons.append(found.network.n_neurons)
        if neurons[-1]:
            assert_same_units(found.network, network)
    assert neurons[0] == 0
    assert neurons[-1] == 5


# Boxes that are no network of one hidden layer


class Wrong:
    """A box of some kind that is none."""

    def __init__(self, kind, seed):
        rng = np.random.default_rng(seed)
        self.kind, self.rng, self.n_calls = kind, rng, 0
        self.d, k = int(rng.integers(3, 9)), int(rng.integers(5, 10))
        self.network = random_network(seed, d=self.d, k=k, m=1 + seed % 3)
        self.V, self.v = rng.standard_normal((k, k)), rng.standard_normal(k)

    def __call__(self, X):
        self.n_calls += 1
        return getattr(self, self.kind)(X, X @ self.network.W.T + self.network.hidden_bias)

    def deep(self, X, Z):
        return np.maximum(np.maximum(Z, 0.0) @ self.V.T + self.v, 0.0) @ self.network.A.T

    def tanh(self, X, Z):
        return np.tanh(Z) @ self.network.A.T

    def gelu(self, X, Z):
        return 0.5 * Z * (1.0 + erf(Z / np.sqrt(2.0))) @ self.network.A.T

    def max_pool(self, X, Z):
        return np.maximum(np.maximum(Z, Z @ self.V.T), 1.0 - Z) @ self.network.A.T

    def step(self, X, Z):
        return (Z > 0.0) @ self.network.A.T

    def rounded(self, X, Z):
        return np.round(self.network.predict(X), 1)

    def noise(self, X, Z):
        Y = self.network.predict(X)
        return Y + 0.01 * self.rng.standard_normal(Y.shape)

    def holes(self, X, Z):
        Y = self.network.predict(X)
        Y[X[:, 0] > 1.0] = np.nan
        return Y

    def state(self, X, Z):
        return self.network.predict(X) * (1.0 + 0.01 * np.sin(self.n_calls))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("deep", Status.DEEPER),
        ("tanh", Status.NOT_PIECEWISE_LINEAR),
        ("gelu", Status.NOT_PIECEWISE_LINEAR),
        ("max_pool", Status.DEEPER),
        ("step", Status.DISCONTINUOUS),
        ("rounded", Status.DISCONTINUOUS),
        ("noise", Status.NOISY),
        ("holes", Status.NOT_FINITE),
        ("state", Status.NOT_DETERMINISTIC),
    ],
)
def test_what_is_no_network_is_named_and_not_certified(kind, status):
    found = []
    # What is rounded has very many steps.
    for seed in range(1 if kind == "rounded" else 4):
        box = Wrong(kind, seed)
        found.append(identify(box, box.d, rng=seed))
        assert not found[-1].certified
        assert found[-1].status is not Status.RECOVERED
        assert found[-1].reason
    assert np.mean([each.status is status for each in found]) >= 0.75
    if kind in ("tanh", "gelu", "noise", "state"):
        # The first questions tell.
        assert max(each.n_questions for each in found) <= 60


def test_a_function_that_is_curved_in_a_part_of_the_region():
    # The first line does not pass through that part.
    found = identify(lambda X: np.maximum(X, 0.0).prod(axis=1), 2, rng=2)
    assert found.status is Status.NOT_PIECEWISE_LINEAR
    assert "curved at 100% of the places where they are unexplained" in found.reason
    assert found.n_questions < 20_000


@pytest.mark.parametrize("seed", [12, 61, 71, 91])
def test_a_small_deep_network_that_looks_like_one_in_most_of_the_region(seed):
    # Where 30 fresh answers are right, kinks that end show it.
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 5))
    first, second = rng.integers(1, 5, 2)
    W, b = rng.standard_normal((first, d)), rng.standard_normal(first)
    V, c, a = (rng.standard_normal(size) for size in ((second, first), second, second))

    def box(X):
        return np.maximum(np.maximum(X @ W.T + b, 0.0) @ V.T + c, 0.0) @ a

    found = identify(box, d, rng=seed)
    assert found.status in (Status.DEEPER, Status.MISFIT)


@pytest.mark.parametrize("trouble", [NotFinite, KeyboardInterrupt])
def test_what_ends_the_last_look_is_told_as_well(trouble):
    # Before a box is said to jump, it is seen whether its answers repeat.
    wrong = Wrong("step", 0)
    whole = identify(wrong, wrong.d, rng=0)
    assert whole.status is Status.DISCONTINUOUS
    asked = 0

    def box(X):
        nonlocal asked
        asked += len(X)
        Y = wrong(X)
        if asked == whole.n_questions:
            if trouble is KeyboardInterrupt:
                raise KeyboardInterrupt
            Y = np.full_like(Y, np.nan, dtype=np.float64)
        return Y

    try:
        found = identify(box, wrong.d, rng=0)
    except KeyboardInterrupt:
        pytest.fail("what was read is lost")
    named = {NotFinite: Status.NOT_FINITE, KeyboardInterrupt: Status.NOT_CONVERGED}
    assert found.status is named[trouble]


def test_a_softmax_in_place_of_scores_is_no_network():
    network = random_network(11, k=5, m=3)
    found = identify(lambda X: softmax(network.predict(X)), 4, rng=0)
    assert found.status is Status.NOT_PIECEWISE_LINEAR
    assert "link='softmax'" in found.advice


@pytest.mark.parametrize("kind", ["step", "sign", "labels", "steps"])
def test_a_jump_is_seen_wherever_a_gap_was_closed(kind):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        d = 1 + seed % 3
        w, c = rng.standard_normal(d), rng.standard_normal()
        boxes = {
            "step": lambda X, w=w, c=c: (X @ w > c) * 1.0,
            "sign": lambda X, w=w, c=c: np.sign(X @ w - c),
            "labels": lambda X, w=w, c=c: np.column_stack([X @ w > c, X @ w <= c]) * 1.0,
            "steps": lambda X, w=w, c=c: (X @ w > c) * 1.0 + (X @ w > c + 1.0),
        }
        assert identify(boxes[kind], d, rng=seed).status is Status.DISCONTINUOUS


def test_rows_of_different_lengths_are_no_answer():
    with pytest.raises(ValueError, match=r"\(n,\) or \(n, m\), one row an input, got rows of diff"):
        identify(lambda X: [[0.0] * (1 + i % 2) for i in range(len(X))], 2)


def test_what_a_box_is_exact_to_is_not_known_before_it_has_answered():
    assert identify(random_network(0).predict, 4, budget=1).rounding == np.inf
