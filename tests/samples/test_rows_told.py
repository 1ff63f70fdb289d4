"""What a pass tells while it goes on."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pureneuron import recover
from pureneuron.datasets import make_teacher
from pureneuron.problem import survey
from pureneuron.samples import ArraySamples, CountedSamples, StreamedSamples, Sum
from pureneuron.samples.checkpoint.journal import Journal
from pureneuron.samples.checkpoint.samples import CheckpointedSamples
from pureneuron.samples.rows_told import PassSoFar, tell_rows


def rows(batch):
    return {"rows": Sum(float(batch.X.shape[0]))}


def in_memory(n):
    X = np.random.default_rng(0).standard_normal((n, 3))
    return ArraySamples(X, X, batch_rows=40)


def streamed(n):
    X = np.random.default_rng(0).standard_normal((n, 3))
    return StreamedSamples(lambda: ((X[i : i + 40], X[i : i + 40], None) for i in range(0, n, 40)))


@pytest.mark.parametrize("make", [in_memory, streamed])
def test_rows_are_told_as_they_are_merged(make):
    told = []
    samples = CountedSamples(make(100), on_rows=told.append)
    samples.reduce(rows)
    assert [(each.number, each.rows, each.n_rows) for each in told] == [
        (1, 40, None),
        (1, 80, None),
        (1, 100, None),
    ]
    # Now it is known how many there are, for what is derived as well.
    told.clear()
    samples.derive(lambda batch: batch).reduce_together([(rows,), (rows,)])
    assert [(each.number, each.rows, each.n_rows) for each in told] == [
        (2, 40, 100),
        (2, 80, 100),
        (2, 100, 100),
    ]
    assert all(one.seconds < other.seconds for one, other in pairwise(told))


def test_passes_over_rows_in_memory_tell_nothing():
    told = []
    taken = CountedSamples(streamed(100), on_rows=told.append).take(np.arange(50))
    told.clear()
    taken.reduce(rows)
    assert not told


def test_nobody_need_listen():
    tell_rows(5)
    CountedSamples(streamed(100)).reduce(rows)


def test_a_pass_from_a_journal_tells_nothing_and_leaves_the_rows_unknown(tmp_path):
    CheckpointedSamples(streamed(100), Journal(tmp_path)).reduce(rows)
    told = []
    kept = CheckpointedSamples(streamed(100), Journal(tmp_path))
    samples = CountedSamples(kept, on_rows=told.append)
    samples.reduce(rows)
    assert not told
    samples.reduce(rows)
    assert [(each.number, each.n_rows) for each in told] == [(2, None)] * 3


def test_rates_and_the_time_left():
    so_far = PassSoFar(2, 500, 2000, 5.0)
    assert so_far.rows_per_second == 100.0
    assert so_far.seconds_left == 15.0
    assert PassSoFar(1, 500, None, 5.0).seconds_left is None
    # More rows than last time, such as of files that grow.
    assert PassSoFar(2, 500, 400, 5.0).seconds_left == 0.0


def test_the_callback_of_a_run_hears_of_passes(monkeypatch):
    monkeypatch.setattr("pureneuron.monitor._SECONDS_BETWEEN", 1e-9)
    few = replace(survey.THRESHOLDS, kept_entries=1, kept_rows=2000)
    monkeypatch.setattr(survey, "THRESHOLDS", few)
    rng = np.random.default_rng(0)
    teacher = make_teacher(4, 2, 3, rng=rng)
    X = rng.standard_normal((40_000, 4))
    Y = teacher.predict(X) + 0.1 * rng.standard_normal((40_000, 3))
    samples = StreamedSamples(
        lambda: ((X[i : i + 10_000], Y[i : i + 10_000], None) for i in range(0, 40_000, 10_000))
    )
    heard = []
    recovery = recover(samples, 2, rng=0, callback=heard.append)
    of_passes = [each for each in heard if each.rows]
    assert {each.n_passes for each in of_passes} == set(range(1, recovery.n_passes + 1))
    assert {each.rows for each in of_passes} == {10_000, 20_000, 30_000, 40_000}
    assert all((each.n_rows is None) == (each.seconds_left is None) for each in of_passes)
    assert all(each.n_rows in (None, 40_000) and each.rows_per_second > 0.0 for each in of_passes)
    assert of_passes[0].stage == "data"
    assert of_passes[0].n_rows is None
    assert of_passes[-1].n_rows == 40_000
    counts = [each.n_passes for each in heard]
    assert counts == sorted(counts)
