"""The page of a report: what it says, in the order in which it is asked."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pureneuron.inference.candidates import MEANINGS
from pureneuron.inference.scores import LEVELS
from pureneuron.model import counted, visible
from pureneuron.plot.fitted import check_shape, smaller_p_value, tested_numbers
from pureneuron.report.result import Result
from pureneuron.samples.writing import complete_file
from pureneuron.summary import number

__all__ = ["check_installed", "rendered", "write_report"]

_PACKAGES = ("pureneuron", "numpy", "scipy", "scikit-learn")
_ENDING = ".html"
Wording: TypeAlias = Callable[[str], str]


def write_report(
    result: Result,
    path: str | Path,
    *,
    image_shape: tuple[int, int] | None = None,
    lags: int | None = None,
    worded: Wording = str,
) -> None:
    """Write a report as one HTML page, which needs no network and no other file.

    Arguments and errors are those of :meth:`pureneuron.recovery.Recovery.report`; ``worded`` puts
    what the library says in the words of whoever asks. What is there is replaced once the page is
    complete.
    """
    path = Path(path)
    if path.suffix.lower() not in (_ENDING, ".htm"):
        raise ValueError(f"a report is a page: {path} should end in {_ENDING}")
    text = rendered(result, image_shape=image_shape, lags=lags, worded=worded)
    with complete_file(path) as part:
        part.write_text(text, encoding="utf-8")


def check_installed() -> None:
    """Say what is missing of what a report is made with."""
    if any(find_spec(package) is None for package in ("jinja2", "matplotlib")):
        raise ImportError("reports need: pip install 'pureneuron[report]'")


def rendered(
    result: Result,
    *,
    image_shape: tuple[int, int] | None = None,
    lags: int | None = None,
    worded: Wording = str,
) -> str:
    """Return the page."""
    check_shape(result.network.n_inputs, image_shape, lags)
    check_installed()
    from jinja2 import Environment, StrictUndefined

    from pureneuron.report.pictures import pictures

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["worded"] = lambda text: visible(worded(text))
    folder = files("pureneuron.report")
    template = environment.from_string((folder / "page.html").read_text(encoding="utf-8"))
    return template.render(
        style=(folder / "page.css").read_text(encoding="utf-8"),
        pictures=pictures(result, image_shape=image_shape, lags=lags),
        **_said(result, worded),
    )


def _said(result: Result, worded: Wording) -> dict[str, Any]:
    """Return all that the page says in words and numbers."""
    figures = {stage.name: stage.figures for stage in result.stages}
    return {
        "result": result,
        "facts": [fact for fact in result.facts() if fact[0] != "Status"],
        "sizes": _sizes(result, figures),
        "smaller": smaller_p_value(result),
        "tests": figures.get("inference", {}),
        "levels": LEVELS,
        "candidates": _candidates(figures.get("inference", {})),
        "conditioning": _conditioning(figures, result),
        "stages": [(stage.name, stage.summary, f"{stage.seconds:.2f}") for stage in result.stages],
        "sizes_said": ", ".join(
            counted(n, what)
            for n, what in zip(
                (result.network.n_inputs, result.network.n_neurons, result.network.n_outputs),
                ("input", "neuron", "output"),
                strict=True,
            )
        ),
        "effort": result.effort(),
        "seconds": f"{sum(stage.seconds for stage in result.stages):.2f}",
        "table": result.summary(worded=worded),
        "versions": _versions(),
    }


def _sizes(
    result: Result, figures: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, str, str, bool]]:
    """Return number of neurons, p-values, criterion, and whether it was chosen, a row each."""
    p_values, tried = tested_numbers(result), figures.get("number of neurons", {})
    criteria = dict(zip(tried.get("n_neurons", ()), tried.get("bic", ()), strict=True))
    if np.isfinite(result.bic):
        criteria.setdefault(result.network.n_neurons, result.bic)
    return [
        (
            str(k),
            f"{p_values[k]:.2g}" if k in p_values else "not tested",
            number(criteria[k], 1) if k in criteria else "",
            k == result.network.n_neurons,
        )
        for k in sorted({*p_values, *map(int, criteria)})
    ]


def _candidates(tests: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Return what may be missing, its largest statistic, and whether it shows most."""
    found = ((family, tests.get(f"largest_{family}")) for family in MEANINGS)
    shown = {family: float(largest) for family, largest in found if largest is not None}
    most = max(shown, key=lambda family: shown[family], default=None)
    return [
        (MEANINGS[family], f"{shown[family]:.4g}", family == most)
        for family in sorted(shown, key=lambda family: -shown[family])
    ]


def _conditioning(
    figures: Mapping[str, Mapping[str, Any]], result: Result
) -> list[tuple[str, str]]:
    data, tests = figures.get("data", {}), figures.get("inference", {})
    said = []
    if "condition_of_inputs" in data:
        said.append(("Condition of E[xxᵀ]", f"{data['condition_of_inputs']:.3g}"))
        span = f"{data['rank_of_inputs']} of {data['n_inputs']}"
        said.append(("Directions that the inputs span", span))
    if "row_errors" in tests:
        said.append(("Least known row of W, relative error", f"{tests['row_errors'].max():.2g}"))
        said.append(
            ("Least known column of A, relative error", f"{tests['column_errors'].max():.2g}")
        )
    if "active" in tests and len(tests["active"]):
        low, high = (f"{100 * end:.3g} %" for end in (tests["active"].min(), tests["active"].max()))
        said.append(("Rows in which a unit is on", f"{low} to {high}"))
    errors = result.standard_errors
    if errors is not None:
        undetermined = int(np.sum(~np.isfinite(errors.W)))
        said.append(("Undetermined entries of W", f"{undetermined} of {errors.W.size}"))
    return said


def _versions() -> list[tuple[str, str]]:
    found = [("Python", platform.python_version())]
    for name in _PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "unknown"))
    return [*found, ("System", f"{platform.system()} {platform.machine()}")]
