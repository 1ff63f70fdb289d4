"""Whether the inputs look symmetric: the assumption that moments rest on."""

from __future__ import annotations

import array_api_compat

from pureneuron.inference.scores import ScoreTest, largest_score
from pureneuron.problem import Problem
from pureneuron.results import StageReport
from pureneuron.samples import Batch, Sum

__all__ = ["SymmetryTest", "symmetry_test"]


class SymmetryTest(ScoreTest):
    """Outcome of :func:`symmetry_test`: the largest standardised mean of an odd function."""

    def describe(self) -> StageReport:
        """Report whether the inputs look symmetric."""
        return self.report(
            "symmetry",
            "the inputs are asymmetric, and moments cannot be trusted",
            "no sign that the inputs are asymmetric",
        )


def symmetry_test(problem: Problem) -> SymmetryTest:
    """Test ``x ~ −x`` by odd functions whose means must vanish, in one pass.

    For each white coordinate: itself, which sees a shifted mean, and its sign, which sees skewness
    where the mean is zero. Each mean is divided by its own root mean square over the rows, which
    stays honest under heavy tails.
    """
    sums = problem.samples.reduce(_odd_sums)
    return SymmetryTest(*largest_score(sums["values"], sums["squares"]))


def _odd_sums(batch: Batch) -> dict[str, Sum]:
    xp = array_api_compat.array_namespace(batch.X)
    root = batch.extra["root"] if "root" in batch.extra else xp.ones_like(batch.X[:, :1])
    odd = xp.concat([batch.X, xp.sign(batch.X) * root], axis=1) * root
    return {"values": Sum(xp.sum(odd, axis=0)), "squares": Sum(xp.sum(odd * odd, axis=0))}
