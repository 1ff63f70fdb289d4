"""Every source passes the conformance suite, and a broken one does not."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import pairwise

import array_api_strict
import numpy as np
import pytest

from pureneuron import TwoLayerNetwork, part_of_rows, recover
from pureneuron.datasets import make_teacher
from pureneuron.problem import pose, survey
from pureneuron.results import Status
from pureneuron.samples import ArraySamples, CountedSamples, Stacked
from pureneuron.samples.streamed import StreamedSamples
from pureneuron.samples.testing import check_source
from pureneuron.samples.thinning import Thinning


def in_memory(X, Y, weight):
    return ArraySamples(X, Y, weight, batch_rows=11)


def single(X, Y, weight):
    X, Y = X.astype(np.float32), Y.astype(np.float32)
    return ArraySamples(X, Y, None if weight is None else weight.astype(np.float32), batch_rows=30)


def strict(X, Y, weight):
    arrays = (None if M is None else array_api_strict.asarray(M) for M in (X, Y, weight))
    return ArraySamples(*arrays, batch_rows=11)


def cut(X, Y, weight, sizes=(20, 1, 50)):
    """Yield rows in batches of uneven length."""
    edges = [0, *np.cumsum(sizes), len(X)]
    for i, j in pairwise(edges):
        yield X[i:j], Y[i:j], None if weight is None else weight[i:j]


def streamed(X, Y, weight):
    return StreamedSamples(lambda: cut(X, Y, weight))


def streamed_strict(X, Y, weight):
    def batches():
        for parts in cut(X, Y, weight):
            yield (None if M is None else array_api_strict.asarray(M) for M in parts)

    return StreamedSamples(batches)


def with_empty_batches(X, Y, weight):
    return StreamedSamples(lambda: cut(X, Y, weight, (0, 20, 0, 30, len(X) - 50)))


@pytest.mark.parametrize(
    "make", [in_memory, single, strict, streamed, streamed_strict, with_empty_batches]
)
@pytest.mark.parametrize("counted", [False, True])
def test_sources_keep_their_promises(make, counted):
    check_source((lambda *rows: CountedSamples(make(*rows))) if counted else make)


class DropsRows(StreamedSamples):
    def _derived(self, batch):
        return super()._derived(batch).every_nth(2 if self._functions else 1)


class TrustsFunctions(StreamedSamples):
    def _derived(self, batch):
        for fn, *params in self._functions:
            batch = fn(batch, *params)
        return batch


class LosesItsHead(StreamedSamples):
    def head(self, n_rows):
        return super().head(n_rows).every_nth(2)


class ForgetsOffsets(StreamedSamples):
    def _read(self):
        return (replace(batch, offset=0) for batch in super()._read())


class OutOfOrder(StreamedSamples):
    def _read(self):
        return iter(list(super()._read())[::-1])


class LosesTheLast(StreamedSamples):
    def _read(self):
        return iter(list(super()._read())[:-1])


class ForgetsWeights(StreamedSamples):
    def _read(self):
        return (replace(batch, weight=None) for batch in super()._read())


class Flickers(StreamedSamples):
    rng = np.random.default_rng(0)

    def _read(self):
        for batch in super()._read():
            yield replace(batch, X=batch.X + 1e-15 * self.rng.standard_normal(batch.X.shape))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (DropsRows, "keep the number of rows"),
        (TrustsFunctions, "takes a function that drops rows"),
        (ForgetsOffsets, "offsets"),
        (OutOfOrder, "out of order"),
        (LosesTheLast, "rows are lost"),
        (ForgetsWeights, "weights are lost"),
        (Flickers, "made twice differs"),
        (LosesItsHead, "head"),
    ],
)
def test_broken_sources_are_found_out(broken, message):
    with pytest.raises(AssertionError, match=message):
        check_source(lambda *rows: broken(lambda: cut(*rows)))


def noisy(n, d=5, k=3, m=4, **biases):
    rng = np.random.default_rng(0)
    teacher = make_teacher(d, k, m, rng=rng)
    X = rng.standard_normal((n, d))
    return teacher, X, teacher.predict(X) + 0.1 * rng.standard_normal((n, m))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"init": "random"},
        {"init": "moments"},
        {"init": "moments", "refine": False},
        {"noise_covariance": "full"},
        {"fit_hidden_bias": True, "fit_intercept": True},
        {"negative_slope": "auto"},
        {"n_neurons": "auto"},
    ],
)
def test_a_stream_of_few_rows_is_read_once(options):
    _, X, Y = noisy(3000)
    options = {"n_neurons": 3, **options}
    memory = recover(ArraySamples(X, Y), rng=0, **options)
    stream = recover(StreamedSamples(lambda: cut(X, Y, None, (700, 700, 1600))), rng=0, **options)
    assert memory.status is stream.status is Status.RECOVERED
    np.testing.assert_allclose(memory.network.W, stream.network.W, atol=1e-7)
    np.testing.assert_allclose(memory.network.A, stream.network.A, atol=1e-7)
    assert stream.n_passes == 1


@pytest.fixture
def few_rows_are_kept(monkeypatch):
    kept = replace(survey.THRESHOLDS, kept_entries=1, kept_rows=6000)
    monkeypatch.setattr(survey, "THRESHOLDS", kept)
    part = replace(part_of_rows.THRESHOLDS, equations=10.0, fewest_rows=400)
    monkeypatch.setattr(part_of_rows, "THRESHOLDS", part)


@pytest.mark.parametrize(
    ("options", "passes"),
    [
        ({}, 5),
        ({"fit_hidden_bias": True, "fit_intercept": True}, 6),
        ({"fit_linear": True}, 6),
        ({"noise_covariance": "full"}, 9),
        ({"negative_slope": "auto"}, 120),
        ({"n_neurons": "auto"}, 6),
        ({"errors": "serial"}, 12),
        ({"errors": "robust"}, 6),
    ],
)
def test_a_stream_gives_the_estimate_of_all_rows_in_few_passes(few_rows_are_kept, options, passes):
    _, X, Y = noisy(40_000)
    options = {"n_neurons": 3, **options}
    every = StreamedSamples(lambda: cut(X, Y, None, (700,) * 57 + (100,)))
    stream = recover(every, rng=0, **options)
    memory = recover(ArraySamples(X, Y), rng=0, **options)
    assert stream.status is memory.status is Status.RECOVERED
    assert "all rows" in [stage.name for stage in stream.stages]
    # A descent ends within 5 % of a standard error, on a loss that is rough on that scale.
    own = memory.network.match(stream.network).permutation
    network, errors = stream.network.permuted(own), stream.standard_errors.permuted(own)
    for name in ("A", "W"):
        apart = getattr(network, name) - getattr(memory.network, name)
        error = getattr(memory.standard_errors, name)
        assert np.all(np.abs(apart) < 0.2 * error + 1e-12)
        np.testing.assert_allclose(getattr(errors, name), error, rtol=0.15)
    assert stream.loss == pytest.approx(memory.loss, rel=1e-4)
    assert stream.n_passes <= passes


def test_weights_groups_and_an_offset_count_in_a_stream(few_rows_are_kept):
    _, X, Y = noisy(20_000)
    Y = Y + 1e6
    rng = np.random.default_rng(5)
    weight, groups = rng.uniform(1.0, 3.0, len(X)) * 1e-3, np.arange(len(X)) // 10
    parts = [slice(i, i + 900) for i in range(0, len(X), 900)]
    every = StreamedSamples(lambda: ((X[p], Y[p], weight[p], groups[p]) for p in parts))
    options = {"fit_intercept": True, "rng": 0}
    stream = recover(every, 3, **options)
    memory = recover(ArraySamples(X, Y, weight, groups=groups), 3, **options)
    assert stream.status is memory.status is Status.RECOVERED
    assert stream.errors.kind == memory.errors.kind == "groups"
    error = memory.standard_errors.W
    assert np.all(np.abs(stream.network.W - memory.network.W) < 0.2 * error + 1e-12)


def test_a_stream_whose_first_rows_are_not_like_the_others(few_rows_are_kept):
    _, X, Y = noisy(20_000)
    Y[:2000] += 1e7
    every = StreamedSamples(lambda: cut(X, Y, None, (2000,) * 10))
    problem, memory = (pose(each, fit_intercept=True) for each in (every, ArraySamples(X, Y)))
    np.testing.assert_allclose(problem.centre, Y.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(problem.moments.yy, memory.moments.yy, rtol=1e-9)


def test_kept_rows_are_random_and_nested():
    X = np.arange(50_000.0)[:, None]
    every = StreamedSamples(lambda: cut(X, X, None, (5000,) * 10))
    thinning = Thinning(2000)
    kept = thinning.kept(every.reduce(_leaves, thinning), 50_000, every)
    x = kept.samples.reduce(_rows)["x"][:, 0]
    np.testing.assert_array_equal(x, kept.numbers)
    # The number is about binomial, and the rows are spread evenly.
    assert abs(len(kept) - 2000) < 4 * np.sqrt(2000)
    counts = np.histogram(x, bins=10, range=(0, 50_000))[0]
    assert np.sum((counts - len(kept) / 10) ** 2 / (len(kept) / 10)) < 25.0
    few = kept.some(100)
    assert len(few) == 100
    assert set(few.numbers) <= set(kept.some(200).numbers)
    assert np.all(np.diff(few.numbers) > 0)


def test_no_more_rows_are_held_than_kept_where_their_number_is_known():
    X = np.arange(50_000.0)[:, None]
    every = ArraySamples(X, X, batch_rows=5000)
    assert every.recomputed().n_rows == 50_000
    assert every.recomputed().every_nth(3).n_rows == 16_667
    unknown, known = Thinning(2000), Thinning(2000, n_rows=50_000)
    kept = unknown.kept(every.reduce(_leaves, unknown), 50_000, every)
    held = every.reduce(_leaves, known)
    np.testing.assert_array_equal(held["kept numbers"], kept.numbers)
    np.testing.assert_array_equal(known.kept(held, 50_000, every).numbers, kept.numbers)


def test_runs_that_are_kept_are_whole():
    X = np.arange(50_000.0)[:, None]
    every = StreamedSamples(lambda: cut(X, X, None, (777,) * 64 + (272,)))
    thinning = Thinning(12, 250, "runs")
    kept = thinning.kept(every.reduce(_leaves, thinning), 50_000, every)
    starts = kept.numbers.reshape(-1, 250)
    np.testing.assert_array_equal(starts, starts[:, :1] + np.arange(250))
    assert np.all(starts[:, 0] % 250 == 0)
    assert 3 <= len(starts) <= 30


def _leaves(batch, thinning):
    return thinning.leaves(batch)


def _rows(batch):
    return {"x": Stacked(batch.X)}


def test_batches_without_rows_do_no_harm():
    _, X, Y = noisy(3000)
    stream = StreamedSamples(lambda: cut(X, Y, None, (0, 1000, 0, 2000)))
    plain = recover(ArraySamples(X, Y), 3, rng=0)
    assert recover(stream, 3, rng=0).network.match(plain.network).error_W < 1e-9


def peak_of_a_fit(n_batches):
    """Return the peak memory, in MiB, of a fit to batches that are drawn anew in each pass."""
    teacher = make_teacher(20, 4, 4, rng=0)

    def batches():
        for i in range(n_batches):
            rng = np.random.default_rng(i)
            X = rng.standard_normal((4000, 20))
            yield X, teacher.predict(X) + 0.1 * rng.standard_normal((4000, 4)), None

    samples = StreamedSamples(batches)
    tracemalloc.start()
    recovery = recover(samples, 4, rng=0)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert recovery.status is Status.RECOVERED
    return peak


def test_peak_memory_does_not_grow_with_the_rows(few_rows_are_kept):
    peak_of_a_fit(2)
    few, many = peak_of_a_fit(16), peak_of_a_fit(64)
    # The many are 47 MiB of float64, the few a quarter of it. What is kept on the way to a random
    # part grows with the logarithm of the rows.
    assert many < 1.5 * few < 25.0


def test_rows_that_repeat_are_told_from_a_stream():
    rng = np.random.default_rng(0)
    X = rng.choice([-1.0, 1.0], size=(2000, 3))
    teacher = TwoLayerNetwork(rng.standard_normal((1, 3)), rng.standard_normal((3, 3)))
    Y = teacher.predict(X)
    recovery = recover(StreamedSamples(lambda: cut(X, Y, None, (300, 700))), 3, rng=0)
    assert recovery.status is Status.TOO_FEW_SAMPLES
