import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from pureneuron.samples import read_inputs, read_samples, write_table
from pureneuron.samples.files.filters import Filter

SPEED = np.array([0.1, 0.6, np.nan, 0.9, 0.7])
TRIAL = np.array([1, 3, 2, 2, 4])
SESSION = np.array(["a", "b", "a", None, "c"], dtype=object)
COLUMNS = {"speed": SPEED, "trial": TRIAL, "session": SESSION, "x0 [mV]": TRIAL * 10.0}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("speed > 0.5 and trial != 3", [3, 4]),
        ("speed > 0.5 or trial == 1", [0, 1, 3, 4]),
        ("not speed > 0.5", [0]),
        ("not (speed > 0.5 and trial > 2)", [0, 2, 3]),
        ("0.5 < speed <= 0.7", [1, 4]),
        ("trial in (1, 4)", [0, 4]),
        ("trial not in [1, 4]", [1, 2, 3]),
        ("session == 'a'", [0, 2]),
        ("session != 'a'", [1, 4]),
        ("session not in ('a', 'c') or trial == 2", [1, 2, 3]),
        ("`x0 [mV]` >= 30", [1, 4]),
        ("trial < speed", []),
        ("trial == -1", []),
        ("trial", [0, 1, 2, 3, 4]),
    ],
)
def test_rows_that_are_meant(text, rows):
    assert np.flatnonzero(Filter(text).rows(COLUMNS)).tolist() == rows


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("speed >", "cannot be read"),
        ("speed + 1 > 2", "is neither a column nor numbers or text"),
        ("__import__('os').system('true')", "is no comparison"),
        ("speed.real > 0", "is neither a column"),
        ("(speed > 0) & (trial > 1)", "is no comparison"),
        ("1 > 0", "names no column"),
        ("speed is None", "neither a column"),
        ("trial == 1 and trial == 'one'", "compares trial with numbers and with text"),
        # Numbers of columns are doubles.
        ("trial == 9007199254740993", "9007199254740993 is beyond"),
        ("trial in (1, -9007199254740993)", "9007199254740993 is beyond"),
    ],
)
def test_other_expressions_are_refused(text, what):
    with pytest.raises(ValueError, match=what):
        Filter(text)


@pytest.mark.parametrize("ending", ["parquet", "csv", "npy"])
@pytest.mark.parametrize("memory_limit", [None, "1 kB"])
def test_files_are_filtered(tmp_path, ending, memory_limit):
    n = 200
    session = np.array(["a", "b", "c", "d"])[np.arange(n) % 4]
    speed = np.arange(n) / n
    path = tmp_path / f"a.{ending}"
    columns = {"x0": np.arange(n), "y0": -np.arange(n), "session": session, "speed": speed}
    write_table(path, columns)
    text = "speed > 0.5 and session != 'b' and x0 != 102"
    samples = read_samples(path, filter=text, groups="session", memory_limit=memory_limit)
    expected = [i for i in range(101, n) if i % 4 != 1 and i != 102]
    X = samples.take(np.arange(len(expected))).arrays()[0][:, 0]
    assert X.tolist() == expected
    assert read_inputs(path, filter=text)[0][:, 0].tolist() == expected
    assert samples.fingerprint != read_samples(path, groups="session").fingerprint
    with pytest.raises(ValueError, match=r"a\.\w+ holds no rows that meet 'speed > 2'"):
        read_samples(path, filter="speed > 2")
    with pytest.raises(ValueError, match="no column that matches 'sped', asked for as filter"):
        read_samples(path, filter="sped > 2")


def test_a_column_of_labels_may_be_compared_with_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x0,y0,trial\n1,2,7\n3,4,8\n5,6,8\n")
    samples = read_samples(path, filter="trial == 8", groups="trial")
    assert samples.arrays()[0][:, 0].tolist() == [3, 5]


def test_dates_are_compared_with_text(tmp_path):
    days = pa.array(np.array(["2020-01-01", "2020-02-01", "2020-03-01"], "M8[s]"))
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"x0": [1.0, 2, 3], "y0": [1.0, 2, 3], "day": days}), path)
    samples = read_samples(path, filter="day >= '2020-02-01'")
    assert samples.arrays()[0][:, 0].tolist() == [2, 3]
    assert read_samples(path, filter="day in ('2020-02-01',)").arrays()[0].tolist() == [[2]]
