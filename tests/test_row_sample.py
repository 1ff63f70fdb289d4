"""Rows that a recovery keeps for pictures: the right ones, from any source, and no more passes."""

import numpy as np
import pytest

from pureneuron import recover
from pureneuron.datasets import make_teacher
from pureneuron.row_sample import THRESHOLDS, RowSample
from pureneuron.samples import ArraySamples, CountedSamples
from pureneuron.samples.streamed import StreamedSamples
from pureneuron.samples.thinning import Thinning

D, K, M, N = 5, 3, 4, 4000
NETWORK = make_teacher(D, K, M, rng=0)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((N, D))
    return X, NETWORK.predict(X) + 0.1 * rng.standard_normal((N, M))


def streamed(X, Y, parts=7):
    rows = np.array_split(np.arange(N), parts)
    return StreamedSamples(lambda: ((X[part], Y[part], None) for part in rows))


@pytest.mark.parametrize("source", [ArraySamples, streamed])
def test_they_are_rows_of_the_data_beside_what_the_network_predicts(data, source):
    X, Y = data
    recovery = recover(source(X, Y), K, rng=0)
    rows = recovery.rows
    assert THRESHOLDS.fewest < len(rows.index) <= THRESHOLDS.rows
    assert np.all(np.diff(rows.index) > 0)
    np.testing.assert_allclose(rows.outputs, Y[rows.index])
    np.testing.assert_allclose(rows.predictions, recovery.network.predict(X[rows.index]))


def test_rows_without_weight_are_left_out(data):
    weight = (np.arange(N) % 2).astype(float)
    rows = recover(ArraySamples(*data, weight), K, rng=0).rows
    assert np.all(rows.index % 2 == 1)


def test_a_fit_that_was_stopped_keeps_none(data):
    def interrupt(progress):
        if progress.stage == "inference":
            raise KeyboardInterrupt

    assert recover(ArraySamples(*data), K, rng=0, callback=interrupt).rows is None


def test_rows_that_are_at_hand_cost_no_pass(data):
    counted = CountedSamples(ArraySamples(*data))
    drawn = RowSample.drawn(counted, NETWORK)
    assert counted.n_passes == 2  # to count the rows, and to take some
    kept = Thinning(10 * THRESHOLDS.rows).taken(ArraySamples(*data), N)
    again = RowSample.drawn(counted, NETWORK, n_rows=N, kept=kept)
    assert counted.n_passes == 2
    assert len(again.index) == len(drawn.index) == THRESHOLDS.rows
