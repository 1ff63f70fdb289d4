import csv as text_csv
import pickle
import re
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from pureneuron.samples import (
    UnclearColumns,
    read_inputs,
    read_prediction_data,
    read_samples,
    refuse_nonfinite,
    write_table,
)
from pureneuron.samples.listing import abbreviated

TABLES = ["parquet", "pq", "csv", "npz", "npy"]


def numbers(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def named(X, Y):
    columns = {f"x{j}": X[:, j] for j in range(X.shape[1])}
    return columns | {f"y{j}": Y[:, j] for j in range(Y.shape[1])}


@pytest.fixture
def table(tmp_path):
    """Write columns to a Parquet file, as another program would."""

    def write(columns, name="samples.parquet"):
        parquet.write_table(pa.table(columns), tmp_path / name)
        return tmp_path / name

    return write


# Reading


@pytest.mark.parametrize("ending", TABLES)
def test_round_trip_to_the_last_bit(tmp_path, ending):
    X, Y = numbers((40, 12)), numbers((40, 3), seed=1)
    path = tmp_path / f"samples.{ending}"
    write_table(path, named(X, Y))
    samples = read_samples(path)
    found_X, found_Y, weight = samples.arrays()
    np.testing.assert_array_equal(found_X, X)
    np.testing.assert_array_equal(found_Y, Y)
    assert weight is None
    assert samples.input_names == tuple(f"x{j}" for j in range(12))
    assert samples.output_names == ("y0", "y1", "y2")


def test_inputs_and_outputs_come_in_natural_order(table):
    columns = {f"{letter}{j}": [10.0 * j] for letter in "yx" for j in (10, *range(1, 10))}
    samples = read_samples(table(columns | {"xa": ["text"]}))
    assert samples.input_names == tuple(f"x{j}" for j in range(1, 11))
    assert samples.output_names == tuple(f"y{j}" for j in range(1, 11))
    X, Y, _ = samples.arrays()
    np.testing.assert_array_equal(X, 10.0 * np.arange(1, 11)[None])
    np.testing.assert_array_equal(Y, X)


@pytest.mark.parametrize("inputs", ["stim_*, extra", ["stim_*", "extra", "stim_2"]])
def test_columns_are_named_by_patterns_each_once(table, inputs):
    columns = {"extra": [9.0], "stim_10": [3.0], "stim_2": [2.0], "rate": [1.0], "w": [0.5]}
    samples = read_samples(table(columns), inputs=inputs, outputs="rate", weight="w")
    X, Y, weight = samples.arrays()
    assert samples.input_names == ("stim_2", "stim_10", "extra")
    np.testing.assert_array_equal(X, [[2, 3, 9]])
    np.testing.assert_array_equal(Y, [[1]])
    np.testing.assert_array_equal(weight, [0.5])


def test_a_name_with_special_characters_is_first_of_all_a_name(table):
    samples = read_samples(table({"s[0].a": [1.0], "s0": [2.0], "y0": [3.0]}), inputs="s[0].a")
    assert samples.input_names == ("s[0].a",)


def test_a_folder_that_looks_like_a_partition_adds_nothing(tmp_path):
    folder = tmp_path / "x7=3"
    folder.mkdir()
    write_table(folder / "a.parquet", {"x0": [1.0], "y0": [2.0]})
    assert read_samples(folder / "a.parquet").input_names == ("x0",)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((np.float32, np.float32), np.float32),
        ((np.float32, np.float64), np.float64),
        ((np.float64, np.float32), np.float64),
        ((np.int32, np.float32), np.float64),
        ((np.float16, np.float16), np.float64),
        ((np.bool_, np.int64), np.float64),
    ],
)
@pytest.mark.parametrize("ending", ["parquet", "npz", "npy"])
def test_float32_is_kept_only_if_all_are(tmp_path, ending, kinds, expected):
    path = tmp_path / f"samples.{ending}"
    values = np.array([1, 0])
    write_table(path, {"x0": values.astype(kinds[0]), "y0": values.astype(kinds[1])})
    X, Y, _ = read_samples(path).arrays()
    assert X.dtype == Y.dtype == expected
    np.testing.assert_array_equal(X[:, 0], values)
    np.testing.assert_array_equal(Y[:, 0], values)


def test_nulls_become_nan(table):
    columns = {"x0": [1, None], "x1": [None, True], "x2": pa.nulls(2), "y0": [None, 2.5]}
    X, Y, _ = read_samples(table(columns)).arrays()
    np.testing.assert_array_equal(X, [[1, np.nan, np.nan], [np.nan, 1, np.nan]])
    np.testing.assert_array_equal(Y, [[np.nan], [2.5]])


def test_csv_as_people_write_it(tmp_path):
    path = tmp_path / "a.CSV"
    path.write_text("\ufeffx0, x1 ,y0,note\n1,,NaN,a\n2.5,7,1e3,b\n", encoding="utf-8")
    samples = read_samples(path)
    X, Y, _ = samples.arrays()
    assert samples.input_names == ("x0", "x1")
    np.testing.assert_array_equal(X, [[1, np.nan], [2.5, 7]])
    np.testing.assert_array_equal(Y, [[np.nan], [1000]])


def test_csv_may_hold_fractions_after_a_million_bytes_of_whole_numbers(tmp_path):
    path = tmp_path / "a.csv"
    rows = 400_000
    with path.open("w", newline="") as file:
        writer = text_csv.writer(file)
        writer.writerow(["x0", "y0"])
        writer.writerows([[1, 2]] * (rows - 1) + [[0.5, 2]])
    assert path.stat().st_size > 1_500_000
    X, _, _ = read_samples(path).arrays()
    assert X.shape == (rows, 1)
    assert X[-1, 0] == 0.5


def test_npz_holds_matrices_and_a_weight(tmp_path):
    X, Y, weight = numbers((5, 11)), numbers(5), np.arange(5)
    np.savez(tmp_path / "a.npz", X=X, Y=Y, weight=weight, noise=0.1, W_true=np.ones((2, 11)))
    samples = read_samples(tmp_path / "a.npz")
    found_X, found_Y, found_weight = samples.arrays()
    np.testing.assert_array_equal(found_X, X)
    np.testing.assert_array_equal(found_Y[:, 0], Y)
    np.testing.assert_array_equal(found_weight, weight)
    assert samples.input_names[-1] == "x10"


def test_npz_matrices_of_other_names_are_patterns(tmp_path):
    np.savez(tmp_path / "a.npz", stim=numbers((5, 12)), rate=numbers(5, seed=1))
    samples = read_samples(tmp_path / "a.npz", inputs="stim*", outputs="rate")
    np.testing.assert_array_equal(samples.arrays()[0], numbers((5, 12)))


def test_unnamed_matrix_is_split_by_position(tmp_path):
    M = numbers((6, 5))
    np.save(tmp_path / "a.npy", M)
    for outputs in ("3:5", "3:", "3,4", None):
        samples = read_samples(tmp_path / "a.npy", inputs="0:3", outputs=outputs)
        X, Y, _ = samples.arrays()
        np.testing.assert_array_equal(X, M[:, :3])
        np.testing.assert_array_equal(Y, M[:, 3:])
        assert samples.input_names == ("x0", "x1", "x2")
        assert samples.output_names == ("y0", "y1")


def test_big_endian_numbers_are_numbers(tmp_path):
    np.save(tmp_path / "a.npy", numbers((6, 2)).astype(">f4"))
    X, _, _ = read_samples(tmp_path / "a.npy", inputs="0").arrays()
    assert X.dtype == np.dtype("=f4")
    np.testing.assert_array_equal(X[:, 0], numbers((6, 2)).astype("f4")[:, 0])


# Inputs alone


def test_inputs_alone_by_convention(table):
    X, names = read_inputs(table({"x2": [2.0], "x1": [1.0], "z": [3.0]}))
    assert names == ("x1", "x2")
    np.testing.assert_array_equal(X, [[1, 2]])


def test_inputs_follow_the_order_of_the_model(table):
    path = table({"a": [1.0], "b": [2.0], "c": [3.0]})
    for inputs in (None, "*", "a,b,c"):
        X, names = read_inputs(path, names=("c", "a"), inputs=inputs)
        assert names == ("c", "a")
        np.testing.assert_array_equal(X, [[3, 1]])


def test_columns_of_other_names_may_stand_for_the_inputs(table):
    path = table({"a": [1.0], "b": [2.0]})
    X, names = read_inputs(path, names=("x0", "x1"), inputs="b,a")
    assert names == ("b", "a")
    np.testing.assert_array_equal(X, [[2, 1]])
    with pytest.raises(ValueError, match="the model has 3 inputs, but 2 columns"):
        read_inputs(path, names=("x0", "x1", "x2"), inputs="a,b")


def test_missing_inputs_are_listed(table):
    path = table({"x0": [1.0], "x2": [2.0], "y0": [2.0]})
    message = r"samples.parquet lacks inputs of the model: x1, x3; the columns are x0, x2, y0"
    with pytest.raises(ValueError, match=message):
        read_inputs(path, names=("x0", "x1", "x2", "x3"))
    with pytest.raises(ValueError, match="lacks inputs of the model: x1; the columns are x0, x2"):
        read_inputs(path, names=("x0", "x1"), inputs="x*")


def test_unnamed_inputs_need_only_the_right_number(tmp_path):
    np.save(tmp_path / "a.npy", numbers((4, 3)))
    X, names = read_inputs(tmp_path / "a.npy", names=("p", "q", "r"))
    np.testing.assert_array_equal(X, numbers((4, 3)))
    assert names == ("p", "q", "r")
    assert read_inputs(tmp_path / "a.npy")[1] == ("x0", "x1", "x2")
    assert read_inputs(tmp_path / "a.npy", inputs="1:")[0].shape == (4, 2)
    with pytest.raises(ValueError, match="the model has 2 inputs, but 3 columns"):
        read_inputs(tmp_path / "a.npy", names=("p", "q"))


# Bad files


def test_outputs_come_along_where_the_file_holds_them(table, tmp_path):
    path = table({"x0": [1.0], "x1": [2.0], "y0": [3.0], "y1": [4.0]})
    X, names, Y = read_prediction_data(path, outputs=("y1", "y0"))
    assert (X.tolist(), names, Y.tolist()) == ([[1.0, 2.0]], ("x0", "x1"), [[4.0, 3.0]])
    for absent in ((), ("y0", "y2"), ("y*",), ("x1",)):
        assert read_prediction_data(path, outputs=absent)[2] is None
    np.save(tmp_path / "plain.npy", numbers((4, 3)))
    assert read_prediction_data(tmp_path / "plain.npy", inputs="0:2", outputs=("2",))[2] is None
    with pytest.raises(ValueError, match=r"column y0 of .* real numbers are expected"):
        read_prediction_data(table({"x0": [1.0], "y0": ["high"]}), outputs=("y0",))


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_values_that_are_not_finite_are_refused_by_place(value, name):
    M = np.array([[1.0, 2.0], [3.0, value]])
    refuse_nonfinite("X", M[:1], ("a", "b"), before="predicting")
    with pytest.raises(
        ValueError, match=f"Input X contains {name} at row 1, column 'b' .* before predicting"
    ):
        refuse_nonfinite("X", M, ("a", "b"), before="predicting")


@pytest.mark.parametrize("read", [read_samples, read_inputs])
def test_missing_file(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*none\.parquet"):
        read(tmp_path / "none.parquet")


def test_folder_and_unknown_ending(tmp_path):
    (tmp_path / "a.parquet").mkdir()
    with pytest.raises(ValueError, match=r"a\.parquet is a folder without files of samples"):
        read_samples(tmp_path / "a.parquet")
    (tmp_path / "a.xlsx").touch()
    with pytest.raises(ValueError, match=r"cannot read files that end in \.xlsx.*\.parquet, \.pq"):
        read_samples(tmp_path / "a.xlsx")


@pytest.mark.parametrize("ending", ["parquet", "npz", "npy"])
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.95])
def test_truncated_file(tmp_path, ending, kept):
    path = tmp_path / f"samples.{ending}"
    write_table(path, named(numbers((100, 3)), numbers((100, 2))))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match=rf"samples\.{ending} is not a .* cut short"):
        read_samples(path)


def test_damaged_data_in_a_parquet_file(tmp_path):
    path = tmp_path / "a.parquet"
    write_table(path, named(numbers((100, 3)), numbers((100, 2))))
    content = bytearray(path.read_bytes())
    content[4:600] = bytes(596)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.parquet is not a readable Parquet file"):
        read_samples(path)


@pytest.mark.parametrize("ending", ["parquet", "npz", "npy"])
def test_file_of_another_format(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    path.write_text("x0,y0\n1,2\n" * 10)
    with pytest.raises(ValueError, match=rf"a\.{ending} is not a"):
        read_samples(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"a\.csv is not a readable CSV file: Empty CSV file"),
        ("x0,y0\n1,2\n3\n", r"a\.csv is not a readable CSV file: .*Expected 2 columns, got 1"),
        ("x0,y0\n", r"a\.csv holds no rows"),
        ("x0,y0,x0\n1,2,3\n", r"a\.csv has more than one column named x0"),
        ("x0,y0\n1,2\n3,red\n", r"a\.csv holds 'red' in row 1 \(rows count from 0\), column y0: a"),
        ("x0,y0\n2020-01-01,5\n", r"a\.csv holds '2020-01-01' in row 0 .*column x0: a number is"),
        ("x0,y0\ntrue,5\nmaybe,3\n", r"a\.csv holds 'true' in row 0 .*, column x0: a number is"),
        ("1.5,2.5\n1,2\n", r"a\.csv holds 2 columns without names: .*inputs='0:1'"),
    ],
)
def test_bad_csv(tmp_path, content, message):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_samples(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array(["1.0"]), "string"),
        (pa.array([["1.0"]]), "list"),
        (pa.array([{"a": 1.0}]), "struct"),
        (pa.array([0], pa.timestamp("s")), "timestamp"),
    ],
)
def test_unreadable_column_type_in_parquet(table, column, kind):
    path = table({"x0": [1.0], "x1": column, "y0": [1.0]})
    with pytest.raises(ValueError, match=rf"column x1 of .*is of type {kind}.*: real numbers"):
        read_samples(path)
    assert read_samples(path, inputs="x0").n_inputs == 1


@pytest.mark.parametrize(
    ("Y", "kind"),
    [
        (np.ones((3, 1), complex), "complex128"),
        (np.array([["a"]] * 3), "<U1"),
        (np.zeros((3, 1), "M8[s]"), "datetime64"),
    ],
)
def test_unreadable_type_in_npz(tmp_path, Y, kind):
    np.savez(tmp_path / "a.npz", X=np.ones((3, 2)), Y=Y)
    with pytest.raises(ValueError, match=rf"column y0 of .*a\.npz is of type {kind}.*: real"):
        read_samples(tmp_path / "a.npz")


def test_nested_field_in_npy(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3, [("x0", float), ("y0", float, (2,))]))
    with pytest.raises(ValueError, match=r"column y0 of .*a\.npy is of type .*one real number"):
        read_samples(tmp_path / "a.npy")


@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_pickles_are_never_read(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    objects = np.array([[1.0, None]], dtype=object)
    if ending == "npy":
        np.save(path, objects)
    else:
        np.savez(path, X=objects, Y=np.ones((1, 1)))
    with pytest.raises(ValueError, match=rf"a\.{ending} holds pickled Python objects, which are"):
        read_samples(path, inputs="0:1")


def test_shapes_that_make_no_columns(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(5))
    with pytest.raises(ValueError, match=r"a\.npy holds an array of shape \(5,\): \(n, d \+ m\)"):
        read_samples(tmp_path / "a.npy", inputs="0:1")
    np.savez(tmp_path / "a.npz", X=np.ones((5, 8, 8)), Y=np.ones(5))
    with pytest.raises(ValueError, match=r"X of .*a\.npz has shape \(5, 8, 8\): a matrix is"):
        read_samples(tmp_path / "a.npz")


def test_arrays_of_different_lengths(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.ones((5, 2)), Y=np.ones((4, 1)))
    with pytest.raises(ValueError, match=r"rows in .*a\.npz differ: X has 5, Y has 4"):
        read_samples(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", X=np.ones((5, 2)), Y=np.ones((5, 1)), weight=np.ones(3))
    with pytest.raises(ValueError, match=r"rows in .*b\.npz differ: .*weight has 3"):
        read_samples(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", a=np.ones(5), b=np.ones(4), Y=np.ones((5, 1)))
    with pytest.raises(ValueError, match=r"rows in .*c\.npz differ: a has 5, b has 4"):
        read_samples(tmp_path / "c.npz", inputs="a,b")


def test_no_rows(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.ones((0, 2)), Y=np.ones((0, 1)))
    for read in (read_samples, read_inputs):
        with pytest.raises(ValueError, match=r"a\.npz holds no rows"):
            read(tmp_path / "a.npz")


# Bad requests


def test_no_columns_by_convention_lists_what_there_is(table):
    path = table({f"c{j}": [0.0] for j in range(30)})
    message = (
        r"has no columns named x0, x1, …; its columns are c0, c1, …, c29 \(30 columns, 'c\*'\): "
        r"name the inputs, as in inputs='c\*'$"
    )
    with pytest.raises(ValueError, match=message):
        read_samples(path)
    with pytest.raises(ValueError, match=r"no columns named y0, y1, ….*outputs='…'"):
        read_samples(path, inputs="c0")


NEURONS = [f"stim_{j}" for j in (10, *range(10), *range(11, 23))]


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["a", "b"], "a, b"),
        (NEURONS[:8], ", ".join(NEURONS[:8])),
        (NEURONS, "stim_0, stim_1, …, stim_22 (23 columns, 'stim_*')"),
        (
            ["time", *NEURONS, "rate_1", "rate_0", "trial"],
            "time, stim_0, stim_1, …, stim_22 (23 columns, 'stim_*'), rate_0, rate_1, trial",
        ),
        ([*NEURONS, "stim_x"], "stim_0, stim_1, …, stim_x (24 columns, 'stim_*')"),
        # A pattern that means other columns as well does not do.
        (
            [*(f"s{j}" for j in range(9)), "sum"],
            "s0, s1, …, s8 (9 columns, 's[0-9]*'), sum",
        ),
        ([*(f"s{j}" for j in range(9)), "s1_sd"], "s0, s1, …, s8 (9 columns), s1_sd"),
        ([f"s,{j}" for j in range(9)], "s,0, s,1, …, s,8 (9 columns)"),
        ([f"s[{j}]" for j in range(9)], ", ".join(f"s[{j}]" for j in range(9))),
        ([f"s[0].{j}" for j in range(9)], "s[0].0, s[0].1, …, s[0].8 (9 columns)"),
        (
            [f"stim.{name}" for name in "abcdefghi"],
            "stim.a, stim.b, …, stim.i (9 columns, 'stim.*')",
        ),
        ([str(j) for j in range(30)], ", ".join(map(str, range(20))) + ", … (30 in all)"),
        (list("abcdefghijklmnopqrst"), ", ".join("abcdefghijklmnopqrst")),
        (list("abcdefghijklmnopqrstuvw"), ", ".join("abcdefghijklmnopqrst") + ", … (23 in all)"),
    ],
)
def test_columns_are_listed_so_that_they_can_be_asked_for(names, shown):
    assert abbreviated(names, names) == shown


def test_columns_are_listed_without_patterns_where_there_is_no_file():
    assert abbreviated(NEURONS) == "stim_0, stim_1, …, stim_22 (23 columns)"
    assert abbreviated([]) == "none"


def test_the_example_is_the_largest_family_that_is_left(table):
    columns = {name: [0.0, 1.0] for name in [*NEURONS, "rate_0", "rate_1", "time"]}
    path = table(columns)
    with pytest.raises(UnclearColumns, match=r"name the inputs, as in inputs='stim_\*'$") as caught:
        read_samples(path)
    assert (caught.value.role, caught.value.example) == ("inputs", "stim_*")
    assert caught.value.said("--inputs …").endswith("name the inputs, as in --inputs …")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    with pytest.raises(UnclearColumns, match=r"name the outputs, as in outputs='rate_\*'$"):
        read_samples(path, inputs="stim_*")
    assert read_samples(path, inputs="stim_*", outputs="rate_*").n_inputs == 23


@pytest.mark.parametrize("role", ["inputs", "outputs", "weight"])
def test_request_that_matches_nothing(table, role):
    path = table({"x0": [0.0], "y0": [1.0]})
    message = rf"no column that matches 'stim_\*', asked for as {role}; its columns are x0, y0"
    with pytest.raises(ValueError, match=message):
        read_samples(path, **{role: "stim_*"})


def test_empty_request(table):
    with pytest.raises(ValueError, match="inputs names no column"):
        read_samples(table({"x0": [0.0], "y0": [1.0]}), inputs=[])


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"inputs": "*"}, "column y0 of .* is in both inputs and outputs"),
        ({"weight": "x0"}, "column x0 of .* is in both inputs and weight"),
    ],
)
def test_column_in_two_roles(table, request_, message):
    with pytest.raises(ValueError, match=message):
        read_samples(table({"x0": [0.0], "y0": [1.0]}), **request_)


def test_unnamed_matrix_needs_the_inputs(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"holds 3 columns without names: .*inputs='0:2'$"):
        read_samples(tmp_path / "a.npy")
    with pytest.raises(
        ValueError, match=r"'0:4', asked for as inputs, does not fit .*has 3 columns"
    ):
        read_samples(tmp_path / "a.npy", inputs="0:4")
    with pytest.raises(ValueError, match="no columns left for the outputs"):
        read_samples(tmp_path / "a.npy", inputs="0:3")


def test_without_pyarrow_the_error_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    path.touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for attempt in (
        lambda: read_samples(path),
        lambda: write_table(tmp_path / "b.csv", {"x0": [1.0]}),
    ):
        with pytest.raises(ImportError, match=r"pip install 'pureneuron\[files\]'"):
            attempt()
    write_table(tmp_path / "b.npy", {"x0": [1.0]})


# Writing


@pytest.mark.parametrize("ending", TABLES)
def test_existing_file_is_kept_unless_forced(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    write_table(path, {"x0": [1.0], "y0": [2.0]})
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match=rf"a\.{ending} exists and was kept"):
        write_table(path, {"x0": [3.0], "y0": [4.0]})
    assert path.read_bytes() == before
    write_table(path, {"x0": [3.0], "y0": [4.0]}, force=True)
    np.testing.assert_array_equal(read_samples(path).arrays()[0], [[3]])
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_failed_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.parquet"
    write_table(path, {"x0": [1.0]})
    before = path.read_bytes()
    with pytest.raises(pa.ArrowException):
        write_table(path, {"x0": np.array([1j])}, force=True)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_npz_gathers_numbered_columns(tmp_path):
    write_table(
        tmp_path / "a.npz", {"y0": [1.0, 2.0], "y1": [3.0, 4.0], "id": [7, 8], "x3": [0, 0]}
    )
    with np.load(tmp_path / "a.npz") as arrays:
        assert sorted(arrays) == ["Y", "id", "x3"]
        np.testing.assert_array_equal(arrays["Y"], [[1, 3], [2, 4]])


@pytest.mark.parametrize("columns", [{}, {"a": [1.0], "b": [1.0, 2.0]}, {"a": [[1.0]]}])
def test_columns_to_write_must_be_vectors_of_one_length(tmp_path, columns):
    with pytest.raises(ValueError, match="columns must be vectors of one length, got"):
        write_table(tmp_path / "a.csv", columns)


def test_where_not_to_write(tmp_path):
    with pytest.raises(ValueError, match=r"cannot write files that end in \.txt"):
        write_table(tmp_path / "a.txt", {"a": [1.0]})
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*none to write a\.csv to"):
        write_table(tmp_path / "none" / "a.csv", {"a": [1.0]})


@pytest.mark.parametrize(("name", "role"), [("X0", "inputs"), ("y_0 [Hz]", "outputs")])
def test_two_columns_of_one_meaning_are_refused(table, name, role):
    path = table({"x0": [1.0, 2.0], "y0": [1.0, 2.0], name: [3.0, 4.0]})
    first = f"{role[0].replace('i', 'x').replace('o', 'y')}0"
    message = f"has 2 columns that mean {first}, {first}, {name}: rename them, or name the {role}"
    with pytest.raises(UnclearColumns, match=re.escape(message)):
        read_samples(path)
    chosen = read_samples(path, inputs="x0", outputs="y0")
    assert (chosen.input_names, chosen.output_names) == (("x0",), ("y0",))


def test_capital_letters_do_where_no_other_column_has_that_name(table):
    columns = {"X3": [1.0, 2.0], "x2": [3.0, 4.0], "X1": [5.0, 6.0], "Y0": [7.0, 8.0]}
    samples = read_samples(table(columns))
    assert samples.input_names == ("X1", "x2", "X3")
    assert samples.output_names == ("Y0",)
    np.testing.assert_array_equal(samples.arrays()[0], [[5, 3, 1], [6, 4, 2]])


def test_inputs_and_outputs_of_a_model_are_found_in_either_case(table):
    path = table({"X1": [1.0], "X0": [2.0], "Y0": [3.0]})
    X, names, Y = read_prediction_data(path, names=("x0", "x1"), outputs=("y0",))
    assert (X.tolist(), names, Y.tolist()) == ([[2.0, 1.0]], ("X0", "X1"), [[3.0]])
    path = table({"x0": [1.0], "X0": [2.0]})
    assert read_inputs(path, names=("X0", "x0"))[0].tolist() == [[2.0, 1.0]]
    path = table({"Gain": [1.0], "GAIN": [2.0]})
    with pytest.raises(ValueError, match="lacks inputs of the model: gain"):
        read_inputs(path, names=("gain",))
    with pytest.raises(ValueError, match="lacks inputs of the model: GAin"):
        read_inputs(table({"gain": [1.0]}), names=("gain", "GAin"))


def test_npz_with_small_letters(tmp_path):
    X, Y = numbers((5, 2)), numbers(5, seed=1)
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    samples = read_samples(tmp_path / "a.npz")
    np.testing.assert_array_equal(samples.arrays()[0], X)
    np.testing.assert_array_equal(samples.arrays()[1][:, 0], Y)
    for other in (np.arange(5), X + 1.0):
        np.savez(tmp_path / "b.npz", X=X, Y=Y, x=other)
        with pytest.raises(ValueError, match=r"X and x of .*b\.npz both give a column x0: rename"):
            read_samples(tmp_path / "b.npz")
