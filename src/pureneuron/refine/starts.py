"""Which starts are descended from, and when to stop starting.

One descent proves nothing: it may have ended in a local minimum. The policy:

- a moment estimate, where there is one, goes first; if the descent from it ends with every neuron
  near where the moments put it, two independent methods agree, and that is enough;
- random starts follow until the best minimum so far has been reached twice, from starts that know
  nothing of each other, and at least three descents have been made;
- neither counts while the residual still shows the inputs or a unit lies idle, unless twice as many
  starts have been made: then the fault lies with the model, not with the search;
- a residual that is zero up to rounding, with clearly more equations than unknowns, is the global
  minimum and ends the search at once;
- the smallest residual wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pureneuron.moments import Problem, n_unknowns
from pureneuron.network import unit_rows
from pureneuron.progress import Progress, ProgressCallback
from pureneuron.refine.comparison import displacement
from pureneuron.refine.descent import Descent, descend
from pureneuron.typing import Array

__all__ = ["Refinement", "Start", "random_start", "refine"]

# Two descents found the same minimum if no neuron moved by more than this share of the way to its
# nearest neighbour; a moment estimate, which carries sampling error, is confirmed by half the way.
_SAME = 0.1
_CONFIRMED = 0.5
# Standard deviation of a starting bias against the pre-activation's.
_BIAS_SPREAD = 0.5
_FEWEST_STARTS, _FEWEST_DOUBTED_STARTS = 3, 6


@dataclass(frozen=True)
class Start:
    """A place to descend from.

    Attributes
    ----------
    name : str
        For the report: "moments", "given" or "random".
    W : (k, r) array
        White rows.
    A : (m, k) array or None
        Output weights that came with W; a start with them can be confirmed by its own descent.
    """

    name: str
    W: Array
    A: Array | None = None


@dataclass(frozen=True)
class Refinement:
    """The best of all descents.

    Attributes
    ----------
    best : Descent
        The winner.
    winner : str
        Name of the start it came from.
    agreement : str
        Why the winner is taken for the global minimum; empty if nothing confirms it.
    losses : tuple of float
        Final loss of every descent, in order.
    interrupted : bool
        Whether Ctrl-C ended the search.
    """

    best: Descent
    winner: str
    agreement: str
    losses: tuple[float, ...]
    interrupted: bool


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


def refine(
    problem: Problem,
    n_neurons: int,
    *,
    first: Sequence[Start] = (),
    n_restarts: int,
    max_iter: int,
    tol: float,
    rng: np.random.Generator,
    plausible: Callable[[Descent], bool] = lambda descent: True,
    callback: ProgressCallback | None = None,
) -> Refinement:
    """Descend from the ``first`` starts, then from random ones, until the best is confirmed.

    Parameters
    ----------
    problem : Problem
        The data.
    n_neurons : int
        k.
    first : sequence of Start
        Starts that come before the random ones.
    n_restarts : int
        Most random starts.
    max_iter, tol
        As for :func:`pureneuron.refine.descent.descend`.
    rng : numpy.random.Generator
        Draws the random starts.
    plausible : callable, optional
        Whether a descent may have found the truth; asked of every new best one.
    callback : callable, optional
        Told of every iteration.
    """
    overdetermined = problem.n_equations >= 1.2 * n_unknowns(problem, n_neurons)
    n_most = max(len(first) + n_restarts, 1)
    descents: list[Descent] = []
    best: Descent | None = None
    winner, proof, found_twice, interrupted = "", "", False, False
    enough = _FEWEST_STARTS
    while len(descents) < n_most and not (
        proof or interrupted or (found_twice and len(descents) >= enough)
    ):
        i = len(descents)
        start = (
            first[i]
            if i < len(first)
            else Start("random", random_start(problem, n_neurons, rng=rng))
        )
        try:
            descent = descend(
                problem,
                start.W,
                max_iter=max_iter,
                tol=tol,
                damping=1e-2 if start.A is None else 1e-4,
                callback=_reporter(callback, i + 1, n_most, best),
            )
        except KeyboardInterrupt:
            if best is None:
                raise
            interrupted = True
            break
        descents.append(descent)
        interrupted = descent.interrupted
        same = best is not None and _displacement(descent, best) <= _SAME
        if best is None or descent.loss < best.loss:
            best, winner, found_twice = descent, start.name, same
            doubted = not (descent.exact or plausible(descent))
            enough = _FEWEST_DOUBTED_STARTS if doubted else _FEWEST_STARTS
            if descent.exact and overdetermined:
                proof = "the residual is zero up to rounding"
            elif start.name == "moments" and not doubted and _confirms(start, descent):
                proof = "the moment estimate puts every neuron where the descent does"
        found_twice = found_twice or same
    assert best is not None
    return Refinement(
        best=best,
        winner=winner,
        agreement=proof or ("two starts end in the same minimum" if found_twice else ""),
        losses=tuple(descent.loss for descent in descents),
        interrupted=interrupted,
    )


def _confirms(start: Start, descent: Descent) -> bool:
    if start.A is None:
        return False
    k = len(start.W)
    point = descent.point
    return displacement(unit_rows(start.W), start.A[:, :k], point.W, point.A[:, :k]) <= _CONFIRMED


def _displacement(one: Descent, other: Descent) -> float:
    k = len(one.point.W)
    return displacement(one.point.W, one.point.A[:, :k], other.point.W, other.point.A[:, :k])


def _reporter(
    callback: ProgressCallback | None, start: int, n_starts: int, best: Descent | None
) -> ProgressReporter | None:
    if callback is None:
        return None
    return ProgressReporter(callback, start, n_starts, None if best is None else best.loss)


@dataclass(frozen=True)
class ProgressReporter:
    """Adds the start to what a descent reports of its iterations."""

    callback: ProgressCallback
    start: int
    n_starts: int
    best_loss: float | None

    def __call__(self, iteration: int, loss: float) -> None:
        """Pass one iteration on."""
        self.callback(
            Progress("refining", self.start, self.n_starts, iteration, loss, self.best_loss)
        )
