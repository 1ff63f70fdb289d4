"""From the kinks of a line to the neurons: gradients beside the line.

Along a line of direction u neuron i shows as a kink at t_i, where the slope jumps by a_i: with
``w_i · u = 1`` the neuron is ``a_i σ(w_i · (z − z_0) − t_i)``, up to a linear function. What is
left of w_i is across the line. The derivative along a direction q across it is, on a piece,

    D q = G q + Σ_{i: t_i < t} a_i (w_i · q),

with the same G on all pieces. So the derivatives on two pieces differ by those of the kinks between
them: one question for each q and each group of neurons whose a_i are independent. With one output a
group is one neuron, and this asks (k + 1)(d − 1) questions for k(d + 1) + d + 1 unknowns.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pureneuron.identify.line import Kinks, Piece
from pureneuron.identify.reading import Reading
from pureneuron.identify.region import Region
from pureneuron.typing import Array, BoolArray, IndexArray

__all__ = ["Line", "read_units"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    ill_conditioned : float
        Condition number of the a_i of a group, columns of unit length, beyond which it is divided
        (make bench-identify).
    margin : float
        Share of the way to a hyperplane that must be left after a step (make bench-identify).
    shorter : float
        Factor of a step that was too long (make bench-identify).
    most_tries : int
        Times that a step is made shorter.
    cautious : float
        Errors of neurons, as a share of what they would be if all answers were off by as much as
        is allowed for, and all in the worst direction (make bench-identify).
    far_out : float
        Times the rounding at its ends that a piece is off before its value is asked for.
    blurred : float
        Errors of gradients, in units of those of the function (make bench-identify).
    """

    ill_conditioned: float = 100.0
    margin: float = 0.02
    shorter: float = 0.2
    most_tries: int = 8
    cautious: float = 0.1
    blurred: float = 3.0
    far_out: float = 4.0


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Line:
    """The points ``origin + t direction``, direction of unit length."""

    origin: Array
    direction: Array

    def points(self, t: Array) -> Array:
        """Return the points at places (n,), (n, d)."""
        return self.origin + np.outer(t, self.direction)

    def reversed(self) -> Line:
        """Return the same line in the other direction."""
        return Line(self.origin, -self.direction)

    def across(self) -> Array:
        """Return an orthonormal basis of the directions across the line, (d, d − 1).

        The last columns of the reflection that takes the first axis to the line.
        """
        v = self.direction.copy()
        v[0] += np.copysign(1.0, v[0])
        return np.asarray(np.eye(len(v))[:, 1:] - np.outer(v, v[1:]) / (0.5 * (v @ v)))


def read_units(
    values: Callable[[Array], tuple[Array, Array]],
    line: Line,
    kinks: Kinks,
    *,
    share: float,
    blur: float,
    base_is_zero: bool,
    region: Region | None = None,
) -> Reading:
    """Ask for the derivatives across the line, and solve for the neurons.

    Parameters
    ----------
    values : callable
        Maps points (n, d) to values (n, m) and how exact they are, (n,).
    line, kinks
        The line and its kinks.
    share : float
        Length of a step, relative to the distance of the nearest kink on the line.
    blur : float
        How exact the function is known, apart from rounding.
    base_is_zero : bool
        Whether the function is known to be zero left of all kinks.
    region : Region, optional
        Where questions may be.

    Returns
    -------
    Reading
        The neurons, on to the right of their kinks, and what the function is to the left of all.
    """
    A, Q = kinks.jumps.T, line.across()
    ends = _groups(A, kinks)
    t = np.array([_middle(kinks, end) for end in ends])
    room = np.abs(t[:, None] - kinks.places).min(axis=1, initial=1.0 + np.abs(t).max())
    base = line.points(t)
    Y, exact = _base(values, base, t, [kinks.pieces[end] for end in ends])
    # A neuron whose hyperplane runs beside the line has no kink on it: no step goes far.
    share = share if len(kinks.places) else 1.0
    steps = np.repeat(share * np.minimum(room, 1.0)[:, None], Q.shape[1], axis=1)
    steps = _within(region, base, Q, steps)
    D = np.zeros((len(ends), A.shape[0], Q.shape[1]))
    wanted = np.ones(steps.shape, dtype=np.bool_)
    if base_is_zero:
        wanted[0] = False
    for _ in range(THRESHOLDS.most_tries):
        _derivatives(values, base, Y, Q, steps, wanted, D)
        across = _solve(A, ends, D)
        allowed = exact[:, None] / np.abs(steps) + blur
        wanted = _crossing(kinks.places, t, across, steps)
        wanted |= _inconsistent(A, ends, D, across, allowed)
        if base_is_zero:
            wanted[0] = False
        if not wanted.any():
            break
        steps = np.where(wanted, THRESHOLDS.shorter * steps, steps)
    W = line.direction + across @ Q.T
    b = -kinks.places - W @ line.origin
    L, c = np.zeros((len(A), len(line.origin))), np.zeros(len(A))
    if not base_is_zero:
        slope = kinks.pieces[0].slope
        L = np.outer(slope, line.direction) + D[0] @ Q.T
        c = Y[0] - t[0] * slope - L @ line.origin
    return Reading(W, b, A, L, c, _errors(A, ends, W, steps, exact, blur))


def _within(region: Region | None, base: Array, Q: Array, steps: Array) -> Array:
    """Return the steps, turned round or made shorter where they would lead out of the bounds."""
    if region is None or not region.is_bounded:
        return steps
    steps = steps.copy()
    for point, row in zip(base, steps, strict=True):
        while not (inside := region.contains(point + row[:, None] * Q.T)).all():
            back = region.contains(point - row[:, None] * Q.T)
            row[~inside] *= np.where(back, -1.0, 0.5)[~inside]
    return steps


def _base(
    values: Callable[[Array], tuple[Array, Array]], base: Array, t: Array, pieces: list[Piece]
) -> tuple[Array, Array]:
    """Return values (g, m) at the places ``t`` of pieces, and how exact they are, (g,).

    They follow from the pieces; where a piece is known by places far out, there is a question.
    """
    Y = np.array([piece.at(place) for piece, place in zip(pieces, t, strict=True)])
    exact = np.array([min(piece.exact_first, piece.exact_last) for piece in pieces])
    error = np.array([piece.error(place) for piece, place in zip(pieces, t, strict=True)])
    far = error > THRESHOLDS.far_out * exact
    if far.any():
        Y[far], exact[far] = values(base[far])
    return Y, exact


def _groups(A: Array, kinks: Kinks) -> IndexArray:
    """Return the pieces to ask at: numbers of kinks to their left, from 0 to all.

    Each next one is as far as the a_i between stay well conditioned, and of the last few the
    widest piece.
    """
    K = A.shape[1]
    unit = A / np.linalg.norm(A, axis=0)
    width = np.array([piece.last - piece.first for piece in kinks.pieces])
    width = width / np.hypot(1.0, [0.5 * (piece.last + piece.first) for piece in kinks.pieces])
    # With an output to spare an answer that does not fit betrays itself.
    s = np.linalg.svd(unit, compute_uv=False) if K else np.zeros(1)
    rank = int(np.sum(s > s[0] / THRESHOLDS.ill_conditioned))
    spared = rank > 2 and not (rank == K and K < len(A) - 1)
    largest = rank - 1 if spared else rank
    ends = [0]
    while ends[-1] < K:
        begin = ends[-1]
        most = begin + 1
        while most < min(begin + largest, K):
            s = np.linalg.svd(unit[:, begin : most + 1], compute_uv=False)
            if s[0] > THRESHOLDS.ill_conditioned * s[-1]:
                break
            most += 1
        if most < K:
            least = max(begin + 1, most - (most - begin) // 4)
            most = least + int(np.argmax(width[least : most + 1]))
        ends.append(most)
    return np.array(ends)


def _middle(kinks: Kinks, end: int) -> float:
    """Return a place on the piece that has ``end`` kinks to its left, far from either."""
    piece, places = kinks.pieces[end], kinks.places
    if not len(places):
        return float(0.5 * (piece.first + piece.last))
    if 0 < end < len(places):
        return float(0.5 * (places[end - 1] + places[end]))
    if end == 0:
        return float(max(piece.first, places[0] - max(1.0, 0.5 * abs(places[0]))))
    return float(min(piece.last, places[-1] + max(1.0, 0.5 * abs(places[-1]))))


def _derivatives(
    values: Callable[[Array], tuple[Array, Array]],
    base: Array,
    Y: Array,
    Q: Array,
    steps: Array,
    wanted: BoolArray,
    D: Array,
) -> None:
    """Ask for the derivatives that are wanted, and put them into D (pieces, m, d − 1)."""
    for g in np.flatnonzero(wanted.any(axis=1)):
        columns = np.flatnonzero(wanted[g])
        step = steps[g, columns]
        answers, _ = values(base[g] + step[:, None] * Q[:, columns].T)
        D[g][:, columns] = ((answers - Y[g]) / step[:, None]).T


def _solve(A: Array, ends: IndexArray, D: Array) -> Array:
    """Return what is across the line of each row of W, (k, d − 1)."""
    across = [
        np.linalg.lstsq(A[:, low:high], after - before, rcond=None)[0]
        for low, high, before, after in zip(ends[:-1], ends[1:], D[:-1], D[1:], strict=True)
    ]
    return np.concatenate(across) if across else np.zeros((0, D.shape[2]))


def _crossing(places: Array, t: Array, across: Array, steps: Array) -> BoolArray:
    """Tell which steps may have crossed a hyperplane, (pieces, d − 1).

    Such a step is wrong, and so are the neurons that it says something of. Either the neuron whose
    hyperplane it crossed is right, and says so. Or it is the one that is wrong: then it is just so
    wrong that its hyperplane goes through the end of the step.
    """
    distance = t[:, None] - places
    crossing = np.zeros(steps.shape, dtype=np.bool_)
    for g in range(len(t)):
        left = 1.0 + steps[g] * across / distance[g][:, None]
        crossing[g] = (left < THRESHOLDS.margin).any(axis=0)
    return crossing


def _inconsistent(A: Array, ends: IndexArray, D: Array, across: Array, allowed: Array) -> BoolArray:
    """Tell which derivatives do not differ by those of the neurons between, (pieces, d − 1).

    With an output to spare that shows a step that has crossed the hyperplane of a neuron without a
    kink on this line.
    """
    wrong = np.zeros(allowed.shape, dtype=np.bool_)
    for g, (low, high) in enumerate(itertools.pairwise(ends)):
        left = np.abs(D[g + 1] - D[g] - A[:, low:high] @ across[low:high]).max(axis=0)
        off = left > 2.0 * (allowed[g] + allowed[g + 1])
        wrong[g] |= off
        wrong[g + 1] |= off
    return wrong


def _errors(A: Array, ends: IndexArray, W: Array, steps: Array, exact: Array, blur: float) -> Array:
    """Return about how far off each row of W is, relative to its length."""
    errors = []
    typical = THRESHOLDS.cautious * exact * np.linalg.norm(1.0 / steps, axis=1)
    typical = typical + THRESHOLDS.blurred * blur
    for g, (low, high) in enumerate(itertools.pairwise(ends)):
        group = A[:, low:high]
        least = np.linalg.svd(group / np.linalg.norm(group, axis=0), compute_uv=False)[-1]
        size = np.linalg.norm(group, axis=0) * np.linalg.norm(W[low:high], axis=1)
        errors.append((typical[g] + typical[g + 1]) / (least * size))
    return np.concatenate(errors) if errors else np.zeros(0)
