"""How large the error of the moment estimate is, and how many rows a smaller one would take.

The estimate is a smooth function of sample moments, so its error is asymptotically normal and its
squared error falls like 1/n. The size follows from the covariance of the moments by the delta
method; leaving out a group of rows at a time (the grouped jackknife) is that method without a
derivative. One pass over the data gathers the moments of each group; all else is algebra on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.linalg import gram_inverse
from pureneuron.problem import Problem, design
from pureneuron.results import StageReport
from pureneuron.samples import Batch, Sum
from pureneuron.samples.mirror import distinct_rows, mirror_hash
from pureneuron.spectral.estimate import MomentEstimate, estimate_from, moment_sums
from pureneuron.spectral.linear import LinearPart
from pureneuron.typing import AnyArray, Array

__all__ = ["THRESHOLDS", "SamplingError", "Thresholds", "error_of_groups", "sampling_error"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide in the grouped jackknife, each with the command that shows its effect.

    Attributes
    ----------
    n_groups : int
        Groups of rows that are left out in turn (no benchmark covers it).
    goal : float
        The error that a report states the rows for (by definition).
    trusted : float
        Squared error a neuron up to which the estimate is trusted. The jackknife is right to a
        factor of two for errors several times as large; an arbitrary direction has the squared
        error 2 (experiments/paper/degenerate.py, the moments alone).
    repeated : float
        Inputs are taken for repeated where the different ones are less than this share of the rows
        (by definition: each comes twice on average).
    """

    n_groups: int = 20
    trusted: float = 0.05
    goal: float = 0.01
    repeated: float = 0.5


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class SamplingError:
    """Expected error of a moment estimate.

    Attributes
    ----------
    error_A, error_W : float
        Summed squared errors of the normalised columns of A and rows of W, as in the paper.
    n_rows : float
        Number of rows they are for.
    n_neurons : int
        Number of neurons they are summed over.
    """

    error_A: float
    error_W: float
    n_rows: float
    n_neurons: int

    def __str__(self) -> str:
        return (
            f"squared errors, summed over the neurons, of {self.error_A:.2g} (A) and "
            f"{self.error_W:.2g} (W)"
        )

    @property
    def trusted(self) -> bool:
        """Whether the expected error a neuron is small."""
        return max(self.error_A, self.error_W) <= THRESHOLDS.trusted * self.n_neurons

    def rows_for(self, error: float) -> float:
        """Return how many rows would bring both errors down to ``error``."""
        return self.n_rows * max(self.error_A, self.error_W) / error

    def describe(self) -> StageReport:
        """Report the expected error of the estimate, and the rows that a smaller one takes."""
        verdict = "can be trusted" if self.trusted else "is guesswork here"
        goal = THRESHOLDS.goal
        rows = self.rows_for(goal)
        return StageReport(
            "sampling error",
            f"the moment estimate {verdict}: {self} are to be expected; {goal:g} would take "
            f"about {rows:.2g} rows",
            {"error_A": self.error_A, "error_W": self.error_W, "rows_for_0.01": rows},
        )


def sampling_error(
    problem: Problem, part: LinearPart, estimate: MomentEstimate, *, rng: np.random.Generator
) -> SamplingError:
    """Estimate the error of a moment estimate by the grouped jackknife, in two passes.

    A row and its mirror image belong to the same group, because their errors are not independent.
    Where inputs are repeated many times, the errors are those of independent rows, and rows are
    assigned to groups in turn.

    Parameters
    ----------
    problem : Problem
        The data.
    part : LinearPart
        The linear part.
    estimate : MomentEstimate
        The estimate from all rows.
    rng : numpy.random.Generator
        Source of randomness.
    """
    k = len(estimate.W)
    P, R = part.outputs[:, :k], part.inputs[:, :k]
    repeated = distinct_rows(problem.source) < THRESHOLDS.repeated * problem.n_rows
    sums = problem.source.reduce(
        _grouped_sums, problem.whitening.transform, problem.whiten_outputs, P, R, repeated
    )
    return error_of_groups(problem, part, estimate, sums, rng=rng)


def error_of_groups(
    problem: Problem,
    part: LinearPart,
    estimate: MomentEstimate,
    sums: Mapping[str, Array],
    *,
    rng: np.random.Generator,
) -> SamplingError:
    """Estimate the error as :func:`sampling_error` does, without the data.

    Parameters
    ----------
    problem, part, estimate
        As there; no row of the problem is read.
    sums : mapping
        For each of g groups that are independent of one another, sums over its rows: ``total`` of
        the weights, (g,); ``moments`` as :func:`~pureneuron.spectral.estimate.moment_sums` makes
        them, in the directions of ``part``; ``xx`` and ``yx``, (g, r, r) and (g, m, r), of white
        inputs and scaled outputs.
    rng : numpy.random.Generator
        Source of randomness.
    """
    k = len(estimate.W)
    P, R = part.outputs[:, :k], part.inputs[:, :k]
    network = problem.network(estimate.W, estimate.A)
    # With few rows, or few of a weight above zero, groups are empty.
    filled = sums["total"] > 0.0
    n_groups = int(filled.sum())
    if n_groups < 2:
        return SamplingError(np.inf, np.inf, problem.n_effective, k)
    rest = {name: (parts.sum(axis=0) - parts)[filled] for name, parts in sums.items()}
    values = part.singular_values[:k]
    errors = []
    for moments, xx, yx, total in zip(
        rest["moments"], rest["xx"], rest["yx"], rest["total"], strict=True
    ):
        # The directions that x and y are reduced to have errors as well, to first order these:
        change = yx @ gram_inverse(xx) - part.matrix
        across_x, across_y = change.T @ P / values, change @ R / values
        without = estimate_from(
            moments / total,
            P + across_y - P @ (P.T @ across_y),
            R + across_x - R @ (R.T @ across_x),
            negative_slope=problem.activation.negative_slope,
            rng=rng,
            start=estimate.directions,
        )
        match = problem.network(without.W, without.A).match(network)
        errors.append((match.error_A, match.error_W))
    error_A, error_W = (n_groups - 1) / n_groups * np.sum(errors, axis=0)
    return SamplingError(float(error_A), float(error_W), problem.n_effective, k)


def _grouped_sums(
    batch: Batch,
    transform: AnyArray,
    whiten: AnyArray,
    P: AnyArray,
    R: AnyArray,
    repeated: bool,
) -> dict[str, Sum]:
    n_groups = THRESHOLDS.n_groups
    number = batch.offset + np.arange(batch.X.shape[0])
    group = (number if repeated else mirror_hash(batch.X)[0]) % n_groups
    X, Y, root = design(batch, constant_input=False)
    X, Y = X @ transform, Y @ whiten.T
    # Not every library gathers rows by number.
    X, Y, root, P, R = (to_numpy(M) for M in (X, Y, root, P, R))
    moments, totals, xx, yx = [], [], [], []
    for g in range(n_groups):
        rows = np.flatnonzero(group == g)
        extra = {} if batch.weight is None else {"root": root[rows]}
        part = Batch(X[rows], Y[rows], extra=extra)
        moments.append(moment_sums(part, P, R)["moments"].value)
        totals.append(float((root[rows] ** 2).sum()))
        xx.append(part.X.T @ part.X)
        yx.append(part.Y.T @ part.X)
    return {
        "moments": Sum(np.stack(moments)),
        "total": Sum(np.array(totals)),
        "xx": Sum(np.stack(xx)),
        "yx": Sum(np.stack(yx)),
    }
