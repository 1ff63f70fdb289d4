"""Rows on Dask: the promises of a source, what is refused, and fits that equal those in memory."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("dask.dataframe")
pytest.importorskip("distributed")

import dask
import dask.array as da
import dask.dataframe as dd
import pandas as pd

from pureneuron import PureNeuronRegressor, recover
from pureneuron.datasets import make_teacher
from pureneuron.results import Status
from pureneuron.samples import ArraySamples, Batch, CountedSamples, Stacked, UnclearColumns
from pureneuron.samples.dask import DaskSamples, partitions, worker_memory
from pureneuron.samples.dask.frames import choose_columns
from pureneuron.samples.testing import check_source

pytestmark = pytest.mark.extras

UNEVEN = (20, 1, 0, 50, 26)


@pytest.fixture(autouse=True)
def in_threads():
    with dask.config.set(scheduler="threads", num_workers=2):
        yield


def cut(M, sizes):
    if M is None:
        return None
    return da.from_array(M, chunks=(sizes, *((n,) for n in M.shape[1:])))


def unknown(array):
    """Return an array whose chunks are of unknown length."""
    return None if array is None else array[da.ones(len(array), chunks=array.chunks[0]) > 0]


def sources():
    def known(X, Y, weight):
        return DaskSamples.from_arrays(*(cut(M, UNEVEN) for M in (X, Y, weight)))

    def one(X, Y, weight):
        return DaskSamples.from_arrays(*(cut(M, (len(X),)) for M in (X, Y, weight)))

    def rows(X, Y, weight):
        # More partitions than one level of the tree merges, and their columns in pieces.
        parts = (da.from_array(M, chunks=1 if M.ndim == 1 else (3, 2)) for M in (X, Y))
        return DaskSamples.from_arrays(*parts, weight)

    def counted(X, Y, weight):
        return DaskSamples.from_arrays(*(unknown(cut(M, UNEVEN)) for M in (X, Y, weight)))

    def not_held(X, Y, weight):
        parts = (cut(M, UNEVEN) for M in (X, Y, weight))
        return DaskSamples.from_arrays(*parts, persist=False)

    def frame(X, Y, weight):
        return DaskSamples.from_frame(
            frame_of(X, Y, weight), weight="w" if weight is not None else None
        )

    return [known, one, rows, counted, not_held, frame]


def frame_of(X, Y, weight=None, groups=None, npartitions=4):
    columns = {f"x{j}": X[:, j] for j in range(X.shape[1])}
    columns |= {f"y{j}": Y[:, j] for j in range(Y.shape[1])}
    columns |= {} if weight is None else {"w": weight}
    columns |= {} if groups is None else {"session": groups}
    return dd.from_pandas(pd.DataFrame(columns), npartitions=npartitions)


@pytest.mark.parametrize("make", sources())
def test_dask_keeps_the_promises_of_a_source(make):
    check_source(make)


@pytest.mark.parametrize("make", sources()[:2])
def test_what_there_is_no_room_for_is_made_anew(make, monkeypatch):
    monkeypatch.setattr(worker_memory, "THRESHOLDS", SimpleNamespace(kept_share=0.0))
    check_source(make)


def noisy(n=6000, d=5, k=3, m=4):
    rng = np.random.default_rng(0)
    teacher = make_teacher(d, k, m, rng=rng)
    X = rng.standard_normal((n, d))
    Y = teacher.predict(X) + 0.1 * rng.standard_normal((n, m))
    return X, Y, rng.uniform(0.5, 2.0, n), np.arange(n) // 50


@pytest.mark.parametrize("with_weights", [False, True])
@pytest.mark.parametrize("with_groups", [False, True])
def test_a_fit_equals_the_one_in_memory(with_weights, with_groups):
    X, Y, weight, groups = noisy()
    others = weight if with_weights else None, groups if with_groups else None
    memory = recover(ArraySamples(X, Y, others[0], groups=others[1]), 3, rng=0)
    parts = (cut(X, (2500, 0, 3500)), cut(Y, (6000,)), *others)
    fit = recover(DaskSamples.from_arrays(*parts), 3, rng=0)
    assert fit.status is memory.status is Status.RECOVERED
    np.testing.assert_allclose(fit.network.W, memory.network.W, rtol=1e-6)
    np.testing.assert_allclose(fit.network.A, memory.network.A, rtol=1e-6)
    np.testing.assert_allclose(fit.standard_errors.W, memory.standard_errors.W, rtol=1e-5)


def test_a_fit_repeats_to_the_last_bit():
    X, Y, *_ = noisy(3000)
    fits = [
        recover(DaskSamples.from_arrays(cut(X, (100,) * 30), cut(Y, (100,) * 30)), 3, rng=0)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(fits[0].network.W, fits[1].network.W)


def test_groups_may_be_texts():
    X, Y, _, groups = noisy()
    labels = np.array([f"session {g}" for g in groups])
    frame = frame_of(X, Y, groups=labels)
    fit = recover(DaskSamples.from_frame(frame, groups="session"), 3, rng=0)
    memory = recover(ArraySamples(X, Y, groups=labels), 3, rng=0)
    assert fit.status is memory.status is Status.RECOVERED
    np.testing.assert_allclose(fit.network.W, memory.network.W, rtol=1e-6)


def test_the_estimator_takes_arrays_without_computing_them():
    X, Y, weight, _ = noisy()
    plain = PureNeuronRegressor(3, random_state=0).fit(X, Y, weight)
    fit = PureNeuronRegressor(3, random_state=0).fit(
        cut(X, (3000,) * 2), cut(Y, (3000,) * 2), weight
    )
    np.testing.assert_allclose(fit.components_, plain.components_, rtol=1e-6)
    assert fit.n_features_in_ == 5
    assert not hasattr(fit, "feature_names_in_")
    np.testing.assert_allclose(fit.predict(X[:5]), plain.predict(X[:5]), rtol=1e-6)


def test_the_estimator_takes_frames_and_vectors():
    X, Y, *_ = noisy(m=1)
    frame = dd.from_pandas(pd.DataFrame(X, columns=list("abcde")), npartitions=3)
    y = dd.from_pandas(pd.Series(Y[:, 0]), npartitions=3)
    fit = PureNeuronRegressor(2, init="random", n_restarts=1, random_state=0)
    with pytest.warns(Warning, match=r"MISFIT|NOT_CONVERGED|STARTS_DISAGREE"):
        fit.fit(frame, y)
    assert list(fit.feature_names_in_) == list("abcde")
    assert fit.predict(pd.DataFrame(X[:5], columns=list("abcde"))).shape == (5,)


def test_names_come_from_a_frame():
    X, Y, *_ = noisy(100)
    frame = frame_of(X, Y).rename(columns={"x0": "stim_a", "x1": "stim_b"})
    samples = DaskSamples.from_frame(frame, "stim_*", ["y1", "y0"])
    assert samples.input_names == ("stim_a", "stim_b")
    assert samples.output_names == ("y1", "y0")
    assert samples.n_rows == 100
    seen = samples.reduce(_rows)
    np.testing.assert_array_equal(seen["x"], X[:, :2])
    np.testing.assert_array_equal(seen["y"], Y[:, 1::-1])


def _rows(batch: Batch) -> dict[str, Stacked]:
    return {"x": Stacked(batch.X), "y": Stacked(batch.Y)}


def test_single_precision_stays():
    X, Y, *_ = noisy(100)
    frame = frame_of(X.astype(np.float32), Y.astype(np.float32))
    assert DaskSamples.from_frame(frame).reduce(_rows)["x"].dtype == np.float32
    frame["y0"] = frame["y0"].astype(float)
    assert DaskSamples.from_frame(frame).reduce(_rows)["x"].dtype == np.float64


def test_missing_values_are_found_where_they_are():
    X, Y, *_ = noisy(100)
    frame = frame_of(X, Y).astype({"x1": "Float64"})
    frame["x1"] = frame["x1"].where(frame["x1"] != X[70, 1])
    with pytest.raises(ValueError, match="NaN at row 70, column 'x1'"):
        recover(DaskSamples.from_frame(frame), 3)


def test_rows_are_taken_from_their_partitions():
    X, Y, *_ = noisy(100)
    samples = CountedSamples(DaskSamples.from_arrays(cut(X, (30, 70)), cut(Y, (30, 70))))
    for rows in (np.array([5, 29, 30, 99]), np.array([99]), np.arange(0)):
        taken = samples.take(rows).reduce(_rows)
        np.testing.assert_array_equal(taken["x"] if len(rows) else X[:0], X[rows])
    assert samples.n_passes == 3


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda X, Y: DaskSamples.from_arrays(X, Y[:99]), r"equally many rows, got \[100, 99\]"),
        (
            lambda X, Y: DaskSamples.from_arrays(X, Y, np.ones(7)),
            r"X and weight must .* \[100, 7\]",
        ),
        (lambda X, Y: DaskSamples.from_arrays(X[:, 0], Y), "X has 1 dimensions: a matrix"),
        (lambda X, Y: DaskSamples.from_arrays(X, Y, Y), "weight has 2 dimensions: a vector"),
        (lambda X, Y: DaskSamples.from_arrays(np.eye(3), Y), "X is of type ndarray: a Dask array"),
        (lambda X, Y: DaskSamples.from_arrays(X * 1j, Y), "X of partition 0 is complex"),
        (lambda X, Y: DaskSamples.from_arrays(X, Y, input_names=["a"]), "has 1 names for 5"),
        (lambda X, Y: DaskSamples.from_arrays(unknown(X), np.ones(100)), "in memory, and X has"),
        (lambda X, Y: DaskSamples.from_arrays(unknown(X), Y), "X has 4 partitions and Y 1"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(made, message):
    X, Y, *_ = noisy(100)
    with pytest.raises(ValueError, match=message):
        made(cut(X, (25,) * 4), cut(Y, (100,))).reduce(_rows)


def test_a_partition_that_differs_is_named():
    X, Y, *_ = noisy(100)
    whole, Y = cut(X, (25,) * 4), cut(Y, (25,) * 4)

    def narrow(block, block_info=None):
        return block[:, :4] if block_info[0]["chunk-location"][0] == 2 else block

    def short(block, block_info=None):
        return block[:20] if block_info[0]["chunk-location"][0] == 3 else block

    with pytest.raises(ValueError, match="partition 2 has 4 columns of X, and 5 are expected"):
        DaskSamples.from_arrays(whole.map_blocks(narrow, dtype=float, meta=whole._meta), Y)
    with pytest.raises(ValueError, match="rows in partition 3 differ: X has 20, Y has 25"):
        DaskSamples.from_arrays(whole.map_blocks(short, dtype=float, meta=whole._meta), Y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda piece: piece.drop(columns="x3"), "partition 2 of the data frame .*x3"),
        (lambda piece: piece.drop(columns=["x3", "z"]), "partition 2 of the data frame .*x3"),
        (lambda piece: piece.assign(x3="a"), "column x3 of partition 2 is of type"),
    ],
    ids=["one", "two", "text"],
)
def test_a_piece_with_other_columns_is_named(change, message):
    X, Y, *_ = noisy(100)
    # A column that is not chosen has Dask choose columns as well, with errors of its own.
    frame = frame_of(X, Y).assign(z=1.0)
    pieces = [frame.get_partition(i).compute() for i in range(4)]
    pieces[2] = change(pieces[2])

    def piece(i):
        return pieces[i]

    # Only what reads the rows can tell that they are not what was said.
    frame = dd.from_map(piece, range(4), meta=pieces[0].iloc[:0], enforce_metadata=False)
    with pytest.raises(ValueError, match=message):
        DaskSamples.from_frame(frame)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": "z*"}, "the data frame has no column that matches 'z"),
        ({"inputs": "x0,y0"}, "column y0 of the data frame is in both inputs and outputs"),
        ({"inputs": "x0,session"}, "column session of the data frame is of type"),
        ({"groups": "x*"}, "means 5 columns"),
    ],
)
def test_columns_that_do_not_fit_are_refused(arguments, message):
    X, Y, _, groups = noisy(100)
    frame = frame_of(X, Y, groups=groups.astype(str))
    with pytest.raises(ValueError, match=message):
        DaskSamples.from_frame(frame, **arguments)


def test_unclear_columns_are_asked_for():
    X, Y, *_ = noisy(100)
    frame = frame_of(X, Y)
    with pytest.raises(UnclearColumns, match=r"no columns named x0.*as in inputs='v\*'"):
        DaskSamples.from_frame(frame.rename(columns={f"x{j}": f"v{j}" for j in range(5)}))
    with pytest.raises(UnclearColumns, match="has columns x0, x1, x2, x4, but no x3"):
        DaskSamples.from_frame(frame.drop(columns="x3"))
    padded = DaskSamples.from_frame(frame.rename(columns={"x2": " x2"}))
    assert padded.input_names == ("x0", "x1", " x2", "x3", "x4")


def test_derived_rows_go_with_the_samples():
    X, Y, *_ = noisy(100)
    samples = DaskSamples.from_arrays(cut(X, (50, 50)), cut(Y, (50, 50)))
    derived = samples.derive(_same)
    derived.reduce(_rows)
    held = [piece.compute() for piece in derived._partitions]
    assert all(isinstance(piece, partitions.Partition) and not piece.pending for piece in held)
    del derived, held
    gc.collect()
    assert not [each for each in gc.get_objects() if type(each) is Batch and "mark" in each.extra]


def _same(batch: Batch) -> Batch:
    return Batch(batch.X, batch.Y, batch.weight, batch.offset, {"mark": batch.X[:, 0]})


def test_a_piece_that_lacks_columns_is_named():
    X, Y, *_ = noisy(100)
    columns = choose_columns(frame_of(X, Y), None, None, None, None, source="it")
    piece = frame_of(X, Y).get_partition(0).compute().drop(columns="x3")
    with pytest.raises(ValueError, match="partition 7 lacks columns that others have: x3"):
        partitions.from_frame(7, piece, columns)
