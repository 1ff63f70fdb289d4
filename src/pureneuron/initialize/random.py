"""Random starts: white rows, orthogonal in blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from pureneuron.initialize.candidate import Candidate
from pureneuron.initialize.orientation import oriented
from pureneuron.model import unit_rows
from pureneuron.monitor import Monitor, Teller
from pureneuron.optimize import Limits, Point, exchanged, minimize
from pureneuron.problem import Problem, n_unknowns
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
    equations : float
        Equations for each unknown on the rows that a start is fitted to first (success.py).
    fewest_rows : int
        Fewest of these rows, as far as there are so many.
    overdetermined : float
        Equations for each unknown of a fit with a linear part, at least (success.py).
    limits : Limits
        When that descent ends (success.py).
    """

    bias_spread: float = 0.5
    equations: float = 20.0
    fewest_rows: int = 500
    overdetermined: float = 1.5
    limits: Limits = Limits(max_iter=100, tol=1e-3)  # noqa: RUF009


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Random:
    """Propose random starts, one after the other.

    Where B cannot show all neurons (biases, or more neurons than inputs or outputs) local minima
    are popular: each start is fitted to some of the rows first, with a linear part
    (:mod:`.orientation`).

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
        return _RandomProposal.drawn(problem, n_neurons, rng, monitor, 1, self.n_starts)


@dataclass(frozen=True, eq=False)
class _RandomProposal:
    problem: Problem
    candidate: Candidate
    number: int
    n_starts: int
    rng: np.random.Generator
    monitor: Monitor

    @classmethod
    def drawn(
        cls,
        problem: Problem,
        n_neurons: int,
        rng: np.random.Generator,
        monitor: Monitor,
        number: int,
        n_starts: int,
    ) -> _RandomProposal | None:
        if number > n_starts:
            return None
        W = random_start(problem, n_neurons, rng=rng)
        candidate = Candidate(W, method="random", is_restart=True)
        if not problem.linear_part_shows(n_neurons) and _can_be_oriented(problem, n_neurons):
            rows = _some_rows(problem, n_neurons, rng=rng)
            tell = partial(monitor.observer, problem, start=number, n_starts=n_starts, guess=True)
            point = _oriented(rows, W, rng, tell("orienting"), tell("subsample"))
            candidate = replace(candidate, W=point.W, A=point.A)
        return cls(problem, candidate, number, n_starts, rng, monitor)

    def corroborated(self) -> _RandomProposal:
        """Return it as it is: nothing speaks for a random start."""
        return self

    def following(self) -> _RandomProposal | None:
        """Draw another, if there is one left."""
        return self.drawn(
            self.problem,
            len(self.candidate.W),
            self.rng,
            self.monitor,
            self.number + 1,
            self.n_starts,
        )


def _oriented(
    rows: Problem, W: Array, rng: np.random.Generator, first: Teller, second: Teller
) -> Point:
    """Descend on some rows with a linear part, then without; exchange neurons."""
    limits = THRESHOLDS.limits
    W, enough = oriented(rows, W, limits=limits, rng=rng, observer=first.progress)
    fit = minimize(rows, W, limits=limits, observer=second)
    if rows.fit_linear or fit.loss <= enough:
        return fit.point
    descend = partial(minimize, limits=limits, observer=second.progress)
    return exchanged(fit, descend, rng=rng).point


def _can_be_oriented(problem: Problem, n_neurons: int) -> bool:
    """Whether there are equations enough for a linear part as well."""
    unknowns = n_unknowns(problem, n_neurons) + problem.n_outputs * problem.n_inputs
    return problem.n_equations >= THRESHOLDS.overdetermined * unknowns


def _some_rows(problem: Problem, n_neurons: int, *, rng: np.random.Generator) -> Problem:
    """Return a part of the rows where there are rows to spare, in single precision."""
    wanted = THRESHOLDS.equations * n_unknowns(problem, n_neurons) / problem.n_outputs
    single = problem.in_single_precision
    if wanted > 0.5 * problem.n_rows:
        return single
    size = min(max(int(wanted), THRESHOLDS.fewest_rows), problem.n_rows)
    return single.subset(size, rng=rng)


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
