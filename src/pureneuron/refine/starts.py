"""Which starts are descended from, and when to stop starting.

One descent proves nothing: it may have ended in a local minimum. The policy:

- random starts race on a random part of the rows, in single precision, where there are rows to
  spare; as soon as two of them lead to the same minimum, the winner alone goes on to all rows;
- a moment estimate, where there is one and the race is undecided, goes next;
- a start that rests on evidence of its own (two racers that agree, or the moments) is proved right
  if the descent from it on all rows leads to the best minimum, with every neuron near where it
  began;
- random starts on all rows follow until the best minimum so far has been reached twice, and at
  least three descents have been made; from the seventh on, each is repaired by swaps of neurons;
- a start that comes where the best one has been is not followed any further;
- on many rows each descent begins in single precision and ends in double;
- neither counts while the residual still shows the inputs or a unit lies idle, unless twice as many
  starts have been made: then the fault lies with the model, not with the search;
- a residual that is zero up to rounding, with clearly more equations than unknowns, is the global
  minimum and ends the search at once;
- the smallest residual wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import array_api_compat
import numpy as np

from pureneuron.moments import Problem, n_unknowns
from pureneuron.network import unit_rows
from pureneuron.progress import Progress, ProgressCallback
from pureneuron.refine.comparison import displacement
from pureneuron.refine.descent import EXACT, Descent, descend
from pureneuron.refine.profile import Point
from pureneuron.refine.repair import repair
from pureneuron.samples import Batch, Max
from pureneuron.typing import Array

__all__ = ["Refinement", "Start", "race", "random_start", "search"]

# Two descents found the same minimum if no neuron moved by more than this share of the way to its
# nearest neighbour; racers, which stop early, by more. A race or a moment estimate, which carry
# sampling error, are confirmed by half the way.
_SAME, _SAME_IN_RACE = 0.1, 0.25
_CONFIRMED = 0.5
# Standard deviation of a starting bias against the pre-activation's.
_BIAS_SPREAD = 0.5
_FEWEST_STARTS = 3
# Descents before swaps are tried: they are worth some thirty descents, and hardly ever needed.
_PATIENCE = 6
# Rows of the race: equations for each unknown, at first and where that decides nothing (there is
# much noise), the fewest rows, and the share of all rows beyond which racing on them saves nothing.
_RACE_EQUATIONS, _FEWEST_RACE_ROWS, _RACE_SHARE = (15, 60), 500, 1 / 3
# Largest squared length of a white row against the rows of the race: beyond it, one row makes up a
# tenth of the variance of a direction.
_RACE_LEVERAGE = 0.1
# Most racers on the same rows, and the loss that single precision takes for zero.
_RACERS, _SINGLE_FLOOR = 5, 1e-9
# Entries of X and Y from which a first descent in single precision saves more than it costs, and
# the gain at which it leaves the rest to double precision.
_SINGLE_ENTRIES, _SINGLE_TOL = 100_000, 3e-6
# A loss this close to the best one's is worth asking whether the descent has come there.
_NEAR = 1.2


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
    evidence : str
        What speaks for the start besides its own descent; empty if nothing does.
    interrupted : bool
        Whether Ctrl-C ended the search for it.
    """

    name: str
    W: Array
    A: Array | None = None
    evidence: str = ""
    interrupted: bool = False


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


def search(
    problem: Problem,
    n_neurons: int,
    *,
    first: Sequence[Start] = (),
    n_restarts: int,
    max_iter: int,
    tol: float,
    floor: float = EXACT,
    fewest: int = _FEWEST_STARTS,
    same: float = _SAME,
    rng: np.random.Generator,
    stage: str = "refining",
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
    max_iter, tol, floor
        As for :func:`pureneuron.refine.descent.descend`.
    fewest : int
        Descents before two that agree are believed.
    same : float
        The :func:`~pureneuron.refine.displacement` up to which two descents agree.
    rng : numpy.random.Generator
        Draws the random starts.
    stage : str
        What to call this in reports of progress.
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
    enough = fewest
    try:
        while len(descents) < n_most and not (
            proof or interrupted or (found_twice and len(descents) >= enough)
        ):
            i = len(descents)
            start = (
                first[i]
                if i < len(first)
                else Start("random", random_start(problem, n_neurons, rng=rng))
            )
            descent = _descend(
                problem,
                start,
                best,
                same=same,
                max_iter=max_iter,
                tol=tol,
                floor=floor,
                callback=_reporter(callback, stage, i + 1, n_most, best),
            )
            if i >= _PATIENCE and not descent.joined:
                descent = repair(
                    problem,
                    descent,
                    rng=rng,
                    max_iter=max_iter,
                    tol=tol,
                    floor=floor,
                    callback=_reporter(callback, "repairing", i + 1, n_most, best),
                )
            descents.append(descent)
            interrupted = descent.interrupted
            met = best is not None and (descent.joined or _apart(descent.point, best.point) <= same)
            if best is None or descent.loss < best.loss:
                best, winner, found_twice = descent, start.name, met
                exact = descent.exact or descent.loss <= floor
                doubted = not (exact or interrupted or plausible(descent))
                enough = 2 * fewest if doubted else fewest
                if exact and overdetermined:
                    proof = "the residual is zero up to rounding"
            elif met:
                found_twice = True
            leads_there = met or best is descent
            if start.evidence and leads_there and not (proof or doubted) and _confirms(start, best):
                proof = start.evidence
    except KeyboardInterrupt:
        if best is None:
            raise
        interrupted = True
    assert best is not None
    return Refinement(
        best=best,
        winner=winner,
        agreement=proof or ("two starts end in the same minimum" if found_twice else ""),
        losses=tuple(descent.loss for descent in descents),
        interrupted=interrupted,
    )


def _descend(
    problem: Problem,
    start: Start,
    best: Descent | None,
    *,
    same: float,
    max_iter: int,
    tol: float,
    floor: float,
    callback: Callable[[int, float], None] | None,
) -> Descent:
    """Descend from a start, at first in single precision; leave off where ``best`` has been.

    Single precision halves the time of a product and sees losses to about seven digits: enough to
    come within the last step or two of the minimum.
    """

    def joins(point: Point) -> bool:
        return (
            best is not None
            and best.loss <= point.loss <= _NEAR * best.loss
            and _apart(point, best.point) <= same
        )

    damping = 1e-2 if start.A is None else 1e-4
    W, A, rough = start.W, start.A, None
    entries = problem.samples.n_rows * (problem.n_inputs + problem.n_outputs)
    if entries >= _SINGLE_ENTRIES:
        rough = descend(
            problem.in_single_precision(),
            W,
            A,
            max_iter=max_iter,
            tol=max(tol, _SINGLE_TOL),
            damping=damping,
            floor=_SINGLE_FLOOR,
            joins=joins,
            callback=callback,
        )
        if rough.joined or rough.interrupted:
            return rough
        W, A, damping = rough.point.W, rough.point.A, 1e-4
        max_iter = max(max_iter - rough.n_iter, 1)
    fine = descend(
        problem,
        W,
        A,
        max_iter=max_iter,
        tol=tol,
        damping=damping,
        floor=floor,
        joins=joins,
        callback=callback,
    )
    return fine if rough is None else replace(fine, history=rough.history + fine.history[1:])


def race(
    problem: Problem,
    n_neurons: int,
    *,
    rng: np.random.Generator,
    callback: ProgressCallback | None = None,
) -> Start | None:
    """Race random starts on a random part of the rows; None if there are no rows to spare.

    The part is large enough that its minimum lies well within the valley of the whole; but where
    single rows carry a direction of their own (a pixel that is on in one image), no part stands
    for the whole, and there is no race. The start that comes back rests on evidence if two racers
    led to it.
    """
    per_output = n_unknowns(problem, n_neurons) / problem.n_outputs
    most = int(_RACE_SHARE * problem.samples.n_rows)
    sizes = [max(int(each * per_output), _FEWEST_RACE_ROWS) for each in _RACE_EQUATIONS]
    found = None
    for size in (size for size in sizes if size <= most):
        if found is None and _largest_leverage(problem) > _RACE_LEVERAGE * size:
            return None
        found = search(
            problem.subset(size, rng=rng).in_single_precision(),
            n_neurons,
            n_restarts=_RACERS,
            max_iter=100,
            tol=1e-3,
            floor=_SINGLE_FLOOR,
            fewest=2,
            same=_SAME_IN_RACE,
            rng=rng,
            stage="racing",
            callback=callback,
        )
        if found.agreement or found.interrupted:
            break
    if found is None:
        return None
    evidence = f"on {size} rows, {found.agreement}" if found.agreement else ""
    point = found.best.point
    return Start("race", point.W, point.A, evidence, interrupted=found.interrupted)


def _largest_leverage(problem: Problem) -> float:
    return float(problem.samples.reduce(_leverage)["largest"])


def _leverage(batch: Batch) -> dict[str, Max]:
    xp = array_api_compat.array_namespace(batch.X)
    return {"largest": Max(xp.max(xp.sum(batch.X * batch.X, axis=1)))}


def _confirms(start: Start, descent: Descent) -> bool:
    if start.A is None:
        return False
    k, point = len(start.W), descent.point
    moved = displacement(unit_rows(start.W), start.A[:, :k], point.W, point.A[:, :k])
    return moved <= _CONFIRMED


def _apart(one: Point, other: Point) -> float:
    k = len(one.W)
    return displacement(one.W, one.A[:, :k], other.W, other.A[:, :k])


def _reporter(
    callback: ProgressCallback | None, stage: str, start: int, n_starts: int, best: Descent | None
) -> ProgressReporter | None:
    if callback is None:
        return None
    return ProgressReporter(callback, stage, start, n_starts, None if best is None else best.loss)


@dataclass(frozen=True)
class ProgressReporter:
    """Adds the start to what a descent reports of its iterations."""

    callback: ProgressCallback
    stage: str
    start: int
    n_starts: int
    best_loss: float | None

    def __call__(self, iteration: int, loss: float) -> None:
        """Pass one iteration on."""
        self.callback(
            Progress(self.stage, self.start, self.n_starts, iteration, loss, self.best_loss)
        )
