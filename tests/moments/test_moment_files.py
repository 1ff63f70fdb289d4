"""Moments as files: they come back to the bit, and what is no such file is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pureneuron.model import load_metadata
from pureneuron.model.safetensors import read_tensors, write_tensors
from pureneuron.moments import gather_moments, load_moments, save_moments
from pureneuron.samples import ArraySamples


@pytest.fixture
def moments():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((50, 3)) + 1e5, rng.standard_normal((50, 2))
    return gather_moments(ArraySamples(X, Y, rng.uniform(size=50), input_names=("a", "b", "c")))


@pytest.fixture
def saved(moments, tmp_path):
    path = tmp_path / "a.safetensors"
    save_moments(moments, path)
    return path


def changed(path, tensors=None, **facts):
    """Write the file anew with other arrays or facts."""
    metadata = load_metadata(path) | {name: json.dumps(value) for name, value in facts.items()}
    write_tensors(path, read_tensors(path) | (tensors or {}), metadata)


def test_they_come_back_to_the_bit(moments, saved):
    loaded = load_moments(saved)
    for name in ("input_names", "output_names", "n_rows", "squares", "parts"):
        assert getattr(loaded, name) == getattr(moments, name)
    np.testing.assert_array_equal(loaded.sums, moments.sums)
    np.testing.assert_array_equal(loaded.reference, moments.reference)
    assert len(loaded.parts) == 1


def test_a_file_is_replaced_when_the_next_is_complete(moments, saved, monkeypatch):
    before = saved.read_bytes()

    def full_disk(path, *arguments):
        path.write_bytes(b"half a file")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("pureneuron.moments.files.write_tensors", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_moments(moments, saved)
    assert saved.read_bytes() == before
    assert [each.name for each in saved.parent.iterdir()] == ["a.safetensors"]


def test_another_version_is_refused(saved):
    changed(saved, version=2)
    with pytest.raises(ValueError, match="moments of version 2, and this is version 1"):
        load_moments(saved)


def test_other_groups_are_refused(saved):
    changed(saved, groups=[16, 1810])
    with pytest.raises(ValueError, match="has its rows in other groups"):
        load_moments(saved)


@pytest.mark.parametrize("tampered", ["sums", "reference", "n_rows", "input_names", "parts"])
def test_what_was_changed_is_refused(saved, tampered):
    tensors = read_tensors(saved)
    if tampered in tensors:
        changed(saved, {tampered: tensors[tampered] + 1e-9})
    else:
        other = {"n_rows": 51, "input_names": ["a", "b", "d"], "parts": 7}
        changed(saved, **{tampered: other[tampered]})
    with pytest.raises(ValueError, match="is damaged"):
        load_moments(saved)


def test_what_is_no_such_file_is_refused(tmp_path, saved):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*missing"):
        load_moments(tmp_path / "missing.safetensors")
    write_tensors(tmp_path / "net.safetensors", {"A": np.eye(2)}, {"format": "another"})
    with pytest.raises(ValueError, match="is no file of moments"):
        load_moments(tmp_path / "net.safetensors")
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(ValueError, match="not a readable safetensors"):
        load_moments(saved)
