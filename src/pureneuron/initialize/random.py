"""Random starts: white rows, orthogonal in blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.initialize.candidate import Candidate
from pureneuron.model import unit_rows
from pureneuron.monitor import Monitor
from pureneuron.problem import Problem
from pureneuron.typing import Array

__all__ = ["Random", "random_start"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    bias_spread : float
        Standard deviation of a starting bias against the pre-activation's (no benchmark of its
        own; FINDINGS 8).
    """

    bias_spread: float = 0.5


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Random:
    """Propose random starts, one after the other.

    Attributes
    ----------
    n_starts : int
        How many.
    """

    n_starts: int

    def first(
        self, problem: Problem, n_neurons: int, *, rng: np.random.Generator, monitor: Monitor
    ) -> _RandomProposal | None:
        """Draw the first, if there is to be one."""
        return _RandomProposal.drawn(problem, n_neurons, rng, self.n_starts)


@dataclass(frozen=True, eq=False)
class _RandomProposal:
    problem: Problem
    candidate: Candidate
    n_left: int
    rng: np.random.Generator

    @classmethod
    def drawn(
        cls, problem: Problem, n_neurons: int, rng: np.random.Generator, n_left: int
    ) -> _RandomProposal | None:
        if n_left < 1:
            return None
        W = random_start(problem, n_neurons, rng=rng)
        candidate = Candidate(W, method="random", is_restart=True)
        return cls(problem, candidate, n_left - 1, rng)

    def corroborated(self) -> _RandomProposal:
        """Return it as it is: nothing speaks for a random start."""
        return self

    def following(self) -> _RandomProposal | None:
        """Draw another, if there is one left."""
        return self.drawn(self.problem, len(self.candidate.W), self.rng, self.n_left)


def random_start(problem: Problem, n_neurons: int, *, rng: np.random.Generator) -> Array:
    """Draw white rows uniformly, in blocks of mutually orthogonal rows.

    Orthogonal in white coordinates means pre-activations that are uncorrelated over the inputs.
    Hidden biases are drawn apart, and smaller than the pre-activations: a unit that starts always
    on or always off would have little reason to change.

    Returns
    -------
    (k, r) array
        Rows of unit length.
    """
    basis = np.eye(problem.n_inputs)
    if problem.fit_hidden_bias:
        constant = unit_rows(problem.constant_input[None])
        basis = np.linalg.svd(constant)[2][1:]
    r = len(basis)
    blocks = []
    for first in range(0, n_neurons, r):
        size = min(r, n_neurons - first)
        Q, R = np.linalg.qr(rng.standard_normal((r, size)))
        blocks.append((Q * np.sign(np.diag(R))).T @ basis)
    rows = np.concatenate(blocks)
    if problem.fit_hidden_bias:
        rows += THRESHOLDS.bias_spread * rng.standard_normal((n_neurons, 1)) * constant
    return unit_rows(rows)
