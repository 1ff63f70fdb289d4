"""What each stage of the pipeline says of itself: the log, and a sentence with figures a stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import numpy as np

from pureneuron.inference import Evidence, OddHalfTest, SymmetryTest
from pureneuron.moments import Problem
from pureneuron.progress import Progress, ProgressCallback
from pureneuron.refine import Race, Refinement, SlopeFit, Start, WeighedFit
from pureneuron.results import StageReport
from pureneuron.spectral import LinearPart, MomentEstimate, SamplingError
from pureneuron.typing import Array

__all__ = [
    "StageLog",
    "describe_data",
    "describe_evidence",
    "describe_linear_part",
    "describe_moments",
    "describe_noise",
    "describe_odd_half",
    "describe_refinement",
    "describe_sampling_error",
    "describe_separation",
    "describe_slope",
    "describe_symmetry",
    "raced",
]

T = TypeVar("T")

# Least singular value of the distinguishing matrix that is as good as none; accuracy to state the
# rows for.
_FAINT, _GOAL = 1e-3, 0.01


@dataclass
class StageLog:
    """Collects the stage reports, warnings and notes of one run."""

    callback: ProgressCallback | None = None
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _reports: dict[str, StageReport] = field(default_factory=dict)
    _inner_seconds: float = 0.0

    @property
    def reports(self) -> tuple[StageReport, ...]:
        """One report a stage, in the order in which they were first done with."""
        return tuple(self._reports.values())

    @contextmanager
    def stage(self, name: str) -> Iterator[list[StageReport]]:
        """Time a stage; what its body appends to the list becomes its report.

        The time of a stage within another counts for the inner one only. A stage that is entered
        again adds to its time, and its last report counts.
        """
        if self.callback is not None:
            self.callback(Progress(name))
        start, outer = time.perf_counter(), self._inner_seconds
        self._inner_seconds = 0.0
        said: list[StageReport] = []
        try:
            yield said
        finally:
            seconds = time.perf_counter() - start
            for report in said:
                before = self._reports[name].seconds if name in self._reports else 0.0
                own = before + seconds - self._inner_seconds
                self._reports[name] = replace(report, name=name, seconds=own)
            self._inner_seconds = outer + seconds


def raced(race: Race, log: StageLog) -> Iterator[Start]:
    """Pass on the starts of a race, which runs as they are asked for, and log what it does."""
    if not race.held:
        return
    starts = race.starts()

    def logged(work: Callable[[], T]) -> T:
        with log.stage("race") as said:
            try:
                return work()
            finally:
                if race.verdict:
                    said.append(StageReport(name="race", summary=race.verdict))

    while (start := logged(lambda: next(starts, None))) is not None:
        yield replace(start, evidence=partial(logged, start.evidence))


def describe_data(problem: Problem) -> StageReport:
    """Report rows, sizes, and what the inputs span."""
    whitening = problem.whitening
    d = problem.moments.xx.shape[0] - problem.fit_hidden_bias
    span = "all of it" if whitening.full else f"{problem.input_span.shape[1]} dimensions"
    return StageReport(
        name="data",
        summary=(
            f"{problem.n_rows} rows, {d} inputs that span {span} "
            f"(condition of E[xxᵀ] {whitening.condition:.2g}), "
            f"{problem.n_outputs} outputs"
        ),
        figures={
            "n_rows": problem.n_rows,
            "n_effective": problem.n_effective,
            "n_inputs": d,
            "n_outputs": problem.n_outputs,
            "rank_of_inputs": problem.input_span.shape[1],
            "condition_of_inputs": whitening.condition,
            "output_rms": problem.output_scale,
        },
    )


def describe_symmetry(test: SymmetryTest) -> StageReport:
    """Report whether the inputs look symmetric."""
    verdict = (
        "the inputs are plainly asymmetric: moments cannot be trusted"
        if test.plainly_asymmetric
        else "no sign that the inputs are asymmetric"
    )
    return StageReport(
        name="symmetry",
        summary=f"{verdict} (p = {test.p_value:.2g})",
        figures={"statistic": test.statistic, "p_value": test.p_value},
    )


def describe_linear_part(part: LinearPart, rank: int) -> StageReport:
    """Report the singular values of the regression and how many of them stand out."""
    values = part.singular_values
    shown = ", ".join(f"{value:.3g}" for value in values[: rank + 2])
    more = ", …" if len(values) > rank + 2 else ""
    return StageReport(
        name="linear part",
        summary=(
            f"B = AW has rank {rank} against its sampling noise (singular values of the "
            f"regression {shown}{more})"
        ),
        figures={"rank": rank, "singular_values": values},
    )


def describe_odd_half(test: OddHalfTest) -> StageReport:
    """Report whether what is odd in the outputs is linear in the inputs."""
    verdict = (
        "bent: there are biases, or other neurons than rectifiers, and the moment estimate is off"
        if test.plainly_bent
        else "linear, as far as can be told"
    )
    return StageReport(
        name="odd half",
        summary=f"{verdict} (p = {test.p_value:.2g})",
        figures={"statistic": test.statistic, "p_value": test.p_value},
    )


def describe_moments(estimate: MomentEstimate) -> StageReport:
    """Report the gap of the detector and how well its null space diagonalises."""
    return StageReport(
        name="moments",
        summary=(
            f"{len(estimate.W)} directions; gap of the detector {estimate.gap:.3g}, "
            f"misfit {estimate.misfit:.2g}, condition {estimate.condition:.2g}"
        ),
        figures={
            "spectrum": estimate.spectrum,
            "gap": estimate.gap,
            "misfit": estimate.misfit,
            "condition": estimate.condition,
        },
    )


def describe_separation(estimate: MomentEstimate, alpha: float) -> StageReport:
    """Report α and β of the paper's guarantee, at the estimated network."""
    lengths = np.linalg.norm(estimate.W, axis=1)
    beta = float(np.linalg.svd(estimate.A * lengths, compute_uv=False).min())
    verdict = "every pair of neurons looks unlike one"
    if alpha <= _FAINT:
        verdict = "some pair of neurons looks like one, and moments need other inputs to tell"
    return StageReport(
        name="separation",
        summary=(
            f"{verdict} (least singular value of the distinguishing matrix {alpha:.3g}, of A "
            f"{beta:.3g}, inputs white and outputs of unit size)"
        ),
        figures={"alpha": alpha, "beta": beta},
    )


def describe_sampling_error(error: SamplingError) -> StageReport:
    """Report the expected error of the moment estimate, and the rows that a smaller one takes."""
    verdict = "can be trusted" if error.trusted else "is guesswork here"
    return StageReport(
        name="sampling error",
        summary=(
            f"the moment estimate {verdict}: {error} are to be expected; {_GOAL:g} would take "
            f"about {error.rows_for(_GOAL):.2g} rows"
        ),
        figures={
            "error_A": error.error_A,
            "error_W": error.error_W,
            "rows_for_0.01": error.rows_for(_GOAL),
        },
    )


def describe_refinement(refinement: Refinement) -> StageReport:
    """Report the starts and the winner."""
    best, n_starts = refinement.best, len(refinement.losses)
    starts = "1 start" if n_starts == 1 else f"{n_starts} starts, the best"
    return StageReport(
        name="refinement",
        summary=f"{starts} from {refinement.winner}, {best.n_iter} iterations",
        figures={
            "n_starts": n_starts,
            "losses": np.array(refinement.losses),
            "history": np.array(best.history),
        },
    )


def describe_slope(fit: SlopeFit) -> StageReport:
    """Report the slope with its standard error."""
    error = f" ± {fit.standard_error:.2g}" if fit.standard_error else ""
    return StageReport(
        name="slope",
        summary=f"slope of σ on the negative side {fit.slope:.4g}{error}, fitted to all rows",
        figures={"slope": fit.slope, "standard_error": fit.standard_error},
    )


def describe_noise(problem: Problem, weighed: WeighedFit) -> StageReport:
    """Report how different and how correlated the noise of the outputs is."""
    covariance = weighed.covariance * problem.output_scale**2
    deviations = np.sqrt(np.diag(covariance))
    scale = np.where(deviations > 0.0, deviations, 1.0)
    correlation = covariance / np.outer(scale, scale)
    largest = float(np.abs(correlation - np.diag(np.diag(correlation))).max())
    return StageReport(
        name="noise",
        summary=(
            f"standard deviations from {deviations.min():.3g} to {deviations.max():.3g}, "
            f"correlations up to {largest:.2g}; outputs weighed accordingly"
        ),
        figures={"covariance": covariance, "n_iter": weighed.descent.n_iter},
    )


def describe_evidence(evidence: Evidence) -> StageReport:
    """Report the state of the units, what the residual shows, and whether a unit could go."""
    parts = [str(evidence.census)]
    figures: dict[str, float | int | Array] = {
        # In the order of the network's neurons.
        "active": evidence.census.active[np.argsort(-evidence.census.effect, kind="stable")],
        "undetermined": evidence.undetermined,
    }
    if evidence.trace is not None:
        misfit = evidence.trace.misfit
        shows = "still depends on the inputs" if misfit else "shows no trace of the inputs"
        parts.append(f"the residual {shows} (p = {evidence.trace.p_value:.2g})")
        figures["lack_of_fit"] = evidence.trace.statistic
    if evidence.spare_gain is not None:
        parts.append(f"the least missed unit gains {evidence.spare_gain:.3g} times chance")
        figures["spare_gain"] = evidence.spare_gain
    return StageReport(name="evidence", summary="; ".join(parts), figures=figures)
