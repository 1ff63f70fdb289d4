"""Places to descend from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pureneuron.moments import Problem
from pureneuron.network import unit_rows
from pureneuron.typing import Array

__all__ = ["Start", "nothing", "random_start"]

# Standard deviation of a starting bias against the pre-activation's.
_BIAS_SPREAD = 0.5


def nothing() -> str:
    """Return the evidence of a start for which nothing speaks."""
    return ""


@dataclass(frozen=True)
class Start:
    """A place to descend from.

    Attributes
    ----------
    name : str
        For the report: "race", "moments", "given" or "random".
    W : (k, r) array
        White rows.
    A : (m, k) array or None
        Output weights that came with W; a start with them is trusted to be near a minimum.
    evidence : callable
        Says what speaks for the start besides its own descent, or nothing; it is asked only where
        that descent led to the best minimum, for finding out may take work.
    interrupted : bool
        Whether Ctrl-C ended the search for it.
    scale : float or None
        Scale of its steps, where the descent that led there knows it.
    """

    name: str
    W: Array
    A: Array | None = None
    evidence: Callable[[], str] = nothing
    interrupted: bool = False
    scale: float | None = None


def random_start(problem: Problem, n_neurons: int, *, rng: np.random.Generator) -> Array:
    """Draw white rows uniformly, in blocks of mutually orthogonal rows.

    Orthogonal in white coordinates means pre-activations that are uncorrelated over the inputs.
    Hidden biases are drawn apart, and smaller than the pre-activations: a unit that starts always
    on or always off would have little reason to change.
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
        rows += _BIAS_SPREAD * rng.standard_normal((n_neurons, 1)) * constant
    return unit_rows(rows)
