"""Benchmarks and experiments are run by hand: here, that a change has not broken their imports."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
PEERS = ["run", "ours", "table", "sklearn_mlp", "scipy_least_squares"]
CALIBRATION = ["run", "laws", "data", "fits", "picture"]
PAPER = ["perturbation", "degenerate", "slope"]


@pytest.mark.parametrize(
    "module",
    [
        *SCRIPTS,
        *(f"benchmarks.peers.{name}" for name in PEERS),
        *(f"benchmarks.calibration.{name}" for name in CALIBRATION),
        *(f"experiments.paper.{name}" for name in PAPER),
    ],
)
def test_what_is_run_by_hand_can_be_imported(module, monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    importlib.import_module(module)
    sys.modules.pop(module)
