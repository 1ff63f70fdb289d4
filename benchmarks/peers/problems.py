"""The problems: sizes, noise and conditioning, drawn alike for every method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.typing import Array

__all__ = ["CELLS", "Cell", "Problem", "make_problem"]


@dataclass(frozen=True)
class Cell:
    """Problems that differ by seed alone.

    Attributes
    ----------
    name : str
        What ``--cells`` calls it.
    size : int
        Inputs, neurons and outputs: k = d = m.
    n : int
        Rows.
    noise : float
        Standard deviation of the noise on each output.
    kappa : float
        Condition number of A and of W.
    peers : bool
        Whether anybody but us is asked to fit it.
    optional : bool
        Whether it runs only when it is named.
    """

    name: str
    size: int
    n: int
    noise: float
    kappa: float = 1.0
    peers: bool = True
    optional: bool = False

    def __str__(self) -> str:
        return f"k = d = m = {self.size}, n = {self.n:,}, noise sd {self.noise:g}" + (
            f", κ(A) = κ(W) = {self.kappa:g}" if self.kappa != 1.0 else ""
        )


CELLS = {
    cell.name: cell
    for cell in (
        Cell("10", 10, 10_000, 0.5),
        Cell("32", 32, 10_000, 0.1),
        Cell("64", 64, 10_000, 0.1),
        Cell("10-k30", 10, 10_000, 0.01, 30.0),
        Cell("10-k100", 10, 10_000, 0.001, 100.0),
        Cell("128", 128, 20_000, 0.1),
        Cell("512", 512, 100_000, 0.1, peers=False, optional=True),
        # For trying the harness out.
        Cell("tiny", 4, 1_000, 0.1, optional=True),
    )
}


@dataclass(frozen=True)
class Problem:
    """Samples, the number of neurons to fit to them, and the network that made them."""

    X: Array
    Y: Array
    n_neurons: int
    teacher: TwoLayerNetwork

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Inputs, neurons and outputs: d, k and m."""
        return self.X.shape[1], self.n_neurons, self.Y.shape[1]


def make_problem(cell: Cell, seed: int) -> Problem:
    """Draw the problem ``seed`` of a cell: a random teacher, Gaussian inputs, Gaussian noise."""
    rng = np.random.default_rng(seed)
    k = cell.size
    teacher = make_teacher(k, k, k, condition_A=cell.kappa, condition_W=cell.kappa, rng=rng)
    X = symmetric_inputs(cell.n, k, rng=rng)
    Y = teacher.predict(X) + cell.noise * rng.standard_normal((cell.n, k))
    return Problem(X, Y, k, teacher)
