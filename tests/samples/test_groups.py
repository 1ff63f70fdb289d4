"""Groups of rows: their labels, and how they travel with the rows."""

import datetime
import subprocess
import sys

import array_api_strict
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from pureneuron.problem import pose
from pureneuron.samples import ArraySamples, CountedSamples, Stacked, read_samples, write_table
from pureneuron.samples.groups import GROUP, group_codes, group_keys
from pureneuron.samples.streamed import StreamedSamples

TABLES = ["parquet", "pq", "csv", "npz", "npy"]


def seen_groups(batch):
    return {"group": Stacked(batch.extra[GROUP])}


def groups_of(samples):
    return samples.reduce(seen_groups)["group"]


# Labels


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a", "b", "c"],
        np.array(["b", "a", "b", "c"]),
        np.array([b"b", b"a", b"b", b"c"]),
        np.array([7, -2, 7, 100]),
        np.array([2**63 + 1, 1, 2**63 + 1, 2**63 + 2], dtype=np.uint64),
        np.array([7.0, -2.0, 7.0, 100.0]),
        pd.Series(["b", "a", "b", "c"]),
        pd.Series(["b", "a", "b", "c"], dtype="category"),
        pd.Series([7, -2, 7, 100], dtype="Int64"),
        pl.Series(["b", "a", "b", "c"]),
        pd.Series(pd.to_datetime(["2020-01-02", "2020-01-01", "2020-01-02", "2020-01-03"])),
        array_api_strict.asarray([7, -2, 7, 100]),
    ],
    ids=lambda labels: f"{type(labels).__name__} {getattr(labels, 'dtype', '')}",
)
def test_equal_labels_get_equal_numbers_from_nought_on(labels):
    codes = group_codes(labels)
    assert codes.dtype == np.int64
    assert codes.tolist() == [1, 0, 1, 2]


def test_numbers_that_need_no_other_rows():
    assert group_keys([7, -2, 7]).tolist() == [7, -2, 7]
    assert group_keys(np.array([7.0, -2.0])).tolist() == [7, -2]
    large = 2**53 + 1
    assert group_keys(np.array([large])).tolist() == [large]
    labels = np.array([f"subject {i}" for i in range(10_000)])
    keys = group_keys(labels)
    assert keys.dtype == np.int64
    assert keys.min() >= 0
    assert len(np.unique(keys)) == 10_000
    assert np.array_equal(group_keys(labels[::-1])[::-1], keys)


def test_hashes_are_the_same_in_every_process():
    code = "from pureneuron.samples.groups import group_keys; print(*group_keys(['a', 'ß']))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert [int(key) for key in done.stdout.split()] == group_keys(["a", "ß"]).tolist()


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "b", ""],
        ["a", "b", "  "],
        [b"a", b"b", b""],
        ["a", "b", None],
        [1, 2, None],
        [1.0, 2.0, np.nan],
        pd.Series(["a", "b", None]),
        pd.Series([1, 2, None], dtype="Int64"),
        pl.Series(["a", "b", None]),
        np.array(["2020-01-01", "2020-01-02", "NaT"], dtype="M8[s]"),
    ],
)
def test_missing_labels_are_refused_by_row(labels):
    with pytest.raises(
        ValueError, match=r"groups has no label in row 2 \(rows count from 0\): give"
    ):
        group_codes(labels)
    with pytest.raises(ValueError, match=r"session has no label in row 12 "):
        group_keys(labels, offset=10, name="session")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1.0, 2.5, 3.0], r"groups holds 2\.5 in row 1 \(rows count from 0\): whole numbers or"),
        ([1.0, np.inf], "groups holds inf in row 1"),
        ([[1], [2]], r"groups has shape \(2, 1\): a vector with one label a row"),
        ([1j, 2j], "groups is of type complex128: whole numbers or text"),
        (np.array([1, "a"], dtype=object), "groups is of type int and str: whole numbers or text"),
        ([datetime.time(1), datetime.time(2)], "groups is of type time: whole numbers or text"),
    ],
)
def test_other_labels_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        group_codes(labels)


# In memory and in streams


def rows(n=500, d=4, m=3):
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, d)), rng.standard_normal((n, m)), rng.integers(0, 20, n)


def in_memory(X, Y, weight, labels):
    return ArraySamples(X, Y, weight, groups=labels, batch_rows=70)


def strict(X, Y, weight, labels):
    X, Y = array_api_strict.asarray(X), array_api_strict.asarray(Y)
    weight = None if weight is None else array_api_strict.asarray(weight)
    return ArraySamples(X, Y, weight, groups=labels, batch_rows=70)


def streamed(X, Y, weight, labels):
    def batches():
        for i in range(0, len(X), 70):
            some = slice(i, i + 70)
            yield X[some], Y[some], None if weight is None else weight[some], labels[some]

    return StreamedSamples(batches)


def streamed_strict(X, Y, weight, labels):
    def batches():
        for X_, Y_, w, g in streamed(X, Y, weight, labels)._batches():
            arrays = (None if M is None else array_api_strict.asarray(M) for M in (X_, Y_, w))
            yield (*arrays, g)

    return StreamedSamples(batches)


SOURCES = [in_memory, strict, streamed, streamed_strict]


@pytest.mark.parametrize("make", SOURCES)
@pytest.mark.parametrize("weighted", [False, True])
def test_groups_go_with_their_rows(make, weighted):
    X, Y, labels = rows()
    samples = CountedSamples(make(X, Y, np.full(500, 2.0) if weighted else None, labels))
    some = np.array([0, 3, 69, 70, 141, 499])
    for found, expected in (
        (samples, labels),
        (samples.take(some), labels[some]),
        (samples.every_nth(7), labels[::7]),
        (samples.every_nth(7).take(np.array([0, 20])), labels[[0, 140]]),
    ):
        groups = groups_of(found)
        assert groups.dtype == np.int64
        assert groups.tolist() == expected.tolist()


@pytest.mark.parametrize("make", SOURCES)
@pytest.mark.parametrize("weighted", [False, True])
def test_groups_reach_the_rows_of_a_problem_unrounded(make, weighted):
    X, Y, labels = rows()
    # Large numbers, which single precision would confuse.
    labels = labels + 2**60
    weight = np.linspace(0.5, 2.0, 500) if weighted else None
    problem = pose(make(X, Y, weight, labels), fit_hidden_bias=True, fit_intercept=True)
    codes = labels - 2**60 if make in (in_memory, strict) else labels
    single = problem.in_single_precision
    for groups in (
        groups_of(problem.samples),
        groups_of(single.samples),
        problem.rows.reduce_raw(seen_groups)["group"],
    ):
        assert groups.dtype == np.int64
        assert groups.tolist() == codes.tolist()
    drawn = single.subset(50, rng=np.random.default_rng(1))
    chosen = np.sort(np.random.default_rng(1).choice(500, size=50, replace=False))
    assert groups_of(drawn.samples).tolist() == codes[chosen].tolist()
    names = single.samples.reduce(lambda batch: {n: Stacked(c) for n, c in batch.extra.items()})
    assert set(names) == {"beside", "group", *["root"] * weighted}
    assert names["beside"].dtype == np.float32


def test_labels_must_be_as_many_as_rows():
    X, Y, labels = rows()
    with pytest.raises(ValueError, match=r"X and Y and groups .* many rows, got \[500, 500, 499\]"):
        ArraySamples(X, Y, groups=labels[1:])


def test_without_labels_there_are_no_groups():
    X, Y, _ = rows()
    assert ArraySamples(X, Y).reduce(lambda b: {"n": Stacked(np.array([len(b.extra)]))})["n"] == 0


# Files


@pytest.mark.parametrize("ending", TABLES)
@pytest.mark.parametrize(
    "labels", [[30, 4, 30, 5], ["two", "a", "two", "b"], [30.0, 4.0, 30.0, 5.0]]
)
def test_labels_from_files(tmp_path, ending, labels):
    path = tmp_path / f"samples.{ending}"
    numbers = np.arange(4.0)
    write_table(path, {"x0": numbers, "session": np.array(labels), "y0": numbers**2})
    samples = read_samples(path, groups="session")
    assert samples.input_names == ("x0",)
    assert samples.output_names == ("y0",)
    groups = groups_of(samples)
    assert groups[0] == groups[2]
    assert sorted(set(groups.tolist())) == [0, 1, 2]
    assert "group" not in read_samples(path).reduce(
        lambda batch: {name: Stacked(column) for name, column in batch.extra.items()}
    )


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["b", "a", "b"]).dictionary_encode(),
        pa.array(["b", "a", "b"], pa.large_string()),
        pa.array([datetime.date(2020, 1, 2), datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)]),
        pa.array([2, 1, 2], pa.timestamp("s")),
        pa.array([True, False, True]),
        pa.array([2, 1, 2], pa.int8()),
    ],
    ids=lambda column: str(column.type),
)
def test_labels_of_many_types_from_parquet(tmp_path, column):
    numbers = [0.0, 1.0, 2.0]
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"x0": numbers, "y0": numbers, "day": column}), path)
    assert groups_of(read_samples(path, groups="day")).tolist() == [1, 0, 1]


def test_labels_in_a_csv_as_people_write_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('x0, y0, day \n1,2, 2020-01-02\n2,3,2020-01-01\n3,4,"2020-01-02"\n')
    assert groups_of(read_samples(path, groups="day")).tolist() == [1, 0, 1]


def test_labels_that_begin_like_numbers(tmp_path):
    path = tmp_path / "a.csv"
    n = 300_000
    lines = [f"{i % 7},{i},{i}\n" for i in range(n)]
    path.write_text("".join(["session,x0,y0\n", *lines, "late,1,2\n"]))
    groups = groups_of(read_samples(path, groups="session"))
    assert groups[-1] == 7
    assert np.array_equal(groups[:n], np.arange(n) % 7)


@pytest.mark.parametrize("missing", ["", "NaN", " ", "null", '""'])
def test_missing_labels_in_a_csv(tmp_path, missing):
    path = tmp_path / "a.csv"
    path.write_text(f"x0,y0,day\n1,2,mon\n2,3,tue\n3,4,{missing}\n")
    with pytest.raises(ValueError, match=r"column day of .*a\.csv has no label in row 2 \(rows"):
        read_samples(path, groups="day")


@pytest.mark.parametrize("labels", [[1, None, 2], ["a", None, "b"], [1.0, float("nan"), 2.0]])
def test_missing_labels_in_parquet(tmp_path, labels):
    path = tmp_path / "a.parquet"
    numbers = [0.0, 1.0, 2.0]
    parquet.write_table(pa.table({"x0": numbers, "y0": numbers, "day": labels}), path)
    with pytest.raises(
        ValueError, match=r"column day of .*a\.parquet has no label in row 1 \(rows"
    ):
        read_samples(path, groups="day")


def test_the_column_of_labels_is_no_input_or_output(tmp_path):
    numbers = np.arange(3.0)
    path = tmp_path / "a.csv"
    write_table(path, {"x0": numbers, "x1": [5, 5, 6], "X2": numbers, "y0": numbers})
    assert read_samples(path, inputs="x0", groups="x1").input_names == ("x0",)
    write_table(path, {"x0": numbers, "x1": [5, 5, 6], "y0": numbers}, force=True)
    assert read_samples(path, groups="x1").input_names == ("x0",)
    write_table(path, {"x0": numbers, "X1": [5, 5, 6], "y0": numbers}, force=True)
    assert read_samples(path, groups="X1").input_names == ("x0",)
    with pytest.raises(ValueError, match=r"column X1 of .* is in both inputs and groups"):
        read_samples(path, inputs="x0,X1", groups="X1")
    np.save(tmp_path / "plain.npy", np.column_stack([numbers, [5.0, 5.0, 6.0], numbers, numbers]))
    samples = read_samples(tmp_path / "plain.npy", inputs="0", groups="1")
    assert (samples.n_inputs, samples.n_outputs) == (1, 2)
    assert groups_of(samples).tolist() == [0, 0, 1]


def test_one_column_of_labels_is_asked_for(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, X=np.ones((3, 2)), Y=np.ones(3), day=np.arange(3), trial=np.arange(2))
    assert groups_of(read_samples(path, groups="day")).tolist() == [0, 1, 2]
    with pytest.raises(
        ValueError, match=r"'\*', asked for as groups, means 5 columns of .*: one is"
    ):
        read_samples(path, groups="*")
    with pytest.raises(ValueError, match=r"no column that matches 'week', asked for as groups"):
        read_samples(path, groups="week")
    with pytest.raises(ValueError, match=r"rows in .*a\.npz differ: .*trial has 2"):
        read_samples(path, groups="trial")
