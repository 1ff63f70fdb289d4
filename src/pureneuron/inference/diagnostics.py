"""All that the data say of a fit, gathered: what the status is decided by."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.inference.blocks import (
    Blocks,
    blocks_of_groups,
    consecutive_blocks,
    count_groups,
)
from pureneuron.inference.checks import Checks, check
from pureneuron.inference.covariance import Root, covariance_root, widened
from pureneuron.inference.delta_method import standard_errors, unseen
from pureneuron.inference.dependence import Dependence, Errors, assumed_dependence
from pureneuron.inference.held_off import HeldOff, held_off
from pureneuron.inference.identifiability import (
    Determinacy,
    determinacy,
    distinct_inputs,
    is_reversible,
)
from pureneuron.inference.omitted_unit import OmittedUnitTest, omitted_unit_test
from pureneuron.inference.order import SmallerTest, smaller_test
from pureneuron.inference.scores import LEVELS
from pureneuron.inference.steadiness import SteadinessTest, steadiness_test
from pureneuron.model import counted
from pureneuron.optimize import Fit, Limits
from pureneuron.problem import Problem, n_unknowns
from pureneuron.results import StageReport
from pureneuron.samples import Batch
from pureneuron.samples.mirror import distinct_rows, equal_pairs
from pureneuron.standard_errors import StandardErrors
from pureneuron.typing import Array

__all__ = ["Diagnostics", "Thresholds", "diagnose_fit", "first_blocks"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    n_blocks, rows_a_block : int
        Blocks of rows, and the fewest rows of a block (calibration).
    lags_a_block : float
        Length of a block against the memory of the noise (calibration).
    repeated : float
        Share of the rows that are different from all others below which rows repeat (calibration).
    enough_pairs : float
        Pairs of equal rows, among those that are kept, that tell whether rows repeat (Poisson).
    tested_equations, tested_blocks : float
        Equations for each unknown, and independent parts of the data, with which tests see what is
        wrong (calibration).
    rows_of_a_unit, blocks_of_a_unit : float
        Rows, or stretches or groups, that errors of a unit rest on at least, where noise is not
        alike in all rows: ``(Σ g²)² / Σ g⁴`` of the scores of its strength, with normal scores a
        third of those in which it is on. Of stretches there may be no more than a dozen
        (calibration).
    decided : float
        Leverage of a row on a unit from which on its residual does not tell of its noise
        (calibration).
    """

    n_blocks: int = 50
    rows_a_block: int = 1
    lags_a_block: float = 0.75
    repeated: float = 0.9
    enough_pairs: float = 30.0
    tested_equations: float = 8.0
    tested_blocks: float = 12.0
    rows_of_a_unit: float = 3.0
    blocks_of_a_unit: float = 2.0
    decided: float = 0.95


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Diagnostics:
    """What the data say of a fit.

    Attributes
    ----------
    checks : Checks
        Its units and its residual.
    reversible : bool
        Whether the same function is obtained with some rows of W turned round: W is one of two.
    dependence : Dependence or None
        What is assumed of the noise; None where there is none.
    errors : StandardErrors or None
        Of the network, neurons as in the fit; None where there are too many unknowns.
    determinacy : Determinacy or None
        How well the rows determine the neurons; None where there are too many unknowns.
    held_off : HeldOff
        Units of which they only say that inputs hold them off.
    omitted : OmittedUnitTest or None
        Whether the residual depends on the inputs; None where it is rounding.
    smaller : SmallerTest or None
        Whether a neuron less would do; None where the rank or the residual says it would not.
    steadiness : SteadinessTest or None
        Whether the network stays the same in the course of the rows; None where the residual is
        rounding, or blocks have no order.
    n_distinct : float
        How many different inputs there are, about; where some rows show enough, how many they show.
    equations : float
        Measured outputs for each unknown.
    parts : (k,) array
        How many independent parts of the data the errors of each unit rest on; infinite where noise
        is alike in all rows.
    n_independent : float
        Parts of the data that are independent of one another: rows, groups, or stretches as long as
        the noise is remembered.
    blocks : Blocks
        Rows that the tests took for independent of those of other blocks.
    """

    checks: Checks
    reversible: bool
    dependence: Dependence | None
    errors: StandardErrors | None
    determinacy: Determinacy | None
    held_off: HeldOff
    omitted: OmittedUnitTest | None
    smaller: SmallerTest | None
    steadiness: SteadinessTest | None
    n_distinct: float
    equations: float
    parts: Array
    n_independent: float
    blocks: Blocks

    @property
    def why_hardly_tested(self) -> str:
        """What there is too little of; empty if there is enough."""
        if self.equations < THRESHOLDS.tested_equations:
            return (
                f"{self.equations:.2g} measured outputs for each unknown: with noise, a wrong "
                "network could not be told from a right one"
            )
        if self.omitted is not None and self.omitted.criterion_wants_more:
            return (
                "the tests see no more neurons, and an information criterion asks for one more: "
                "there are too few rows to tell"
            )
        robust = self.dependence is not None and self.dependence.kind == "robust"
        if robust and self.omitted is not None and self.omitted.p_alike < LEVELS.rejected:
            return (
                "a neuron more fits far better, but few stretches of the rows show it: noise that "
                "is louder there would do the same"
            )
        fewest = int(np.argmin(self.parts))
        enough = THRESHOLDS.rows_of_a_unit if robust else THRESHOLDS.blocks_of_a_unit
        if self.parts[fewest] < enough:
            unit = int(np.flatnonzero(self.checks.units.order == fewest)[0])
            return (
                f"what is known of unit {unit} rests on so few parts of the data that they do not "
                "tell how loud the noise is there"
            )
        return self.why_not_tested

    @property
    def why_not_tested(self) -> str:
        """Why no test says anything; empty where they do."""
        parts = round(self.n_independent) if self.n_independent < THRESHOLDS.tested_blocks else 0
        if not parts:
            return ""
        return (
            f"only about {counted(parts, 'part')} of the data {'is' if parts == 1 else 'are'} "
            "independent of the rest: errors and tests cannot be relied on"
        )

    @property
    def noise_is_alike(self) -> bool:
        """Whether noise is independent from row to row, and alike in all of them."""
        return self.dependence is not None and self.dependence.is_alike

    def describe(self) -> StageReport:
        """Report the state of the units, the tests, and what is assumed of the noise."""
        units = self.checks.units
        parts = [str(units)]
        # In the order of the network's neurons.
        figures: dict[str, float | int | str | Array] = {"active": units.active[units.order]}
        if self.determinacy is not None:
            figures["row_errors"] = self.determinacy.row_errors[units.order]
            figures["column_errors"] = self.determinacy.column_errors[units.order]
        if self.omitted is not None:
            verdict = "depends" if self.omitted.is_rejected else "does not depend"
            parts.append(f"the residual {verdict} on the inputs (p = {self.omitted.p_value:.2g})")
            figures["omitted_unit_p_value"] = self.omitted.p_value
            figures["misfit"] = self.omitted.family
            for family, largest in self.omitted.largest.items():
                figures[f"largest_{family}"] = largest
        if self.smaller is not None:
            parts.append(
                f"the neuron that is missed least gains χ² = {self.smaller.gain:.4g} "
                f"(p = {self.smaller.p_value:.2g} without it)"
            )
            figures["smaller_p_value"] = self.smaller.p_value
            figures["smaller_gain"] = self.smaller.gain
        if self.steadiness is not None:
            verdict = "changes" if self.steadiness.is_rejected else "stays the same"
            p_value = self.steadiness.p_value
            parts.append(f"the network {verdict} in the course of the rows (p = {p_value:.2g})")
            figures["steadiness_p_value"] = p_value
        if self.dependence is not None:
            parts.append(f"errors {self.dependence.kind}: {self.dependence.why}")
            figures["errors"] = self.dependence.kind
            figures["lag"] = self.dependence.lag
        return StageReport("inference", "; ".join(parts), figures)


def first_blocks(problem: Problem) -> Blocks:
    """Divide rows into blocks before anything is known of the noise."""
    if problem.grouped:
        return blocks_of_groups(problem, THRESHOLDS.n_blocks)
    return _consecutive(problem, 0)


def diagnose_fit(
    fit: Fit,
    rank: int,
    errors: Errors,
    *,
    checks: Checks | None,
    blocks: Blocks,
    seed: int,
    fits_slope: bool,
    counts: bool,
    limits: Limits,
    rng: np.random.Generator,
) -> Diagnostics:
    """Ask all there is to ask of a fit.

    Parameters
    ----------
    fit : Fit
        The fit.
    rank : int
        Rank of B against its sampling noise.
    errors : str
        What is to be assumed of the noise.
    checks : Checks or None
        Of the same fit with these blocks, where they have been made.
    blocks : Blocks
        From :func:`first_blocks`.
    seed : int
        For candidates and signs.
    fits_slope : bool
        Whether the slope has been fitted, too.
    counts : bool
        Whether their number is what is asked: two neurons that the fit has merged into one leave
        hardly a trace before all of them are fitted anew with one more.
    limits : Limits
        As for :func:`~pureneuron.optimize.minimize`, which the test for a neuron less uses.
    rng : numpy.random.Generator
        Draws rows and projections.
    """
    problem = fit.problem
    noise_rng, inputs_rng = rng.spawn(2)
    n_distinct = distinct_inputs(problem, fit.n_neurons, rng=inputs_rng)
    dependence, better = None, blocks
    if not fit.is_exact:
        residual = _residual_moments(checks)
        dependence, better = _noise(fit, errors, blocks, residual, rng=noise_rng)
    if checks is None or better != blocks or (fits_slope and checks.known is not None):
        checks = check(fit, better, seed, fits_slope=fits_slope)
    known, reported, determined, held = checks.known, None, None, HeldOff.none(fit)
    decided = None
    if known is not None:
        root, kind = Root.zero(fit), "iid"
        if dependence is not None:
            residual = _residual_moments(checks)
            root = covariance_root(fit, known, dependence, better, residual=residual)
            kind, decided = dependence.kind, root.decided
            held = held_off(fit, root)
        null = unseen(fit, known, held.changes(fit))
        reported = standard_errors(fit, widened(fit, root), kind=kind, null=null)
        determined = determinacy(fit, known, root)
    omitted, smaller, steadiness = None, None, None
    shows = problem.linear_part_shows(fit.n_neurons)
    if dependence is not None and checks.screened is not None:
        thorough = determined is not None and (counts or not determined.is_close)
        omitted = checks.omitted or omitted_unit_test(checks.screened, thorough=thorough)
        omitted = omitted.where_noise_is_alike if dependence.is_alike else omitted
        steadiness = steadiness_test(checks.screened.contributions)
        independent = dependence.kind in ("iid", "robust")
        enough = independent and shows and rank == fit.n_neurons
        if not enough and not omitted.is_rejected:
            smaller = smaller_test(
                fit,
                better,
                limits=limits,
                seed=seed,
                independent=independent,
                alike=dependence.is_alike,
            )
    return Diagnostics(
        checks=checks,
        reversible=is_reversible(fit),
        dependence=dependence,
        errors=reported,
        determinacy=determined,
        held_off=held,
        omitted=omitted,
        smaller=smaller,
        steadiness=steadiness,
        n_distinct=n_distinct,
        equations=problem.n_equations / n_unknowns(problem, fit.n_neurons),
        parts=_parts(checks, dependence, decided),
        n_independent=np.inf if dependence is None else _n_independent(problem, better, dependence),
        blocks=better,
    )


def _noise(
    fit: Fit, errors: Errors, blocks: Blocks, residual: Array | None, *, rng: np.random.Generator
) -> tuple[Dependence, Blocks]:
    """Return what is assumed of the noise, and the blocks that are independent under it."""
    problem = fit.problem
    if blocks.kind == "order" and _rows_repeat(problem):
        some = problem.source if problem.kept is None else problem.kept.samples
        different = distinct_rows(some, with_outputs=True)
        blocks = Blocks(max(min(int(different), THRESHOLDS.n_blocks), 1), "rows")
        return Dependence("groups", 0, "rows repeat, and count once"), blocks
    grouped = blocks.kind != "order"
    dependence = assumed_dependence(fit, errors, grouped=grouped, residual=residual, rng=rng)
    if dependence.kind == "serial":
        blocks = _consecutive(problem, dependence.lag)
    return dependence, blocks


def _residual_moments(checks: Checks | None) -> Array | None:
    """Return the second moments (m, m) of the residual, where the checks have found them."""
    if checks is None or checks.screened is None:
        return None
    return checks.screened.contributions.residual_moments


def _parts(checks: Checks, dependence: Dependence | None, decided: Array | None) -> Array:
    """Return how many independent parts of the data the errors of each unit rest on."""
    if checks.screened is None or dependence is None or dependence.is_alike:
        return np.full(len(checks.units.active), np.inf)
    parts = checks.screened.contributions.parts(rows=dependence.kind == "robust")
    if decided is None:
        return parts
    # A row that decides by itself leaves no residual to tell its noise by.
    return np.where(decided > THRESHOLDS.decided, 1.0, parts)


def _rows_repeat(problem: Problem) -> bool:
    """Whether many rows are the same as others.

    Where rows are kept it shows in these: with d of n rows different from all others, of c random
    ones at least ``(1 − d / n) c² / n`` pairs are the same. Elsewhere, and where that would be few,
    all rows are looked at: first at an input and an output of each, which settles it for most data.
    """
    if problem.kept is not None:
        c, share = len(problem.kept), 1.0 - THRESHOLDS.repeated
        pairs = share * c**2 / problem.n_rows
        if pairs >= THRESHOLDS.enough_pairs:
            return equal_pairs(problem.kept.samples) > pairs
    most = THRESHOLDS.repeated * problem.n_rows
    first = problem.source.derive(_first_columns)
    if distinct_rows(first, with_outputs=True) >= most:
        return False
    # Inputs of few values and counts repeat column by column, and their rows hardly do.
    return distinct_rows(problem.source, with_outputs=True) < most


def _first_columns(batch: Batch) -> Batch:
    return replace(batch, X=batch.X[:, :1], Y=batch.Y[:, :1])


def _n_independent(problem: Problem, blocks: Blocks, dependence: Dependence) -> float:
    if dependence.kind == "serial":
        return problem.n_effective / dependence.lag
    if blocks.kind == "order":
        return problem.n_effective
    if blocks.kind == "rows":
        return distinct_rows(problem.source, with_outputs=True)
    return count_groups(problem)


def _consecutive(problem: Problem, lag: int) -> Blocks:
    length = max(THRESHOLDS.rows_a_block, int(THRESHOLDS.lags_a_block * lag))
    return consecutive_blocks(problem.n_rows, min(problem.n_rows // length, THRESHOLDS.n_blocks))
