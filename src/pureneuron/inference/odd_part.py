"""Whether the odd part of the outputs is linear: the other assumption that moments rest on.

``σ(t) = (t + |t|) / 2``, and the same with a slope: what is odd in the output of a network without
biases is linear in x, whatever the network. Biases, or neurons of another kind, bend it.
"""

from __future__ import annotations

import array_api_compat
import numpy as np

from pureneuron.inference.scores import ScoreTest, largest_score
from pureneuron.linalg import tall_product
from pureneuron.model import unit_rows
from pureneuron.problem import Problem
from pureneuron.results import StageReport
from pureneuron.samples import Batch, Sum
from pureneuron.spectral import LinearPart
from pureneuron.typing import AnyArray, Array

__all__ = ["OddPartTest", "odd_part_test"]

# E|t| of a standard normal t: what is linear in sign(t).
_LINEAR_SHARE = float(np.sqrt(2.0 / np.pi))


class OddPartTest(ScoreTest):
    """Outcome of :func:`odd_part_test`.

    The statistic is the largest standardised covariance of an output with an odd function of the
    inputs, what is linear taken off.
    """

    def describe(self) -> StageReport:
        """Report whether the odd part of the outputs is linear in the inputs."""
        return self.report(
            "odd part",
            "not linear: there are biases, or other neurons than rectifiers, and the moment "
            "estimate is off",
            "linear, as far as can be told",
        )


def odd_part_test(problem: Problem, part: LinearPart, W: Array) -> OddPartTest:
    """Test the residual of the linear regression against odd functions, in one pass.

    Those are the signs of the neurons' own directions, for there it bends if it does. The residual
    has no covariance with x, so that any multiple of the direction may be taken off: the share that
    leaves least for Gaussian inputs. Each covariance is divided by its own root sum of squares.

    Parameters
    ----------
    problem : Problem
        The data, inputs symmetric.
    part : LinearPart
        The regression.
    W : (k, r) array
        Neurons that have been estimated, in white coordinates.
    """
    sums = problem.samples.reduce(_odd_part_sums, part.matrix, unit_rows(W))
    return OddPartTest(*largest_score(sums["values"], sums["squares"]))


def _odd_part_sums(batch: Batch, regression: AnyArray, directions: AnyArray) -> dict[str, Sum]:
    xp = array_api_compat.array_namespace(batch.X)
    root = batch.extra.get("root", 1.0)
    E, T = batch.Y - batch.X @ regression.T, batch.X @ directions.T
    phi = xp.sign(T) * root - _LINEAR_SHARE * T
    return {"values": Sum(tall_product(phi, E)), "squares": Sum(tall_product(phi * phi, E * E))}
