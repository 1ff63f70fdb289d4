"""A journal gives back what it was given, to the bit, and nothing else."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open

from pureneuron.samples import ArraySamples, Sum
from pureneuron.samples.checkpoint.journal import Journal, PassKey, write_durably
from pureneuron.samples.checkpoint.samples import CheckpointedSamples
from pureneuron.samples.testing import check_source

KEY = PassKey("sums", "rows", "call")
OTHER = PassKey("others", "rows", "call")

VALUES = {
    "double": np.array([[1.0, -0.0], [np.nan, np.inf]]),
    "single": np.arange(6, dtype=np.float32).reshape(2, 3),
    "half": np.ones(2, np.float16),
    "big-endian": np.arange(3, dtype=">f8"),
    "complex": np.array([1 + 2j]),
    "counts": np.arange(3),
    "bytes": np.arange(3, dtype=np.uint8),
    "marks": np.array([True, False]),
    "texts": np.array(["a", "bcd"]),
    "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "empty": np.empty((0, 4)),
    "0-d": np.array(2.5),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "permuted": np.arange(24.0).reshape(2, 3, 4).transpose(1, 2, 0),
    "strided": np.arange(12.0).reshape(3, 4)[:, ::2],
    "reversed": np.arange(4.0)[::-1],
    "float64": np.float64(0.1),
    "float32": np.float32(0.1),
    "int64": np.int64(3),
    "bool_": np.bool_(True),
    "float": 0.1,
    "nan": float("nan"),
    "infinite": float("inf"),
    "int": 2**80,
    "bool": True,
}


def written(folder, *results):
    journal = Journal(folder)
    for result in results:
        journal.keep(KEY, [result])


def assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(one, np.ndarray | np.generic):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.tobytes() == other.tobytes()
    else:
        assert repr(one) == repr(other)


@pytest.mark.parametrize("name", VALUES)
def test_values_come_back_as_they_were(tmp_path, name):
    value = VALUES[name]
    at_once = Journal(tmp_path).keep(KEY, [{"before": 1.0, name: value}, {}, {"a b": value}])
    later = Journal(tmp_path).next(KEY)
    for results in (at_once, later):
        assert [list(result) for result in results] == [["before", name], [], ["a b"]]
        assert_same(results[0][name], value)
        assert_same(results[2]["a b"], value)


@pytest.mark.parametrize("name", ["double", "fortran", "permuted"])
def test_the_order_in_memory_comes_back(tmp_path, name):
    # The last bit of a product may hang on it.
    written(tmp_path, {"value": VALUES[name]})
    value = Journal(tmp_path).next(KEY)[0]["value"]
    assert value.strides == VALUES[name].strides


def test_what_comes_back_may_be_written_to(tmp_path):
    written(tmp_path, {"sum": np.zeros(3)})
    Journal(tmp_path).next(KEY)[0]["sum"][0] = 1.0
    assert Journal(tmp_path).next(KEY)[0]["sum"][0] == 0.0


@pytest.mark.parametrize("value", [np.array([object()]), "text", None])
def test_what_cannot_be_kept_is_refused(tmp_path, value):
    with pytest.raises(TypeError, match=r"kept in a journal|a journal cannot keep"):
        written(tmp_path, {"value": value})
    assert not list(tmp_path.iterdir())


def test_passes_come_in_order_and_then_no_more(tmp_path):
    written(tmp_path, {"n": 1}, {"n": 2})
    journal = Journal(tmp_path)
    assert [journal.next(KEY)[0]["n"] for _ in range(2)] == [1, 2]
    assert journal.next(KEY) is None
    journal.keep(KEY, [{"n": 3}])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"pass-00000{i}.safetensors" for i in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (PassKey("others", "rows", "call"), "it was sums and is others now"),
        (PassKey("sums", "else", "call"), "rows are derived in another way"),
        (PassKey("sums", "rows", "else"), "sums has other parameters"),
    ],
)
def test_another_pass_is_refused_with_what_differs(tmp_path, key, said):
    written(tmp_path, {"n": 1})
    with pytest.raises(ValueError, match=f"pass 1 of the checkpoint .*{said}"):
        Journal(tmp_path).next(key)


def cut_short(contents):
    return contents[:-3]


def with_a_bit_flipped(contents):
    return contents[:-1] + bytes([contents[-1] ^ 1])


def empty(contents):
    return b""


def without_its_key(contents):
    return contents.replace(b"kernel", b"kettle")


@pytest.mark.parametrize("damage", [cut_short, with_a_bit_flipped, empty, without_its_key])
def test_a_damaged_file_ends_the_journal_there(tmp_path, damage):
    written(tmp_path, *({"n": np.array([float(i)])} for i in range(4)))
    second = tmp_path / "pass-000002.safetensors"
    second.write_bytes(damage(second.read_bytes()))
    journal = Journal(tmp_path)
    assert journal.next(KEY)[0]["n"] == 0.0
    with pytest.warns(UserWarning, match=r"pass-000002.*is damaged.*made again"):
        assert journal.next(KEY) is None
    # Nothing is removed before there is something better.
    assert len(list(tmp_path.iterdir())) == 4
    journal.keep(OTHER, [{"n": 7.0}])
    assert len(list(tmp_path.iterdir())) == 2
    assert Journal(tmp_path).next(KEY)[0]["n"] == 0.0


def test_files_after_a_missing_one_do_not_count(tmp_path):
    written(tmp_path, *({"n": i} for i in range(4)))
    (tmp_path / "pass-000002.safetensors").unlink()
    journal = Journal(tmp_path)
    journal.next(KEY)
    assert journal.next(KEY) is None
    journal.keep(KEY, [{"n": 1}])
    assert journal.next(KEY) is None
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_leaves_what_is_there(tmp_path, monkeypatch):
    written(tmp_path, {"n": 1})

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    journal = Journal(tmp_path)
    journal.next(KEY)
    monkeypatch.setattr("pureneuron.samples.checkpoint.journal.os.fsync", full)
    with pytest.raises(OSError, match=r"No space left.*pass 2 could not be kept") as caught:
        journal.keep(KEY, [{"n": 2}])
    assert caught.value.errno == errno.ENOSPC
    assert [path.name for path in tmp_path.iterdir()] == ["pass-000001.safetensors"]
    monkeypatch.undo()
    # With room again it goes on.
    journal.keep(KEY, [{"n": 2}])
    again = Journal(tmp_path)
    assert [again.next(KEY)[0]["n"] for _ in range(2)] == [1, 2]


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    write_durably(path, b"old")

    def killed(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("pureneuron.samples.checkpoint.journal.os.fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_metadata_are_text_and_the_arrays_are_plain(tmp_path):
    written(tmp_path, {"sum": np.arange(3.0), "rows": 3})
    with safe_open(tmp_path / "pass-000001.safetensors", framework="numpy") as file:
        assert np.array_equal(file.get_tensor("0 sum"), np.arange(3.0))
        assert json.loads(file.metadata()["pass"])["kernel"] == "sums"


class TestCheckpointedSamples:
    """Samples whose passes are kept."""

    def test_they_pass_the_suite_when_they_keep_and_when_they_do_not(self, tmp_path):
        folders = iter(range(100))

        def make(X, Y, weight):
            folder = tmp_path / str(next(folders))
            folder.mkdir()
            return CheckpointedSamples(ArraySamples(X, Y, weight, batch_rows=11), Journal(folder))

        check_source(make)

        def closed(X, Y, weight):
            samples = make(X, Y, weight)
            samples._journal.close()
            return samples

        check_source(closed)
        assert list((tmp_path / "0").iterdir())
        assert not list((tmp_path / "2").iterdir())

    def test_what_is_kept_touches_no_data(self, tmp_path):
        def script(samples):
            derived = samples.derive(doubled, 2.0)
            thinned = samples.every_nth(3).derive(doubled, 3.0)
            return [
                samples.reduce(sums),
                derived.reduce(sums),
                *thinned.reduce_together([(sums,), (sums,)]),
                derived.take(np.array([1, 5])).reduce(sums),
                derived.head(5).reduce(sums),
                samples.recomputed().derive(doubled, 2.0).reduce(sums),
            ]

        X = np.random.default_rng(0).standard_normal((20, 3))
        source = ArraySamples(X, X, batch_rows=3)
        expected = script(source)
        first = script(CheckpointedSamples(source, Journal(tmp_path)))
        again = script(CheckpointedSamples(Untouched(X, X), Journal(tmp_path)))
        for results in (first, again):
            for one, other in zip(results, expected, strict=True):
                assert np.array_equal(one["x"], other["x"])
        # Rows in memory are kept, and passes over them are not.
        assert len(list(tmp_path.iterdir())) == 6


class Untouched(ArraySamples):
    """Samples that nobody may touch."""

    def _no(self, *arguments):
        raise AssertionError("the data were touched")

    reduce = reduce_together = derive = take = every_nth = head = recomputed = _no


def sums(batch):
    return {"x": Sum(batch.X.sum(axis=0))}


def doubled(batch, factor):
    return replace(batch, X=factor * batch.X)
