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
    inputs : int or None
        d, where it is not ``size``.
    outputs : int or None
        m, likewise.
    law : str
        Of the inputs: "gaussian" or "exponential". Where it is given, teachers have hidden and
        output biases, all methods fit them, and the noise is relative to the clean outputs.
    """

    name: str
    size: int
    n: int
    noise: float
    kappa: float = 1.0
    peers: bool = True
    optional: bool = False
    inputs: int | None = None
    outputs: int | None = None
    law: str = ""

    def __str__(self) -> str:
        d, k, m = self.sizes
        sizes = f"k = d = m = {k}" if d == k == m else f"k = {k}, d = {d}, m = {m}"
        text = f"{sizes}, n = {self.n:,}, noise sd {self.noise:g}"
        if self.law:
            text += f" of the signal, biases, {self.law} inputs"
        return text + (f", κ(A) = κ(W) = {self.kappa:g}" if self.kappa != 1.0 else "")

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Inputs, neurons and outputs: d, k and m."""
        return self.inputs or self.size, self.size, self.outputs or self.size


CELLS = {
    cell.name: cell
    for cell in (
        Cell("10-biased", 10, 10_000, 0.1, law="gaussian"),
        Cell("32-biased", 32, 10_000, 0.1, law="gaussian"),
        Cell("64-biased", 64, 10_000, 0.1, law="gaussian"),
        Cell("10-exponential", 10, 10_000, 0.1, law="exponential"),
        Cell("32-exponential", 32, 10_000, 0.1, law="exponential"),
        Cell("64-exponential", 64, 10_000, 0.1, law="exponential"),
        Cell("10-biased-100k", 10, 100_000, 0.1, law="gaussian"),
        Cell("k5-m1", 5, 10_000, 0.1, inputs=10, outputs=1, law="gaussian"),
        Cell("k5-m1-quiet", 5, 10_000, 0.01, inputs=10, outputs=1, law="gaussian"),
        Cell("k10-m1", 10, 10_000, 0.1, outputs=1, law="gaussian"),
        Cell("k10-m1-quiet", 10, 10_000, 0.01, outputs=1, law="gaussian"),
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
    biases: bool = False

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Inputs, neurons and outputs: d, k and m."""
        return self.X.shape[1], self.n_neurons, self.Y.shape[1]


def make_problem(cell: Cell, seed: int) -> Problem:
    """Draw the problem ``seed`` of a cell: a random teacher and Gaussian noise."""
    rng = np.random.default_rng(seed)
    if cell.law:
        return _with_biases(cell, rng)
    k = cell.size
    teacher = make_teacher(k, k, k, condition_A=cell.kappa, condition_W=cell.kappa, rng=rng)
    X = symmetric_inputs(cell.n, k, rng=rng)
    Y = teacher.predict(X) + cell.noise * rng.standard_normal((cell.n, k))
    return Problem(X, Y, k, teacher)


def _with_biases(cell: Cell, rng: np.random.Generator) -> Problem:
    d, k, m = cell.sizes
    size = (cell.n, d)
    X = rng.exponential(size=size) if cell.law == "exponential" else rng.standard_normal(size)
    W = rng.standard_normal((k, d)) / np.sqrt(d)
    # Kinks among the inputs: other units would be always on, or always off.
    Z = X @ W.T
    b = 0.7 * Z.std(axis=0) * rng.standard_normal(k) - Z.mean(axis=0)
    A, c = rng.standard_normal((m, k)), rng.standard_normal(m)
    teacher = TwoLayerNetwork(A, W, b, c)
    Y = teacher.predict(X)
    noise = cell.noise * Y.std(axis=0) * rng.standard_normal(Y.shape)
    return Problem(X, Y + noise, k, teacher, biases=True)
