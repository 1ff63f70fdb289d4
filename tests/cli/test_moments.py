"""The commands moments, merge and solve."""

from __future__ import annotations

import json

import numpy as np
import pytest

from command_line import PYTHON
from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.model import load_metadata
from pureneuron.samples import ArraySamples, read_samples, write_table

D, K, M = 6, 3, 5
TEACHER = make_teacher(D, K, M, rng=0)


def write_samples(path, seed, n=1500, *, prefix="x", bias=0.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, D))
    Y = TEACHER.predict(X + bias) + 0.05 * rng.standard_normal((n, M))
    columns = {f"{prefix}{j}": X[:, j] for j in range(D)}
    write_table(path, columns | {f"y{j}": Y[:, j] for j in range(M)})
    return path


@pytest.fixture
def parts(tmp_path, command):
    """Return the samples of two machines, and the moments of each."""
    paths = []
    for name, seed in (("a", 1), ("b", 2)):
        samples = write_samples(tmp_path / f"{name}.parquet", seed)
        moments = tmp_path / f"{name}.safetensors"
        assert command("moments", samples, "-o", moments)[0] == 0
        paths += [samples, moments]
    return paths


@pytest.fixture
def merged(parts, tmp_path, command):
    path = tmp_path / "c.safetensors"
    assert command("merge", parts[1], parts[3], "-o", path)[0] == 0
    return path


def test_two_machines(merged, tmp_path, command):
    model = tmp_path / "net.safetensors"
    status, out, err = command("solve", merged, "-k", K, "-o", model)
    assert (status, err) == (0, "")
    assert out.startswith("UNCONFIRMED: ")
    for part in ("consistency", "not the maximum-likelihood fit", f"Wrote the network to {model}"):
        assert part in out
    assert not PYTHON.search(out)
    assert TwoLayerNetwork.load(model).match(TEACHER).error_W < 0.01
    metadata = load_metadata(model)
    assert json.loads(metadata["input_names"]) == [f"x{j}" for j in range(D)]
    assert json.loads(metadata["status"]) == "UNCONFIRMED"
    assert json.loads(metadata["loss"]) is None
    assert command("compare", model, model)[0] == 0


def test_the_network_is_that_of_fit(merged, parts, command):
    status, out, _ = command("moments", parts[0], parts[2], "-o", merged, "--force", "--json")
    assert status == 0
    record = json.loads(out)
    assert (record["n_rows"], record["total_weight"], len(record["parts"])) == (3000, 3000.0, 1)
    _, out, _ = command("solve", merged, "--json", "--seed", 5)
    record = json.loads(out)
    assert record["status"] == "UNCONFIRMED"
    assert record["certified"] is False
    assert record["loss"] is None
    assert record["model"] is None
    rows = [read_samples(path).arrays() for path in parts[::2]]
    X, Y = (np.vstack([each[i] for each in rows]) for i in (0, 1))
    fitted = recover(ArraySamples(X, Y), init="moments", refine=False, rng=5).network
    match = fitted.match(TwoLayerNetwork(record["network"]["A"], record["network"]["W"]))
    assert max(match.error_A, match.error_W) < 1e-12


def test_merge_says_what_it_holds(parts, tmp_path, command):
    path = tmp_path / "c.safetensors"
    status, out, _ = command("merge", parts[3], parts[1], "-o", path)
    assert status == 0
    assert out == f"Wrote the moments of 3000 rows, 6 inputs and 5 outputs, in 2 parts, to {path}\n"


def test_merge_refuses(parts, merged, tmp_path, command, refused):
    out = tmp_path / "d.safetensors"
    assert f"{merged}: the same rows would count twice" in refused(
        "merge", parts[1], merged, "-o", out
    )
    assert "exists and was kept; --force replaces it" in refused("merge", parts[1], "-o", merged)
    other = write_samples(tmp_path / "other.parquet", 3, prefix="u")
    named = tmp_path / "u.safetensors"
    assert command("moments", other, "--inputs", "u*", "-o", named)[0] == 0
    assert "the input names are x0, x1" in refused("merge", parts[1], named, "-o", out)
    assert "there is no file" in refused("merge", tmp_path / "none.safetensors", "-o", out)
    assert not out.exists()


def test_moments_refuses(parts, tmp_path, refused):
    assert "must end in .safetensors" in refused("moments", parts[0], "-o", tmp_path / "m.npz")
    out = tmp_path / "d.safetensors"
    assert "would count twice" in refused("moments", parts[0], parts[0], "-o", out)
    assert not out.exists()


def test_solve_refuses(merged, tmp_path, command, refused):
    assert "--neurons: moments show at most" in refused("solve", merged, "-k", 6)
    model = tmp_path / "net.safetensors"
    command("solve", merged, "-o", model)
    assert "is no file of moments" in refused("solve", model)


def test_what_is_not_recovered_is_said(tmp_path, command):
    samples = write_samples(tmp_path / "biased.parquet", 1, bias=0.5)
    moments, model = tmp_path / "m.safetensors", tmp_path / "net.safetensors"
    command("moments", samples, "-o", moments)
    status, out, _ = command("solve", moments, "-k", K, "-o", model)
    assert status == 1
    assert out.startswith("MISFIT: ")
    assert "which is NOT RECOVERED" in out
    assert json.loads(load_metadata(model)["status"]) == "MISFIT"
    status, out, _ = command("solve", moments, "-k", K, "--quiet")
    assert status == 1
    assert out.count("\n") == 1
