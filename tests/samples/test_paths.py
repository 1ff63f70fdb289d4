import numpy as np
import pytest

from pureneuron.samples import read_samples, write_table
from pureneuron.samples.files import memory
from pureneuron.samples.files.memory import memory_limit
from pureneuron.samples.files.paths import find_files


@pytest.fixture
def parts(tmp_path):
    for name in ("part-10", "part-2", "_part-3", ".part-4", "sub/part-0"):
        path = tmp_path / "data" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text("x0,y0\n1,2\n")
    (tmp_path / "data" / "README.txt").touch()
    return tmp_path / "data"


def names(files):
    return [path.name for path in files]


def test_a_folder_stands_for_its_files_in_natural_order(parts):
    assert names(find_files(parts)) == ["part-2.csv", "part-10.csv", "part-0.csv"]


def test_patterns_and_several_arguments(parts):
    assert names(find_files(str(parts / "part-*.csv"))) == ["part-2.csv", "part-10.csv"]
    both = find_files([parts / "part-10.csv", str(parts / "sub")])
    assert names(both) == ["part-10.csv", "part-0.csv"]
    assert read_samples([parts / "part-10.csv", parts / "sub"]).n_rows == 2


def test_a_name_that_looks_like_a_pattern_is_first_of_all_a_name(tmp_path):
    write_table(tmp_path / "a[1].csv", {"x0": [1.0], "y0": [2.0]})
    assert names(find_files(str(tmp_path / "a[1].csv"))) == ["a[1].csv"]


def test_files_that_do_not_go_together(parts):
    with pytest.raises(ValueError, match=r"part-2\.csv is given twice"):
        find_files([parts, parts / "part-2.csv"])
    np.save(parts / "b.npy", np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"part-2\.csv and .*b\.npy are of different formats"):
        find_files([parts / "part-2.csv", parts / "b.npy"])
    with pytest.raises(FileNotFoundError, match=r"there is no file that matches .*\*\.h5"):
        find_files(str(parts / "*.h5"))
    with pytest.raises(ValueError, match="no file is given"):
        find_files([])


@pytest.mark.parametrize(
    ("limit", "size"),
    [
        ("1GiB", 2**30),
        ("500MB", 500_000_000),
        ("1.5 kb", 1500),
        (8192, 8192),
        ("4096", 4096),
        ("0.25", 250),
        (1.0, 1000),
        (None, 500),
    ],
)
def test_limits(limit, size, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    assert memory_limit(limit) == size


@pytest.mark.parametrize("limit", ["much", "1XB", "-1", "0", "1.2.3GB", ""])
def test_limits_that_are_none(limit):
    with pytest.raises(ValueError, match="a size such as '1GiB'"):
        memory_limit(limit)


def test_a_container_limits_what_is_free(monkeypatch):
    fields = {"MemAvailable:": 1000, "inactive_file": 100}
    numbers = {"max": 5000, "current": 2000}
    monkeypatch.setattr(memory, "_field", lambda path, name: fields[name])
    monkeypatch.setattr(memory, "_number", lambda path: numbers[path.rpartition(".")[2]])
    assert memory.free_memory() == 3100
    numbers["max"] = None
    assert memory.free_memory() == 1000 * 1024
