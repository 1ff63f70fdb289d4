"""The demo: both its parts, its files and its exit status."""

import json
import sys
from functools import partial

import numpy as np
import pytest

from command_line import process
from pureneuron import TwoLayerNetwork, identify
from pureneuron.datasets import load_digits_classifier

FILES = [
    "digits.parquet",
    "model.safetensors",
    "read.safetensors",
    "truth.safetensors",
    "units.png",
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "files"
    return folder, process("demo", "--output-dir", folder)


@pytest.fixture(scope="module")
def record(demo):
    done = process("demo", "--output-dir", demo[0], "--force", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_demo(demo):
    folder, done = demo
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("RECOVERED: ", "pre-activation r", "pixels that hardly vary", "within 2 %"):
        assert part in done.stdout
    questions = done.stdout[done.stdout.index("2. By questions") :]
    for part in ("From logits: RECOVERED: ", "From probabilities: RECOVERED: "):
        assert part in questions
    assert questions.count("\n  every weight is right to 1e-06\n") == 2
    rows = [line.split() for line in questions.splitlines()]
    for j in range(10):
        (row,) = (row for row in rows if len(row) == 5 and row[0] == str(j))
        assert max(float(row[2]), float(row[4])) <= 1e-6
    assert sorted(path.name for path in folder.iterdir()) == FILES


def test_figures_of_the_demo(record):
    assert record["status"] == "RECOVERED"
    assert len(record["units"]["correlation"]) == 10
    assert min(record["units"]["correlation"]) >= 0.999
    assert min(record["units"]["cosine_A"]) >= 0.999
    assert min(record["units"]["cosine_W"]) >= 0.97
    residual = record["residual"]
    assert residual["within_2_percent"] is True
    assert residual["ratio"] == pytest.approx(residual["expected_ratio"], rel=0.002)
    assert residual["unknowns"] == 10 * (61 + 10 - 1)
    assert record["digits"]["count"] == 1797
    assert record["digits"]["agreement"] >= 0.999
    assert record["seconds"] > 0
    assert sorted(record["questions"]) == ["logits", "probabilities"]


@pytest.mark.parametrize("side", ["logits", "probabilities"])
def test_the_classifier_is_read_exactly(record, side):
    read = record["questions"][side]
    assert (read["status"], read["exact"], read["n_neurons"]) == ("RECOVERED", True, 10)
    assert read["questions_per_parameter"] == read["n_questions"] / (10 * 65 + 100 + 10)
    truth = load_digits_classifier()
    # Each unit by what it adds to the outputs: no scale, no order and no sign to settle.
    network = TwoLayerNetwork(**read["network"])
    assert not network.linear.any()
    A = truth.A - (truth.A.mean(axis=0) if side == "probabilities" else 0.0)
    for i, j in zip(read["units"]["unit"], read["units"]["true_unit"], strict=True):
        wanted = np.outer(A[:, j], truth.W[j])
        found = np.outer(network.A[:, i], network.W[i])
        assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()
    assert sorted(read["units"]["true_unit"]) == list(range(10))
    for part in ("W", "bias", "A"):
        assert max(read["units"][part]) <= 1e-6
    rows = network.normalized().W[read["units"]["unit"]]
    partners = truth.normalized().W[read["units"]["true_unit"]]
    assert read["units"]["W"] == pytest.approx(np.abs(rows - partners).max(axis=1), abs=1e-15)


def test_what_was_read_is_saved(demo):
    read = TwoLayerNetwork.load(demo[0] / "read.safetensors")
    X = np.random.default_rng(0).standard_normal((50, 64))
    wanted = load_digits_classifier().predict(X)
    assert np.abs(read.predict(X) - wanted).max() <= 1e-6 * np.abs(wanted).max()


def test_picture_of_the_demo(demo):
    from matplotlib.image import imread

    picture = imread(demo[0] / "units.png")
    height, width = picture.shape[:2]
    assert width > height > 500
    assert picture[..., :3].std() > 0.05


def test_the_demo_keeps_what_is_there(demo, refused):
    folder, _ = demo
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert "exists and was kept; --force replaces it" in refused("demo", "--output-dir", folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_demo_writes_all_or_nothing(tmp_path, command, refused, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "units.png")

    with monkeypatch.context() as patch:
        patch.setattr("pureneuron.cli.demo.plot.compare", full)
        assert "No space left" in refused("demo", "--output-dir", tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "units.png").write_bytes(b"precious")
    with monkeypatch.context() as patch:
        patch.setattr("pureneuron.cli.demo.plot.compare", full)
        refused("demo", "--output-dir", tmp_path, "--force")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"precious"]


@pytest.mark.parametrize(("bound", "value"), [("residual_error", 0.0), ("correlation", 1.1)])
def test_a_demo_that_misses_a_figure_fails(tmp_path, command, monkeypatch, bound, value):
    module = sys.modules["pureneuron.cli.demo"]
    monkeypatch.setattr(module, "THRESHOLDS", module.Thresholds(**{bound: value}))
    status, out, _ = command("demo", "--output-dir", tmp_path)
    assert status == 1
    assert f"\n{tmp_path}" in out
    assert ("NOT within" in out) is (bound == "residual_error")
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


def test_a_demo_that_reads_inexactly_fails(tmp_path, command, monkeypatch):
    module = sys.modules["pureneuron.cli.demo_questions"]
    monkeypatch.setattr(module, "THRESHOLDS", module.Thresholds(difference=1e-30))
    status, out, _ = command("demo", "--output-dir", tmp_path)
    assert status == 1
    assert out.count("NOT every weight is right to 1e-30") == 2


def test_a_demo_that_reads_nothing_fails(tmp_path, command, monkeypatch):
    module = sys.modules["pureneuron.cli.demo_questions"]
    monkeypatch.setattr(module, "identify", partial(identify, budget=20))
    status, out, _ = command("demo", "--output-dir", tmp_path)
    assert status == 1
    assert "From logits: OUT_OF_BUDGET: " in out
    assert "Raise the budget" in out
    assert out.count("NOT read") == 20
    record = json.loads(command("demo", "--output-dir", tmp_path, "--force", "--json")[1])
    for read in record["questions"].values():
        assert read["exact"] is False
        assert read["units"]["unit"] == []
