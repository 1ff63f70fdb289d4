"""``--device``: rows as tensors, where PyTorch is installed."""

import json

import numpy as np
import pytest

from pureneuron.datasets import make_teacher


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((600, 5))
    Y = make_teacher(5, 3, 4, rng=rng).predict(X) + 0.05 * rng.standard_normal((600, 4))
    np.savez(tmp_path / "data.npz", X=X, Y=Y)
    return tmp_path / "data.npz"


@pytest.mark.extras
def test_the_network_is_the_same(command, path):
    pytest.importorskip("torch")
    here, there = (
        json.loads(command("fit", path, "-k", "3", "--json", *options)[1])
        for options in ((), ("--device", "cpu"))
    )
    assert there["status"] == here["status"] == "RECOVERED"
    assert there["loss"] == pytest.approx(here["loss"], rel=1e-6)
    assert there["input_names"] == here["input_names"]


@pytest.mark.extras
def test_a_device_that_is_not_there_is_refused(refused, path):
    pytest.importorskip("torch")
    said = refused("fit", path, "-k", "3", "--device", "nowhere")
    assert "--device nowhere cannot be used by PyTorch" in said


def test_workers_of_a_cluster_hold_their_rows(refused, path):
    said = refused("fit", path, "--device", "cuda", "--dask", "tcp://127.0.0.1:1")
    assert "--device cuda cannot be asked for with --dask" in said
