"""The outcome of a recovery: the network, how sure it is, and how to show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pureneuron.model import TwoLayerNetwork, counted
from pureneuron.results import StageReport, Status
from pureneuron.row_sample import RowSample
from pureneuron.standard_errors import Intervals, StandardErrors
from pureneuron.summary import number, summary_table
from pureneuron.typing import Array

__all__ = ["Recovery"]


_ASSUMED = {
    "iid": "rows are independent, and their noise is of one law",
    "robust": "rows are independent, and the size of the noise may depend on the inputs",
    "serial": "the noise has memory, and the rows are in order",
    "groups": "rows of a group may share noise, and groups are independent",
}


@dataclass(frozen=True)
class Recovery:
    """The outcome of :func:`pureneuron.recover`.

    Attributes
    ----------
    network : TwoLayerNetwork
        The estimate, in normal form.
    status : Status
        Whether it can be taken for the network behind the samples.
    reason : str
        What in particular led to the status.
    stages : tuple of StageReport
        What each stage saw and decided, in order.
    loss : float
        Mean over rows and outputs of the squared residual, weighted by the sample weights, and by
        the noise covariance where it was estimated (scaled to keep the mean noise variance). Where
        outputs differ in size by 10⁴ and more, each counts in the unit of its standard deviation
        (scaled to keep the mean variance). NaN where the network is made of moments alone, which do
        not tell it.
    n_iter : int
        Gauss–Newton iterations of the descent that won.
    n_passes : int
        Passes over the data, all stages together.
    span : (d, r) array
        Orthonormal basis of the span of the inputs; rows of W are identified within it only, and
        are zero across it.
    input_names, output_names : tuple of str
        Names of the inputs and of the outputs.
    bic : float
        Schwarz's criterion for Gaussian noise that is independent from row to row: of two networks
        fitted to the same rows, the one with the smaller value has more evidence. Minus infinity
        where the residual is zero.
    call : str
        What repeats it.
    rows : RowSample or None
        Some rows beside what the network predicts for them, for pictures; None where no rows are at
        hand.
    errors : StandardErrors, callable or None
        The standard errors, or what makes them when they are asked for; None where there are none.
    warnings : tuple of str
        What may be wrong in spite of the status; the estimator issues them as warnings.
    notes : tuple of str
        What else there is to know.
    """

    network: TwoLayerNetwork
    status: Status
    reason: str
    stages: tuple[StageReport, ...]
    loss: float
    n_iter: int
    n_passes: int
    span: Array
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    bic: float
    call: str = field(default="", repr=False, compare=False)
    rows: RowSample | None = field(default=None, repr=False, compare=False)
    errors: StandardErrors | Callable[[], StandardErrors] | None = field(
        default=None, repr=False, compare=False
    )
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """What the status means and what to try."""
        return self.status.advice

    @cached_property
    def standard_errors(self) -> StandardErrors | None:
        """Standard errors of the entries of the network; None where there are none.

        For networks with more than 400 entries of W they are made when they are first asked for,
        which takes as long as some fits; until then the data are kept. A pickle holds them only if
        they have been.
        """
        return self.errors() if callable(self.errors) else self.errors

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if callable(self.errors):
            state["errors"] = state.get("standard_errors")
        return state

    @property
    def certified(self) -> bool:
        """Whether the network is certified: all tests agree with these weights."""
        return self.status is Status.RECOVERED

    def conf_int(self, level: float = 0.95) -> Intervals:
        """Return confidence intervals of the entries of the network.

        Parameters
        ----------
        level : float
            Share of data sets in which an interval covers the truth, between 0 and 1.

        Raises
        ------
        ValueError
            If there are no standard errors, or the level is out of range.
        """
        if not 0.0 < level < 1.0:
            raise ValueError(f"level must lie between 0 and 1, got {level!r}")
        if self.standard_errors is None:
            raise ValueError(f"there are no intervals: {self.why_no_errors}")
        return self.standard_errors.intervals(self.network, level)

    @property
    def why_no_errors(self) -> str:
        """Why there are no standard errors; empty where there are."""
        if self.standard_errors is not None:
            return ""
        return (
            "standard errors are made for refined fits that ran to their end, with up to 5000 "
            "entries of W, or 400 where the slope is fitted"
        )

    def summary(
        self,
        *,
        level: float = 0.95,
        max_rows: int | None = 200,
        worded: Callable[[str], str] = str,
    ) -> str:
        """Return a table of the network, its standard errors and its tests, as statsmodels does.

        Parameters
        ----------
        level : float
            Of the intervals.
        max_rows : int or None
            About how many weights are shown at most, whole neurons as far as they go; None shows
            all.
        worded : callable
            Puts remarks in other words, such as those of a command line.

        Raises
        ------
        ValueError
            If the level is out of range.
        """
        if not 0.0 < level < 1.0:
            raise ValueError(f"level must lie between 0 and 1, got {level!r}")
        errors, remarks = self.standard_errors, [*self.warnings, *self.notes]
        if errors is None:
            remarks.insert(0, f"no standard errors: {self.why_no_errors}")
        elif np.isneginf(self.bic):
            remarks.insert(0, "the residual is zero: the weights are exact, up to rounding")
        else:
            remarks.insert(0, f"errors {errors.kind}: {_ASSUMED[errors.kind]}")
        if not self.certified:
            remarks.insert(
                0, f"not certified, so do not rely on these numbers: {self.reason}. {self.advice}"
            )
        return summary_table(
            "Two-layer ReLU network",
            self.facts(),
            self.network,
            errors,
            input_names=self.input_names,
            output_names=self.output_names,
            level=level,
            max_rows=max_rows,
            remarks=[worded(remark) for remark in remarks],
        )

    def report(
        self,
        path: str | Path,
        *,
        image_shape: tuple[int, int] | None = None,
        lags: int | None = None,
    ) -> None:
        """Write a report: one HTML page to look at, to print and to send.

        Parameters
        ----------
        path : str or Path
            Where to; it ends in .html.
        image_shape : (int, int), optional
            Height and width, where the inputs are an image.
        lags : int, optional
            Number of lags, where the inputs are the past of one or several stimuli, the lag
            slowest: inputs ``0 … d / lags − 1`` are those of the first lag.

        Raises
        ------
        ValueError
            If the inputs do not have that shape, or the path does not end in .html.
        ImportError
            If matplotlib or Jinja is not installed.
        OSError
            If the file cannot be written.
        """
        # Jinja and matplotlib load with the first report.
        from pureneuron.report import write_report

        write_report(self, path, image_shape=image_shape, lags=lags)

    def facts(self) -> list[tuple[str, str]]:
        """Return what there is to know first, as names and values: the fit, then its sizes."""
        figures = {each.name: each.figures for each in self.stages}
        data, tests = figures.get("data", {}), figures.get("inference", {})

        def p_value(name: str) -> str:
            return f"{tests[name]:.2g}" if name in tests else "not tested"

        facts = [
            ("Status", self.status.name),
            ("Errors", "none" if self.standard_errors is None else self.standard_errors.kind),
            ("Residual sd", number(self.loss**0.5)),
        ]
        if "output_rms" in data:
            share = self.loss / float(data["output_rms"]) ** 2
            facts.append(("R²", number(1.0 - share)))
        facts += [
            ("Omitted unit, p", p_value("omitted_unit_p_value")),
            ("One neuron less, p", p_value("smaller_p_value")),
            ("Rows", str(data.get("n_rows", "unknown"))),
            ("Inputs", str(self.network.n_inputs)),
            ("Neurons", str(self.network.n_neurons)),
            ("Outputs", str(self.network.n_outputs)),
        ]
        if self.network.negative_slope:
            error = 0.0 if self.standard_errors is None else self.standard_errors.negative_slope
            known = f" ± {error:.2g}" if error else ""
            facts.append(("Negative slope", f"{number(self.network.negative_slope)}{known}"))
        return [*facts, ("BIC", "exact fit" if np.isneginf(self.bic) else number(self.bic, 1))]

    def effort(self) -> str:
        """Return what the fit took, in words."""
        return (
            f"{counted(self.n_iter, 'iteration')} of the descent that won, "
            f"{counted(self.n_passes, 'pass', 'passes')} over the data"
        )

    def stage(self, name: str) -> StageReport:
        """Return the report of the stage ``name``."""
        for report in self.stages:
            if report.name == name:
                return report
        raise KeyError(f"no stage {name!r}; there are {[report.name for report in self.stages]}")

    def _repr_html_(self) -> str:
        from pureneuron.report.card import card

        return card(self)

    def __str__(self) -> str:
        lines = [f"{self.status.name}: {self.reason}", self.advice, f"{self.network!r}"]
        lines += [f"  {report.name}: {report.summary}" for report in self.stages]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        lines += [f"  note: {note}" for note in self.notes]
        lines.append(
            f"  loss {self.loss:.6g} after {counted(self.n_iter, 'iteration')}, "
            f"{counted(self.n_passes, 'pass', 'passes')}"
        )
        return "\n".join(lines)
