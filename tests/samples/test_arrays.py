import array_api_compat
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pureneuron import PureNeuronRegressor
from pureneuron.samples import ArraySamples, Batch, CountedSamples, First, Max, Min, Sum, merge
from pureneuron.samples.mirror import mirror_hash, mirror_pairs, split_halves


def statistics(batch, shift):
    return {
        "sum": Sum(((batch.X + shift) * batch.Y).sum(axis=0)),
        "min": Min(batch.X.min(axis=0)),
        "max": Max(batch.X.max(axis=0)),
        "first": First(np.flatnonzero(batch.X[:, 0] > 1.0)[:1] + batch.offset),
    }


def doubled(batch, factor):
    return Batch(factor * batch.X, batch.Y, offset=batch.offset, extra={"half": batch.X / 2})


def half_sum(batch):
    return {"half": Sum(batch.extra["half"].sum(axis=0))}


@given(seed=st.integers(0, 10**6), batch_rows=st.integers(1, 40))
def test_batches_do_not_show(seed, batch_rows):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((23, 2)), rng.standard_normal((23, 2))
    whole = ArraySamples(X, Y).reduce(statistics, 0.5)
    parts = ArraySamples(X, Y, batch_rows=batch_rows).reduce(statistics, 0.5)
    assert parts["sum"] == pytest.approx(whole["sum"])
    for name in ("min", "max", "first"):
        assert np.array_equal(parts[name], whole[name])
    assert whole["sum"] == pytest.approx(((X + 0.5) * Y).sum(axis=0))


def test_first_takes_the_earliest_that_is_there():
    empty, early, late = (First(np.array(v)) for v in ([], [3.0], [4.0]))
    merged = merge([{"place": empty}, {"place": early}, {"place": late}])
    assert merged["place"].tolist() == [3.0]


def test_sums_of_float32_are_carried_in_float64():
    # A float32 sum would stop growing at 2**24.
    parts = ({"count": Sum(np.float32(2**24))}, *({"count": Sum(np.float32(1.0))},) * 5)
    assert merge(parts)["count"] == 2**24 + 5


def test_derived_samples_keep_rows_and_carry_columns():
    X = np.arange(12.0).reshape(6, 2)
    samples = ArraySamples(X, X[:, :1], batch_rows=4, input_names=("a", "b"))
    derived = samples.derive(doubled, 3.0)
    assert derived.arrays()[0] == pytest.approx(3.0 * X)
    assert derived.reduce(half_sum)["half"] == pytest.approx(X.sum(axis=0) / 2)
    assert derived.input_names == ("a", "b")
    assert (derived.n_rows, derived.n_inputs, derived.n_outputs) == (6, 2, 1)


def test_rows_must_agree():
    with pytest.raises(ValueError, match=r"equally many rows, got \[3, 4\]"):
        ArraySamples(np.ones((3, 2)), np.ones((4, 1)))


@pytest.mark.parametrize(
    ("X", "Y"),
    [
        ([[1, 2], [3, 4]], [[True], [False]]),
        (pd.DataFrame({"a": [1, 3], "b": [2, 4]}), pd.Series([1, 0])),
        (pl.DataFrame({"a": [1, 3], "b": [2, 4]}), pl.Series([True, False])),
        (np.array([[1, 2], [3, 4]], dtype=">f4"), np.array([1, 0], dtype=np.float16)),
    ],
    ids=["lists", "pandas", "polars", "arrays"],
)
def test_lists_and_frames_become_float64(X, Y):
    samples = ArraySamples(X, Y, [1, 2])
    expected = [[1.0, 2.0], [3.0, 4.0]], [[1.0], [0.0]], [1.0, 2.0]
    for found, wanted in zip(samples.arrays(), expected, strict=True):
        assert found.dtype == np.float64
        assert found.tolist() == list(wanted)


def test_float32_stays_and_vectors_are_one_column():
    X, Y = np.ones((3, 2), dtype=np.float32), np.arange(3, dtype=np.float32)
    samples = ArraySamples(X, Y)
    assert samples.n_outputs == 1
    assert [part.dtype for part in samples.arrays()[:2]] == [np.float32, np.float32]
    assert samples.arrays()[1].tolist() == [[0.0], [1.0], [2.0]]


@pytest.mark.parametrize(
    ("X", "Y", "weight", "message"),
    [
        (np.ones(3), np.ones(3), None, r"X has shape \(3,\): a matrix"),
        (np.float64(1.0), np.ones(3), None, r"X has shape \(\): a matrix"),
        (np.ones((3, 2, 1)), np.ones(3), None, r"X has shape \(3, 2, 1\): a matrix"),
        (np.ones((3, 2)), np.ones((3, 2, 1)), None, r"Y has shape \(3, 2, 1\): a matrix"),
        (np.ones((3, 2)), np.ones(3), np.ones((3, 1)), r"weight has shape \(3, 1\): a vector"),
        (np.ones((3, 2)), np.ones(3), np.ones(2), r"equally many rows, got \[3, 3, 2\]"),
        (np.ones((3, 2)) * 1j, np.ones(3), None, "X is complex"),
        (np.ones((3, 2)), [1.0, 2.0, 1j], None, "Y is complex"),
        ([["a", "b"]] * 3, np.ones(3), None, "X holds text"),
        (np.ones((3, 2)), np.array(["a", 1.0, 2.0], dtype=object), None, "Y holds text"),
        (np.ones((3, 2)), np.ones(3, dtype=object), None, "Y is of type object: real numbers"),
        (np.ones((3, 2)), np.ones(3, dtype="m8[s]"), None, r"Y is of type timedelta64\[s\]"),
        (np.ones((3, 2)), np.ones(3), ["1", "2", "3"], "weight holds text"),
        ([[1.0], [1.0, 2.0]], np.ones(2), None, "X is no array of numbers: .*inhomogeneous"),
    ],
)
def test_other_than_matrices_of_real_numbers_are_refused(X, Y, weight, message):
    with pytest.raises(ValueError, match=message):
        ArraySamples(X, Y, weight)


@pytest.mark.parametrize("names", [{"input_names": ("a",)}, {"output_names": ("a", "b")}])
def test_names_must_be_as_many_as_columns(names):
    with pytest.raises(ValueError, match=r"names for \d columns"):
        ArraySamples(np.ones((3, 2)), np.ones((3, 1)), **names)


def test_counted_samples_count_passes_of_all_that_derives_from_them():
    counted = CountedSamples(ArraySamples(np.arange(8.0).reshape(4, 2), np.ones((4, 1))))
    derived = counted.derive(doubled, 2.0)
    derived.reduce(half_sum)
    derived.every_nth(2).reduce(half_sum)
    derived.reduce_together([(half_sum,), (statistics, 0.0)])
    first, _ = split_halves(counted, np.random.default_rng(0))
    # One pass to find the pairs, one for each half; the halves are in memory.
    first.reduce(statistics, 0.0)
    assert counted.n_passes == 6


@given(seed=st.integers(0, 10**6))
def test_mirrored_rows_pair_one_to_one(seed):
    rng = np.random.default_rng(seed)
    # Few distinct values, so that rows repeat and mirror each other often, zeros included.
    X = rng.integers(-1, 2, (40, 2)).astype(float)
    pair = mirror_pairs(X)
    for number in range(pair.max() + 1):
        rows = X[pair == number]
        assert len(rows) in (1, 2)
        if len(rows) == 2:
            assert np.array_equal(rows[0], -rows[1])
    # No two singles are left that could still have been paired.
    singles = X[np.bincount(pair)[pair] == 1]
    for i in range(len(singles)):
        for j in range(i):
            mirrored = np.array_equal(singles[i], -singles[j])
            assert not mirrored or not singles[i].any()


def test_hash_ignores_sign_and_nothing_else():
    X = np.random.default_rng(0).standard_normal((1000, 3))
    hashes, flipped = mirror_hash(X)
    mirrored, mirrored_flipped = mirror_hash(-X)
    assert np.array_equal(hashes, mirrored)
    assert np.array_equal(flipped, ~mirrored_flipped)
    assert len(np.unique(hashes)) == 1000
    assert not np.array_equal(hashes, mirror_hash(X[:, ::-1])[0])


def test_halves_keep_mirrored_rows_together_and_lose_nothing():
    X = np.random.default_rng(0).standard_normal((50, 2))
    X = np.vstack([X, -X])
    Y = np.arange(100.0)[:, None]
    samples = ArraySamples(X, Y, np.linspace(0, 1, 100), batch_rows=30)
    first, second = split_halves(samples, np.random.default_rng(1))
    rows = [half.arrays()[1][:, 0].astype(int) for half in (first, second)]
    assert sorted(np.concatenate(rows)) == list(range(100))
    assert [len(half) for half in rows] == [50, 50]
    for half in rows:
        assert set(half % 50) == set(half[half < 50])
    # Random, not the first half of the file.
    assert set(rows[0] % 50) != set(range(25))


def test_halves_of_signs_share_the_law():
    # Only four distinct rows: whole classes must not go to one side.
    X = np.random.default_rng(0).choice([-1.0, 1.0], (400, 2))
    first, second = split_halves(ArraySamples(X, X), np.random.default_rng(0))
    for half in (first, second):
        correlation = np.prod(half.arrays()[0], axis=1).mean()
        assert abs(correlation) < 0.3


def test_rows_are_taken_with_their_columns():
    X = np.arange(200.0).reshape(100, 2)
    samples = ArraySamples(X, X[:, :1], np.arange(100.0), batch_rows=30).derive(doubled, 1.0)
    rows = np.array([0, 29, 30, 61, 99])
    part = samples.take(rows)
    taken, _, _ = part.arrays()
    assert part.n_rows == 5
    assert np.array_equal(taken, X[rows])
    assert part.reduce(half_sum)["half"] == pytest.approx(X[rows].sum(axis=0) / 2)


def test_kernels_see_the_library_that_holds_the_data():
    samples = ArraySamples(np.ones((3, 2), dtype=np.float32), np.ones((3, 1), dtype=np.float32))
    seen = []

    def spy(batch, matrix):
        seen.append((array_api_compat.array_namespace(batch.X), matrix.dtype))
        return {"x": Sum(batch.X @ matrix)}

    samples.reduce(spy, np.eye(2))
    assert array_api_compat.is_numpy_namespace(seen[0][0])


# What is no array of numbers


@pytest.mark.parametrize("kind", ["M8[s]", "m8[s]"])
@pytest.mark.parametrize("fit", [ArraySamples, PureNeuronRegressor(1).fit])
def test_times_are_refused(kind, fit):
    times = np.zeros((9, 2), kind)
    with pytest.raises(ValueError, match=r"X is of type (datetime|timedelta)64\[s\]: real numbers"):
        fit(times, np.ones((9, 2)))


@pytest.mark.parametrize("fit", [ArraySamples, PureNeuronRegressor(1).fit])
def test_masked_values_are_refused(fit):
    X = np.ma.masked_array(np.ones((9, 2)))
    X[3, 1] = np.ma.masked
    with pytest.raises(ValueError, match=r"X is a masked array with 1 masked .* row 3, column 1"):
        fit(X, np.ones((9, 2)))
    weight = np.ma.masked_less(np.arange(9.0), 2)
    with pytest.raises(ValueError, match=r"weight is a masked array with 2 masked .* in row 0"):
        ArraySamples(np.ones((9, 2)), np.ones(9), weight)
    samples = ArraySamples(np.ma.masked_array(np.ones((9, 2))), np.ones(9))
    assert type(samples.arrays()[0]) is np.ndarray


STRANGE = [
    ("kind", pd.Categorical(["u", "v", "u"])),
    ("code", pd.Categorical([1, 2, 1])),
    ("text", ["a", "b", "c"]),
    ("day", pd.to_datetime(["2020-01-01"] * 3)),
    ("lag", pd.to_timedelta([1, 2, 3])),
    ("z", [1j, 2, 3]),
]


@pytest.mark.parametrize(("name", "values"), STRANGE, ids=[name for name, _ in STRANGE])
@pytest.mark.parametrize("fit", [ArraySamples, PureNeuronRegressor(1).fit])
def test_frames_are_refused_by_column(name, values, fit):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], name: values})
    with pytest.raises(ValueError, match=rf"column '{name}' of X is of type "):
        fit(frame, np.ones((3, 1)))


@pytest.mark.parametrize("kind", [pl.Categorical, pl.String])
def test_polars_and_arrow_frames_are_refused_by_column(kind):
    frame = pl.DataFrame({"a": [1.0, 2.0], "kind": pl.Series(["u", "v"], dtype=kind)})
    for each in (frame, frame.to_arrow()):
        with pytest.raises(ValueError, match="column 'kind' of X is of type"):
            ArraySamples(each, np.ones(2))


def test_frames_with_missing_whole_numbers_hold_nan():
    frame = pd.DataFrame({"a": [1.0, 2.0], "i": pd.array([1, None], dtype="Int64")})
    X = ArraySamples(frame, np.ones(2)).arrays()[0]
    np.testing.assert_array_equal(X, [[1, 1], [2, np.nan]])


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_a_missing_output_is_named_by_its_column(frame):
    y = frame({"rate": [1.0, 2.0, 3.0], "force": [1.0, float("nan"), 3.0]})
    with pytest.raises(ValueError, match="Input y contains NaN at row 1, column 'force'"):
        PureNeuronRegressor(1).fit(np.ones((3, 2)), y)
    with pytest.raises(ValueError, match="Input y contains NaN at row 1, column 'force'"):
        PureNeuronRegressor(1).fit(np.ones((3, 2)), y["force"])
