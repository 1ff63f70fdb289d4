"""Files as people and programs write them: what leaves no doubt is read, the rest is refused."""

import gzip
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from pureneuron import recover
from pureneuron.samples import UnclearColumns, read_inputs, read_samples
from pureneuron.samples.files.names import numbered, plain

M = np.array([[0.5, -1.25, 3.0], [2.0, 1e-3, -4.5], [1.5, 2.5, 6.0], [-1.0, 0.0, 7.0]])


def check(path, names=("x0", "x1", "y0"), **options):
    samples = read_samples(path, **options)
    assert (*samples.input_names, *samples.output_names) == names
    X, Y, _ = samples.arrays()
    np.testing.assert_array_equal(np.column_stack([X, Y]), M)
    assert samples.notes == ()


# Names


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("x0", ("x", 0)),
        ("X12", ("x", 12)),
        ("# x0", ("x", 0)),
        ("%x0", ("x", 0)),
        ("\ufeffx0", ("x", 0)),
        ('"x0"', ("x", 0)),
        ("'y3'", ("y", 3)),
        (" x1 ", ("x", 1)),
        ("x0 [mV]", ("x", 0)),
        ("y0 (Hz)", ("y", 0)),
        ("x_2", ("x", 2)),
        ("x-2", ("x", 2)),
        ("x 2", ("x", 2)),
        ("x2.0", ("x", 2)),
        ("x[2]", ("x", 2)),
        ('\ufeff# "x_1 [m/s2]"', ("x", 1)),
        ("y0.1", None),
        ("x0_sd", None),
        ("xa", None),
        ("x", None),
        ("ax0", None),
        ("x²", None),
    ],
)
def test_what_a_name_means(name, meaning):
    assert numbered(name) == meaning


def test_what_belongs_to_no_name():
    assert plain('# "speed [m/s]"') == "speed"
    assert plain("[m/s]") == "[m/s]"
    assert plain("s[0]") == "s[0]"


@pytest.mark.parametrize(
    "names",
    [
        ("# x0", "x1", "y0"),
        ("%x0", "x1", "y0"),
        ("\ufeffx0", "x1", "y0"),
        ('"x0"', '"x1"', '"y0"'),
        ("x0 [mV]", "x1 [mV]", "y0 [Hz]"),
        ("x_0", "x_1", "y_0"),
        ("x-1", "x-2", "y-1"),
        ("x1.0", "x2.0", "y0.0"),
        ("x0", " x1", "Y0"),
    ],
)
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_names_are_read_for_what_they_mean(tmp_path, names, ending):
    path = tmp_path / f"a.{ending}"
    frame = pl.DataFrame(dict(zip(names, M.T, strict=True)))
    frame.write_parquet(path) if ending == "parquet" else frame.write_csv(path)
    samples = read_samples(path)
    X, Y, _ = samples.arrays()
    np.testing.assert_array_equal(np.column_stack([X, Y]), M)
    again, _ = read_inputs(path, names=["x0", "x1"] if numbered(names[0])[1] == 0 else ["x1", "x2"])
    np.testing.assert_array_equal(again, X)


def test_meanings_give_the_order(tmp_path):
    names = ["x_2 [V]", "y1", "x0", "y-0", "X1.0"]
    values = [[3.0], [5.0], [1.0], [4.0], [2.0]]
    pl.DataFrame(dict(zip(names, values, strict=True))).write_parquet(tmp_path / "a.parquet")
    samples = read_samples(tmp_path / "a.parquet")
    assert samples.input_names == ("x0", "X1.0", "x_2 [V]")
    X, Y, _ = samples.arrays()
    assert (X.tolist(), Y.tolist()) == ([[1, 2, 3]], [[4, 5]])


@pytest.mark.parametrize(
    ("names", "role", "what"),
    [
        ("x0 x2 x3 y0", "inputs", "has columns x0, x2, x3, but no x1: name the inputs"),
        ("x2 x3 y0", "inputs", "has columns x2, x3, but no x0: name the inputs"),
        ("x0 y0 y2", "outputs", "has columns y0, y2, but no y1: name the outputs"),
        ("x0 x1 y0 y0.1", "outputs", "has columns y0, and also y0.1, which may be outputs as well"),
        ("x0 x1 x2V y0", "inputs", "has columns x0, x1, and also x2V, which may be inputs as well"),
        ("x0 x_0 y0", "inputs", "has 2 columns that mean x0, x0, x_0: rename them, or name the"),
    ],
)
def test_what_leaves_doubt_is_refused_and_noted_where_it_is_asked_for(tmp_path, names, role, what):
    columns = {name: [1.0, 2.0] for name in names.split()}
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(UnclearColumns, match=re.escape(what)) as caught:
        read_samples(tmp_path / "a.parquet")
    assert caught.value.role == role
    samples = read_samples(tmp_path / "a.parquet", inputs=names.split()[0], outputs="y0")
    others = set(names.split()) - {names.split()[0], "y0"}
    told = " ".join(samples.notes)
    assert all(name in told for name in others)
    assert "left out" in told
    weighted = read_samples(tmp_path / "a.parquet", inputs="x*", outputs="y*")
    assert weighted.notes == ()


def test_a_model_finds_its_inputs_by_meaning(tmp_path):
    table = pa.table({"x_1": [1.0], "# x0 [V]": [2.0], "gain (dB)": [3.0]})
    parquet.write_table(table, tmp_path / "a.parquet")
    X, found = read_inputs(tmp_path / "a.parquet", names=["x0", "Gain", "x1"])
    assert (X.tolist(), found) == ([[2, 3, 1]], ("# x0 [V]", "gain (dB)", "x_1"))


def test_names_with_blanks_and_commas_can_be_chosen(tmp_path):
    table = pa.table({" a": [1.0], "b,c": [2.0], "y0": [3.0]})
    parquet.write_table(table, tmp_path / "a.parquet")
    for inputs in (" a", "a", [" a"]):
        assert read_samples(tmp_path / "a.parquet", inputs=inputs).input_names == (" a",)
    assert read_samples(tmp_path / "a.parquet", inputs="b,c").input_names == ("b,c",)


def test_the_index_of_a_data_frame_is_no_input_unless_named(tmp_path):
    frame = pd.DataFrame(M, columns=["a", "b", "y0"], index=[7, 5, 6, 8])
    frame.to_parquet(tmp_path / "a.parquet")
    samples = read_samples(tmp_path / "a.parquet", inputs="0:2", outputs="2:")
    assert (samples.input_names, samples.output_names) == (("a", "b"), ("y0",))
    assert "__index_level_0__" not in read_samples(tmp_path / "a.parquet", inputs="a*").input_names
    named = read_samples(tmp_path / "a.parquet", inputs="__index_level_0__")
    assert named.arrays()[0].ravel().tolist() == [7, 5, 6, 8]
    frame.columns = ["x0", "x1", "y0"]
    frame.rename_axis("x2").to_parquet(tmp_path / "b.parquet")
    check(tmp_path / "b.parquet")


# Text files


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "x0;x1;y0\n0.5;-1.25;3\n2.0;1e-3;-4.5\n1.5;2.5;6\n-1;0;7\n"),
        ("a.csv", "x0;x1;y0\n0,5;-1,25;3\n2,0;1e-3;-4,5\n1,5;2,5;6\n-1;0;7\n"),
        ("a.csv", "x0\tx1\ty0\n0.5\t-1.25\t3\n2.0\t1e-3\t-4.5\n1.5\t2.5\t6\n-1\t0\t7\n"),
        ("a.tsv", "x0\tx1\ty0\n0,5\t-1,25\t3\n2\t0,001\t-4,5\n1,5\t2,5\t6\n-1\t0\t7\n"),
        ("a.csv", "x0 x1 y0\n0.5 -1.25 3\n2.0 1e-3 -4.5\n1.5 2.5 6\n-1 0 7\n"),
        (
            "a.csv",
            "# by hand\n\n#x0,x1,y0\n0.5,-1.25,3\n2,1e-3,-4.5\n1.5,2.5,6\n-1,0,7",
        ),
        (
            "a.csv",
            "% one, two\nx0,x1,y0\r\n0.5,-1.25,3\r\n2,1e-3,-4.5\r\n1.5,2.5,6\n-1,0,7",
        ),
        ("a.csv", '"x0","x1","y0"\n0.5,-1.25,3\n"2",1e-3,-4.5\n1.5,2.5,6\n-1, 0 ,7\n'),
        ("a.csv", "x0|x1|y0\n0.5|-1.25|3\n2|1e-3|-4.5\n1.5|2.5|6\n-1|0|7\n"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gz"])
def test_text_files_are_read_for_what_they_are(tmp_path, name, text, encoding):
    if encoding == "gz":
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
        return check(tmp_path / f"{name}.gz")
    (tmp_path / name).write_bytes(text.encode(encoding))
    return check(tmp_path / name)


def test_what_numpy_and_pandas_write(tmp_path):
    path = tmp_path / "a.csv"
    np.savetxt(path, M, delimiter=",", header="x0,x1,y0")
    check(path)
    np.savetxt(path, M, header="x0 x1 y0")
    check(path)
    np.savetxt(path, M, delimiter=";")
    check(path, inputs="0:2")
    pd.DataFrame(M, columns=["x0", "x1", "y0"]).to_csv(path)
    check(path)
    pd.DataFrame(M).to_csv(path, index=False)
    check(path, ("0", "1", "2"), inputs="0,1", outputs="2")
    pd.DataFrame(M).to_csv(path, header=False, index=False)
    check(path, inputs="0:2")


def test_letters_beyond_ascii_need_the_encoding_only_where_they_count(tmp_path):
    text = "Größe;x0;x1;y0\n1;0,5;-1,25;3\n2;2;0,001;-4,5\n3;1,5;2,5;6\n4;-1;0;7\n"
    (tmp_path / "a.csv").write_bytes(text.encode("latin-1"))
    check(tmp_path / "a.csv")
    with pytest.raises(UnclearColumns, match=r"a\.csv is not encoded in UTF-8.*'latin-1'"):
        read_samples(tmp_path / "a.csv", inputs="0:3")
    samples = read_samples(tmp_path / "a.csv", inputs="0:3", encoding="latin-1")
    assert samples.input_names == ("Größe", "x0", "x1")
    with pytest.raises(ValueError, match=r"a\.csv is not encoded in ascii"):
        read_samples(tmp_path / "a.csv", encoding="ascii")


@pytest.mark.parametrize(
    ("text", "role", "what"),
    [
        ("x0;y0\n1,234;5\n", "decimal", "holds 1,234, where the comma may set thousands apart"),
        ("x0;y0\n1,5;2.5\n", "decimal", "holds numbers with commas, such as 1,5, and with points"),
        ("x0\ty0;a\n1\t2;3\n", "delimiter", "columns may be separated by"),
        ("x0;y0\n" + "1;5\n" * 40_000 + "1;2,5\n", "decimal", "holds '2,5' in row 40000"),
    ],
)
def test_what_the_first_lines_leave_open_is_asked(tmp_path, text, role, what):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UnclearColumns, match=re.escape(what)) as caught:
        read_samples(tmp_path / "a.csv")
    assert caught.value.role == role


def test_columns_set_apart_by_runs_of_blanks_are_told(tmp_path):
    (tmp_path / "a.csv").write_text("x0  x1   y0\n1   2  3\n4 5   6\n")
    with pytest.raises(ValueError, match=r"a\.csv looks like columns set apart by runs of blanks"):
        read_samples(tmp_path / "a.csv")


def test_an_answer_is_taken(tmp_path):
    (tmp_path / "a.csv").write_text("x0;y0\n1,234;5\n")
    assert read_samples(tmp_path / "a.csv", decimal=",").arrays()[0].tolist() == [[1.234]]
    (tmp_path / "b.csv").write_text("x0:y0\n1:5\n")
    samples = read_samples(tmp_path / "b.csv", delimiter=":")
    assert samples.arrays()[1].tolist() == [[5]]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"delimiter": "::"}, "one character, or 'tab', is expected"),
        ({"decimal": "x"}, "'.' or ',' is expected"),
        ({"delimiter": ",", "decimal": ","}, "delimiter and decimal are both ','"),
        ({"encoding": "klingon"}, "encoding='klingon' is not known"),
    ],
)
def test_answers_that_cannot_be(tmp_path, options, what):
    (tmp_path / "a.csv").write_text("x0,y0\n1,5\n")
    with pytest.raises(ValueError, match=re.escape(what)):
        read_samples(tmp_path / "a.csv", **options)
    np.save(tmp_path / "a.npy", M)
    with pytest.raises(ValueError, match="is no text file: delimiter does not apply to it"):
        read_samples(tmp_path / "a.npy", inputs="0", delimiter=";")


def test_the_first_value_that_is_no_number_is_named_by_row_and_column(tmp_path):
    rows = [f"{i},{i},{i}" for i in range(60_000)]
    rows[50_000], rows[50_001] = "1,2,low", "high,2,3"
    (tmp_path / "a.csv").write_text("\n".join(["x0,x1,y0", *rows]))
    what = "a.csv holds 'low' in row 50000 (rows count from 0), column y0: a number is expected"
    with pytest.raises(ValueError, match=re.escape(what)):
        read_samples(tmp_path / "a.csv")
    rows[50_000] = "1,2"
    (tmp_path / "a.csv").write_text("\n".join(["x0,x1,y0", *rows]))
    with pytest.raises(ValueError, match=r"a\.csv is .*Expected 3 columns, got 2.*'1,2'"):
        read_samples(tmp_path / "a.csv")


def test_lines_longer_than_a_block(tmp_path):
    long = "t" * 5_000_000
    rows = [f"{i},{long if i == 3 else 'short'},{-i}" for i in range(6)]
    (tmp_path / "a.csv").write_text("\n".join(["x0,note,y0", *["0,a,0"] * 30_000, *rows]))
    X, Y, _ = read_samples(tmp_path / "a.csv").arrays()
    assert len(X) == 30_006
    assert X[-6:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(X, -Y)


def test_many_columns_in_long_lines(tmp_path):
    wide = np.random.default_rng(0).standard_normal((3, 3001))
    names = [*(f"x{j}" for j in range(3000)), "y0"]
    np.savetxt(tmp_path / "a.csv", np.tile(wide, (8, 1)), "%.300f", ",", header=",".join(names))
    X, Y, _ = read_samples(tmp_path / "a.csv").arrays()
    np.testing.assert_allclose(np.column_stack([X, Y]), np.tile(wide, (8, 1)), rtol=1e-12)


# Archives


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_weights_may_be_a_column(tmp_path, shape):
    weight = np.arange(1.0, 5.0)
    np.savez(tmp_path / "a.npz", X=M[:, :2], Y=M[:, 2], weight=weight.reshape(shape))
    np.testing.assert_array_equal(read_samples(tmp_path / "a.npz").arrays()[2], weight)


@pytest.mark.parametrize("shape", [(4, 2), (1, 4), (), (4, 1, 1)])
def test_weights_of_other_shapes_are_refused(tmp_path, shape):
    np.savez(tmp_path / "a.npz", X=M[:, :2], Y=M[:, 2], weight=np.ones(shape))
    with pytest.raises(ValueError, match=re.escape(f"a.npz has shape {shape}: ")):
        read_samples(tmp_path / "a.npz")


def test_arrays_that_give_one_column_twice_are_refused(tmp_path):
    for others in ({"x0": np.arange(4)}, {"x": M}):
        np.savez(tmp_path / "a.npz", X=M[:, :2], Y=M[:, 2], **others)
        with pytest.raises(ValueError, match=r"X and x0? of .*a\.npz both give a column x0"):
            read_samples(tmp_path / "a.npz")


def test_a_packed_file_that_is_cut_short_or_damaged_is_named(tmp_path):
    text = "x0,x1,y0\n" + "\n".join(f"{i},{i % 7},{i / 3}" for i in range(3000))
    whole = gzip.compress(text.encode())
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    path = tmp_path / "a.csv.gz"
    for packed in (whole[: len(whole) // 2], bytes(damaged), whole[:5]):
        path.write_bytes(packed)
        with pytest.raises(ValueError, match=r"a\.csv\.gz is not a readable CSV file"):
            read_samples(path).head(3000)


@pytest.mark.parametrize("limit", [None, "20kB"])
def test_a_missing_value_is_named_by_its_file_and_its_row_there(tmp_path, limit):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((600, 3)), columns=["x0", "x1", "y0"])
    frame["trial"] = np.arange(600) % 5
    frame.loc[101, "x1"] = np.nan
    frame[:90].to_csv(tmp_path / "a.csv", index=False)
    frame[90:].to_csv(tmp_path / "b.csv", index=False)
    options = {"inputs": "x*", "memory_limit": limit}
    for asked in ({}, {"filter": "trial != 0"}):
        with pytest.raises(ValueError, match=r"NaN at row 11 of .*b\.csv, column 'x1'"):
            recover(read_samples(tmp_path, **options, **asked), 1)


def test_an_example_names_no_columns_of_the_other_role(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x0,x1,x0_sd,y0,y1\n1,2,3,4,5\n2,3,4,5,6\n")
    with pytest.raises(UnclearColumns) as found:
        read_samples(path)
    assert found.value.example == "x0,x1"
    np.savez(tmp_path / "a.npz", Y=np.ones((4, 2)))
    with pytest.raises(UnclearColumns) as found:
        read_samples(tmp_path / "a.npz")
    assert found.value.example == "…"
    np.savez(tmp_path / "b.npz", stim=np.ones((4, 3)), Y=np.ones((4, 2)))
    with pytest.raises(UnclearColumns) as found:
        read_samples(tmp_path / "b.npz", inputs="stim")
    assert found.value.example == "stim*"
