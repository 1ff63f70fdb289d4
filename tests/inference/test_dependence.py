"""What the noise is taken for."""

import numpy as np
import pytest
from scipy.signal import lfilter

from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher
from pureneuron.inference import Dependence, assumed_dependence
from pureneuron.optimize import minimize
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.samples.streamed import StreamedSamples


def remembering(rng, n, width, memory):
    """Draw an autoregression with unit variance."""
    steps = np.sqrt(1.0 - memory**2) * rng.standard_normal((n, width))
    return lfilter([1.0], [1.0, -memory], steps, axis=0)


def drawn(seed, kind, n=1500):
    rng = np.random.default_rng(seed)
    teacher = make_teacher(4, 3, 2, rng=rng)
    X = rng.standard_normal((n, 4))
    noise = 0.3 * rng.standard_normal((n, 2))
    if kind == "robust":
        noise *= np.abs(X[:, :1])
    if kind == "serial":
        X = remembering(rng, n, 4, 0.9)
        noise = 0.3 * remembering(rng, n, 2, 0.8)
    if kind == "correlated":
        noise = noise @ [[1.0, 0.7], [0.0, 0.2]]
    return X, teacher.predict(X) + noise, teacher


def taken_for(
    X, Y, teacher, *, asked="auto", grouped=False, seed=0, fit_hidden_bias=False, **options
):
    problem = pose(ArraySamples(X, Y, **options), fit_hidden_bias=fit_hidden_bias)
    fit = minimize(problem, problem.to_white(teacher))
    return assumed_dependence(fit, asked, grouped=grouped, rng=np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("iid", "iid"), ("correlated", "iid"), ("robust", "robust"), ("serial", "serial")],
)
def test_noise_is_recognised(kind, wanted):
    kinds = [taken_for(*drawn(seed, kind), seed=seed).kind for seed in range(20)]
    # About one in a hundred is taken for another, by the levels of the tests.
    assert kinds.count(wanted) >= 18


def test_noise_that_is_louder_where_a_unit_is_seldom_on_is_unequal():
    # The few rows that it is on in have nearly all of the squares, and hardly any of the signs.
    kinds = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((1200, 3))
        teacher = TwoLayerNetwork([[1.0, 12.0], [0.5, -9.0]], np.eye(2, 3), [0.0, -2.0])
        Y = teacher.predict(X)
        Y += (0.8 * np.abs(Y) + 0.05) * rng.standard_normal(Y.shape)
        kinds.append(taken_for(X, Y, teacher, seed=seed, fit_hidden_bias=True).kind)
    assert kinds.count("robust") >= 9


def test_rows_without_weight_say_nothing():
    kinds = []
    for seed in range(20):
        X, Y, teacher = drawn(seed, "iid")
        weight = (np.random.default_rng(seed).random(len(X)) < 0.5).astype(float)
        kinds.append(taken_for(X, Y, teacher, seed=seed, weight=weight).kind)
    assert kinds.count("iid") >= 18


def test_weights_that_say_how_loud_a_row_is_are_no_counts_of_rows():
    # With such weights the standard errors for noise of one law are too large.
    kinds = {"loudness": [], "importance": []}
    for seed in range(10):
        X, Y, teacher = drawn(seed, "iid")
        rng = np.random.default_rng(seed)
        loud = np.exp(rng.standard_normal(len(X)))
        noise = 0.3 * rng.standard_normal(Y.shape)
        weight = loud**-2.0
        for kind, each in (("loudness", loud[:, None] * noise), ("importance", noise)):
            Y = teacher.predict(X) + each
            kinds[kind].append(taken_for(X, Y, teacher, seed=seed, weight=weight).kind)
    assert kinds["loudness"].count("robust") >= 9
    assert kinds["importance"].count("iid") >= 9


def test_signals_with_memory_and_noise_without_are_no_alarm():
    kinds = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        teacher = make_teacher(4, 3, 2, rng=rng)
        X = remembering(rng, 1500, 4, 0.95)
        Y = teacher.predict(X) + 0.3 * rng.standard_normal((1500, 2))
        kinds.append(taken_for(X, Y, teacher, seed=seed).kind)
    assert kinds.count("iid") >= 18


def test_longer_memory_makes_longer_lags():
    lags = []
    for memory in (0.3, 0.6, 0.9):
        rng = np.random.default_rng(0)
        teacher = make_teacher(3, 2, 2, rng=rng)
        X, E = (remembering(rng, 3000, width, memory) for width in (3, 2))
        lags.append(taken_for(X, teacher.predict(X) + 0.5 * E, teacher, asked="serial").lag)
    assert lags[0] < lags[1] < lags[2] <= 300


@pytest.mark.parametrize("correlation", [0.3, 0.81, 0.95])
def test_what_bartletts_kernel_leaves_out_of_a_memory(correlation):
    n = 10**6
    q = 2.0 * correlation / (1.0 - correlation**2)
    lag = round(2.0 * 1.1447 * (q**2 * n) ** (1 / 3))
    found = Dependence.serial(lag, n, "given")
    apart = np.arange(1, 2000)
    covariances = correlation**apart
    whole = 1.0 + 2.0 * covariances.sum()
    kept = 1.0 + 2.0 * np.sum(np.maximum(1.0 - apart / lag, 0.0) * covariances)
    assert found.left_out == pytest.approx(1.0 - kept / whole, rel=0.02)
    # The variance of a mean, against that of as many rows without memory.
    assert found.memory == pytest.approx(whole, rel=0.02)


def test_what_is_asked_for_is_done():
    X, Y, teacher = drawn(0, "serial")
    for asked in ("iid", "robust", "serial"):
        found = taken_for(X, Y, teacher, asked=asked)
        assert (found.kind, found.why) == (asked, "asked for")
        assert (found.lag > 0) == (asked == "serial")
    # Groups count before all else.
    assert taken_for(X, Y, teacher, asked="iid", grouped=True).kind == "groups"


@pytest.mark.parametrize("n", [3, 20])
def test_few_rows_and_none_that_vary(n):
    rng = np.random.default_rng(0)
    X = np.abs(rng.standard_normal((n, 1)))
    problem = pose(ArraySamples(X, rng.standard_normal((n, 1))))
    # A dead unit: all scores are zero.
    fit = minimize(problem, np.array([[-1.0]]))
    found = assumed_dependence(fit, "auto", grouped=False, rng=rng)
    assert found.kind in ("iid", "robust")
    assert assumed_dependence(fit, "serial", grouped=False, rng=rng).lag == 1


@pytest.mark.parametrize("kind", ["iid", "robust", "serial"])
@pytest.mark.parametrize("n", [1500, 9100])
def test_batches_do_not_matter(kind, n):
    X, Y, teacher = drawn(1, kind, n=n)
    start = pose(ArraySamples(X, Y))
    point = minimize(start, start.to_white(teacher)).point
    parts = np.array_split(np.arange(n), 23)
    found = []
    for samples in (
        ArraySamples(X, Y),
        ArraySamples(X, Y, batch_rows=64),
        StreamedSamples(lambda: ((X[rows], Y[rows], None) for rows in parts)),
    ):
        problem = pose(samples)
        raw = start.whitening.from_white(point.W)
        fit = minimize(problem, problem.whitening.to_white(raw), point.A)
        found.append(assumed_dependence(fit, "auto", grouped=False, rng=np.random.default_rng(0)))
    assert found[0].kind == kind
    assert found[1] == found[0]
    assert found[2] == found[0]
