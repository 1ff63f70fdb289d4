"""negative_slope="auto": the slope of the rectifier, fitted with the rest."""

import numpy as np
import pytest

from pureneuron import PureNeuronRegressor, TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.results import Status
from pureneuron.samples import ArraySamples
from pureneuron.search import slope as module


def leaky_samples(seed, slope, *, n=2000, d=6, k=4, m=5, noise=0.1, law="gaussian", bias=0.0):
    rng = np.random.default_rng(seed)
    teacher = make_teacher(d, k, m, rng=rng)
    teacher = TwoLayerNetwork(
        teacher.A,
        teacher.W,
        hidden_bias=bias * rng.standard_normal(k),
        output_bias=bias * rng.standard_normal(m),
        negative_slope=slope,
    )
    X = symmetric_inputs(n, d, law, rng=rng)
    Y = teacher.predict(X)
    return teacher, ArraySamples(X, Y + noise * Y.std() * rng.standard_normal(Y.shape))


def fitted(recovery):
    return next(stage for stage in recovery.stages if stage.name == "slope").figures


@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.01, 0.6])
def test_without_noise_the_slope_is_exact(slope):
    teacher, samples = leaky_samples(0, slope, n=300, noise=0.0)
    recovery = recover(samples, 4, negative_slope="auto", rng=0)
    assert recovery.status is Status.RECOVERED
    assert recovery.network.negative_slope == pytest.approx(slope, abs=1e-7)
    match = recovery.network.match(teacher)
    assert match.error_A + match.error_W < 1e-12


@pytest.mark.parametrize(
    ("size", "bias"),
    [({"d": 6, "k": 4, "m": 5}, 0.0), ({"d": 4, "k": 6, "m": 2}, 0.0), ({}, 0.5)],
)
def test_errors_of_the_slope_are_as_large_as_it_says(size, bias):
    errors = []
    for seed in range(12):
        _, samples = leaky_samples(seed, 0.2, bias=bias, **size)
        biases = {"fit_hidden_bias": bias > 0.0, "fit_intercept": bias > 0.0}
        k = size.get("k", 4)
        recovery = recover(samples, k, negative_slope="auto", rng=seed, **biases)
        assert recovery.status is Status.RECOVERED
        figures = fitted(recovery)
        errors.append((figures["slope"] - 0.2) / figures["standard_error"])
    # The sum of 12 squares of standard normal numbers, between its quantiles 1e-4 and 1 − 1e-4.
    assert 1.4 < np.sum(np.square(errors)) < 39.2


def test_wrong_slopes_with_popular_networks_of_their_own_are_hardly_ever_believed():
    wrong = 0
    for seed in range(24):
        _, samples = leaky_samples(seed, 0.6, d=4, k=6, m=2)
        recovery = recover(samples, 6, negative_slope="auto", rng=seed)
        figures = fitted(recovery)
        astray = abs(figures["slope"] - 0.6) > 4.0 * figures["standard_error"]
        wrong += astray and recovery.status is Status.RECOVERED
    # About one in twenty-five is; with two guesses that need not agree one in six was.
    assert wrong <= 4


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4])
def test_a_start_that_ends_lower_by_a_rounding_raises_no_doubt(seed):
    _, samples = leaky_samples(seed, 0.2, n=1000, d=1, k=1, m=1)
    assert recover(samples, 1, negative_slope="auto", rng=seed).status is Status.RECOVERED


def test_a_slope_to_which_one_guess_alone_leads_is_not_confirmed(monkeypatch):
    _, samples = leaky_samples(0, 0.6)
    assert recover(samples, 4, negative_slope="auto", rng=0).status is Status.RECOVERED
    none = module.Thresholds(quarters=(), eighths=())
    monkeypatch.setattr(module, "THRESHOLDS", none)
    recovery = recover(samples, 4, negative_slope="auto", rng=0)
    assert recovery.status is Status.STARTS_DISAGREE
    assert "guesses" in recovery.reason


def test_a_linear_map_has_no_rectifiers_to_recover():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1000, 5))
    Y = X @ rng.standard_normal((5, 3))
    recovery = recover(ArraySamples(X, Y), 3, negative_slope="auto", rng=0)
    assert recovery.status is Status.RANK_DEFICIENT
    assert "linear" in recovery.reason


def test_absolute_values_do_not_show_the_signs_of_their_neurons():
    rng = np.random.default_rng(0)
    X, W = rng.standard_normal((1000, 3)), rng.standard_normal((3, 3))
    Y = np.abs(X @ W.T) @ rng.standard_normal((3, 3))
    recovery = recover(ArraySamples(X, Y), 3, negative_slope="auto", rng=0)
    assert recovery.status is Status.RANK_DEFICIENT
    assert "absolute value" in recovery.reason


@pytest.mark.parametrize("seed", range(3))
def test_near_an_absolute_value_a_wrong_slope_is_not_called_recovered(seed):
    _, samples = leaky_samples(seed, -0.9, d=4, k=6, m=6, n=5000)
    recovery = recover(samples, 6, negative_slope="auto", rng=seed)
    figures = fitted(recovery)
    off = abs(figures["slope"] + 0.9) / figures["standard_error"]
    assert recovery.status is not Status.RECOVERED or off < 4.0


def test_a_given_network_brings_its_slope():
    teacher, samples = leaky_samples(1, 0.3)
    recovery = recover(samples, 4, init=teacher, negative_slope="auto", n_restarts=0, rng=0)
    figures = fitted(recovery)
    assert figures["slope"] == pytest.approx(0.3, abs=5 * figures["standard_error"])


def test_the_estimator_fits_it_and_predicts_with_it():
    rng = np.random.default_rng(2)
    teacher = make_teacher(6, 4, 5, rng=rng)
    teacher = TwoLayerNetwork(teacher.A, teacher.W, negative_slope=0.3)
    X = rng.standard_normal((2000, 6))
    truth = teacher.predict(X)
    estimator = PureNeuronRegressor(4, negative_slope="auto", random_state=0)
    estimator.fit(X, truth + 0.1 * rng.standard_normal(truth.shape))
    assert estimator.network_.negative_slope == pytest.approx(0.3, abs=0.02)
    assert np.mean((estimator.predict(X) - truth) ** 2) < 1e-3 * truth.var()


def test_the_moment_estimate_needs_to_be_told():
    _, samples = leaky_samples(3, 0.3)
    with pytest.raises(ValueError, match="refine=True, or give the slope"):
        recover(samples, 4, negative_slope="auto", init="moments", refine=False)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.4, 0.7, 0.98])
def test_an_interrupt_keeps_the_best_so_far(share):
    _, samples = leaky_samples(4, 0.3)
    events = []
    recover(samples, 4, negative_slope="auto", callback=events.append, rng=0)
    event, seen = int(share * len(events)), []

    def stop(progress):
        seen.append(progress.loss if progress.stage in ("slope", "refining") else None)
        if len(seen) == event:
            raise KeyboardInterrupt

    recovery = recover(samples, 4, negative_slope="auto", callback=stop, rng=0)
    assert len(seen) == event
    assert recovery.status is Status.NOT_CONVERGED
    reached = min((loss for loss in seen if loss is not None), default=np.inf)
    outputs = samples.arrays()[1]
    # To the digits of single precision, in which descents begin.
    assert recovery.loss <= 1.001 * reached * outputs.var(axis=0).mean()


def test_weights_and_a_single_output():
    rng = np.random.default_rng(5)
    teacher = make_teacher(3, 2, 1, rng=rng)
    teacher = TwoLayerNetwork(teacher.A, teacher.W, negative_slope=0.3)
    X = rng.standard_normal((1500, 3))
    Y = teacher.predict(X) + 0.05 * rng.standard_normal((1500, 1))
    # Rows that are wrong, and weigh nothing.
    Y[:200] = 10.0 * rng.standard_normal((200, 1))
    weight = np.where(np.arange(1500) < 200, 0.0, 2.0)
    recovery = recover(ArraySamples(X, Y, weight), 2, negative_slope="auto", rng=0)
    assert recovery.status is Status.RECOVERED
    figures = fitted(recovery)
    assert figures["slope"] == pytest.approx(0.3, abs=5 * figures["standard_error"])


@pytest.mark.parametrize("seed", range(3))
def test_noise_that_differs_between_outputs(seed):
    rng = np.random.default_rng(seed)
    teacher = make_teacher(5, 3, 4, rng=rng)
    teacher = TwoLayerNetwork(teacher.A, teacher.W, negative_slope=0.2)
    X = rng.standard_normal((2000, 5))
    noise = np.array([0.01, 0.05, 0.3, 1.0]) * rng.standard_normal((2000, 4))
    samples = ArraySamples(X, teacher.predict(X) + noise)
    plain, weighed = (
        recover(samples, 3, negative_slope="auto", noise_covariance=covariance, rng=seed)
        for covariance in ("spherical", "full")
    )
    assert weighed.status is Status.RECOVERED
    figures = fitted(weighed)
    assert figures["standard_error"] < 0.3 * fitted(plain)["standard_error"]
    assert figures["slope"] == pytest.approx(0.2, abs=5 * figures["standard_error"])


@pytest.mark.parametrize("start", [0, 3])
def test_an_interrupt_while_the_slope_is_fitted_again_keeps_the_weighed_network(start):
    rng = np.random.default_rng(0)
    teacher = make_teacher(5, 3, 4, rng=rng)
    X = rng.standard_normal((2000, 5))
    noise = np.array([0.01, 0.05, 0.3, 1.0]) * rng.standard_normal((2000, 4))
    samples = ArraySamples(X, teacher.predict(X) + noise)
    stages = []

    def stop(progress):
        stages.append(progress.stage)
        if progress.stage == "slope" and progress.start == start and "noise" in stages:
            raise KeyboardInterrupt

    options = {"negative_slope": "auto", "noise_covariance": "full", "rng": 0}
    stopped = recover(samples, 3, callback=stop, **options)
    assert stopped.status is Status.NOT_CONVERGED
    # The covariance of the noise was known by then, and A is in the units of Y.
    whole = recover(samples, 3, **options)
    assert stopped.network.match(whole.network).error_A < 1e-2
    np.testing.assert_allclose(stopped.network.A, whole.network.A, atol=0.05)


def test_moments_with_biases_are_refused_at_once():
    _, samples = leaky_samples(6, 0.2)
    with pytest.raises(ValueError, match="moments"):
        recover(samples, 4, negative_slope="auto", init="moments", fit_intercept=True, rng=0)
