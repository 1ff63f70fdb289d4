"""Benchmarks and experiments are run by hand: here, that a change has not broken their imports."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

from pureneuron.results import Status

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
NEEDS = {"dask_workers": "distributed"}
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
    if module in NEEDS:
        pytest.importorskip(NEEDS[module])
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    importlib.import_module(module)
    sys.modules.pop(module)


@pytest.fixture
def made_again(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    yield importlib.import_module("trust").made_again
    sys.modules.pop("trust")


def test_examples_run_in_one_session_and_get_their_output(made_again):
    page = "Text\n\n```python\na = 2\n```\n\n```python\nprint(a * 3)\n```\nMore\n"
    made = made_again(page)
    assert made == page.replace("```\nMore", "```\n\n```text\n6\n```\nMore")
    assert made_again(made.replace("\n6\n", "\nold\nlines\n")) == made


def test_examples_of_the_page_on_trust_end_as_it_says(made_again):
    page = (ROOT / "docs" / "trust.md").read_text()

    def outcomes(text):
        outputs = "".join(re.findall(r"```text\n(.*?)```", text, re.DOTALL))
        return re.findall("|".join(each.name for each in Status), outputs)

    told = outcomes(page)
    assert len(told) > 15
    assert outcomes(made_again(page)) == told
