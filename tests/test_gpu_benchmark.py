"""The benchmark of GPUs where there is none: it says so, and its parts run on the CPU."""

import importlib
import math
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    yield importlib.import_module("gpu")
    sys.modules.pop("gpu")


def run(gpu, monkeypatch, folder):
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--output", str(folder)])
    gpu.main()
    return list(folder.iterdir())


def test_without_torch_it_says_what_to_install(gpu, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(gpu.importlib.util, "find_spec", lambda name: None)
    assert not run(gpu, monkeypatch, tmp_path)
    assert "pip install torch" in capsys.readouterr().out


@pytest.mark.extras
def test_without_a_gpu_it_says_so_and_writes_nothing(gpu, monkeypatch, tmp_path, capsys):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert not run(gpu, monkeypatch, tmp_path)
    assert "no GPU" in capsys.readouterr().out


@pytest.mark.extras
def test_a_descent_ends_at_the_target_or_at_the_limit(gpu):
    torch = pytest.importorskip("torch")
    X, Y = gpu.data(4, 1000)
    X, Y = torch.from_numpy(X), torch.from_numpy(Y)
    assert gpu.lbfgs(X, Y, 4, float(Y.square().mean()), 30.0) >= 0.0
    assert math.isnan(gpu.lbfgs(X, Y, 4, 0.0, 0.2))
