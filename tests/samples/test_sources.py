"""Every source passes the conformance suite, and a broken one does not."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import pairwise

import array_api_strict
import numpy as np
import pytest

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.results import Status
from pureneuron.samples import ArraySamples, Batch, CountedSamples
from pureneuron.samples.streamed import StreamedSamples
from pureneuron.samples.testing import check_source


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
    def _made(self):
        some = 2 if self._functions else 1
        return (batch.every_nth(some) for batch in super()._made())


class TrustsFunctions(StreamedSamples):
    def _made(self):
        offset = 0
        for X, Y, weight in self._batches():
            batch = Batch(X, Y, weight, offset)
            for fn, *params in self._functions:
                batch = fn(batch, *params)
            yield batch
            offset += len(X)


class ForgetsOffsets(StreamedSamples):
    def _made(self):
        return (replace(batch, offset=0) for batch in super()._made())


class OutOfOrder(StreamedSamples):
    def _made(self):
        return iter(list(super()._made())[::-1])


class LosesTheLast(StreamedSamples):
    def _made(self):
        return iter(list(super()._made())[:-1])


class ForgetsWeights(StreamedSamples):
    def _made(self):
        return (replace(batch, weight=None) for batch in super()._made())


class Flickers(StreamedSamples):
    rng = np.random.default_rng(0)

    def _made(self):
        for batch in super()._made():
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
def test_a_source_that_keeps_nothing_gives_the_same_network_in_as_many_passes(options):
    _, X, Y = noisy(3000)
    options = {"n_neurons": 3, **options}
    memory = recover(ArraySamples(X, Y, batch_rows=700), rng=0, **options)
    batches = [(X[i : i + 700], Y[i : i + 700], None) for i in range(0, 3000, 700)]
    stream = recover(StreamedSamples(lambda: batches), rng=0, **options)
    assert memory.status is stream.status is Status.RECOVERED
    np.testing.assert_array_equal(memory.network.W, stream.network.W)
    np.testing.assert_array_equal(memory.network.A, stream.network.A)
    assert memory.n_passes == stream.n_passes


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


def test_peak_memory_does_not_grow_with_the_rows():
    peak_of_a_fit(2)
    few, many = peak_of_a_fit(16), peak_of_a_fit(64)
    # The many are 47 MiB of float64, the few a quarter of it.
    assert many < 1.05 * few < 5.0


def test_rows_that_repeat_are_told_from_a_stream():
    rng = np.random.default_rng(0)
    X = rng.choice([-1.0, 1.0], size=(2000, 3))
    teacher = TwoLayerNetwork(rng.standard_normal((1, 3)), rng.standard_normal((3, 3)))
    Y = teacher.predict(X)
    recovery = recover(StreamedSamples(lambda: cut(X, Y, None, (300, 700))), 3, rng=0)
    assert recovery.status is Status.TOO_FEW_SAMPLES
