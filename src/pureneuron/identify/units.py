"""From the kinks of a line to the neurons: gradients beside the line.

Along a line of direction u neuron i shows as a kink at t_i, where the slope jumps by a_i: with
``w_i · u = 1`` the neuron is ``a_i σ(w_i · (z − z_0) − t_i)``, up to a linear function. What is
left of w_i is across the line, and shows in the derivatives across it on some of the pieces
(:mod:`.stations`): one question for each direction and each group of neurons whose a_i are
independent. With one output a group is one neuron, and this asks (k + 1)(d − 1) questions for
k(d + 1) + d + 1 unknowns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pureneuron.identify.all_on import where_all_are_on
from pureneuron.identify.derivatives import Bases, Steps
from pureneuron.identify.kinks import Kinks
from pureneuron.identify.piece import Piece
from pureneuron.identify.reading import Reading
from pureneuron.identify.region import Region
from pureneuron.identify.stations import THRESHOLDS as APART
from pureneuron.identify.stations import Stations, condition
from pureneuron.typing import Array

__all__ = ["Line", "always_on_before", "read_units"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    cautious : float
        Errors of neurons, as a share of what they would be if all answers were off by as much as
        is allowed for, and all in the worst direction (make bench-identify).
    far_out : float
        Times the rounding at its ends that a piece is off before its value is asked for.
    same : float
        How far a linear part may be, relative to its size, from that of neurons that have been on
        everywhere, for it to be theirs (make bench-identify).
    blurred : float
        Errors of gradients, in units of those of the function (make bench-identify).
    as_expected : float
        Difference of a value to what the neurons on the line say of it, relative to what they add,
        at which there is no other neuron (make bench-identify).
    first_directions, more_directions : float
        Directions in which it is asked on the line, a neuron, before a point where all are on is
        looked for, and each time that there is none yet (make bench-identify).
    """

    cautious: float = 0.1
    blurred: float = 3.0
    as_expected: float = 1e-9
    first_directions: float = 0.25
    more_directions: float = 0.125
    far_out: float = 4.0
    same: float = 1e-6


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
    is_coarse: bool = False,
    region: Region | None = None,
    rng: np.random.Generator,
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
    is_coarse : bool
        Whether the box rounds coarsely.
    region : Region, optional
        Where questions may be.
    rng : numpy.random.Generator
        Draws stations to try.

    Returns
    -------
    Reading
        The neurons, on to the right of their kinks, and what the function is to the left of all;
        where nothing but a constant stands beside them, as they are.
    """
    A, Q = kinks.jumps.T, line.across()
    stations = Stations.along(kinks, base_is_zero=base_is_zero, is_coarse=is_coarse, rng=rng)
    t = np.array([_middle(kinks, end) for end in stations.ends])
    base = line.points(t)
    Y, exact = _base(values, base, t, [kinks.pieces[end] for end in stations.ends])
    # A neuron whose hyperplane runs beside the line has no kink on it: no step goes far.
    share = share if len(kinks.places) else 1.0
    length = share * np.minimum(_room(line, t, kinks.places, is_coarse), 1.0)
    asked = np.ones(len(t), dtype=np.bool_)
    asked[0] = not base_is_zero
    bases = Bases(stations, base, Y, exact, t[:, None] - kinks.places, length, asked)
    steps = Steps(values, blur, region)
    together = stations.together()
    if together is None:
        across, D, inexact = steps.derivatives(bases, Q)
        parts = [(stations, inexact)]
    else:
        across, parts = _together(steps, line, kinks, bases, together, Q, share)
    W = line.direction + across @ Q.T
    b = -kinks.places - W @ line.origin
    L, c = np.zeros((len(A), len(line.origin))), np.zeros(len(A))
    if stations.left is not None:
        sign = np.where(stations.left, -1.0, 1.0)
        W, b = W * sign[:, None], b * sign
        c = Y[0] - A @ np.maximum(W @ base[0] + b, 0.0)
    elif not base_is_zero:
        slope = kinks.pieces[0].slope
        L = np.outer(slope, line.direction) + D[0] @ Q.T
        c = Y[0] - t[0] * slope - L @ line.origin
    blurred = THRESHOLDS.blurred * blur
    errors = np.sqrt(
        sum(each.errors(W, THRESHOLDS.cautious * off + blurred) ** 2 for each, off in parts)
    )
    if not is_coarse:
        # A column of A is as inexact as the change of the slope is.
        errors = errors + THRESHOLDS.cautious * kinks.jump_errors / np.linalg.norm(A, axis=0)
    return Reading(W, b, A, L, c, errors)


def always_on_before(line: Line, kinks: Kinks, read: Reading) -> Reading | None:
    """Return the neurons of a line if they have been on wherever one has looked so far.

    There such a neuron is no neuron, but ``a_i w_i`` in the linear part of what has been read;
    beside it are those of neurons that were read the other way round. As the kinks tell a_i, the
    row follows.

    Parameters
    ----------
    line, kinks
        The line and its kinks. The function must be zero left of all of them.
    read : Reading
        What has been read.

    Returns
    -------
    Reading or None
        The neurons, the other way round: with the linear part, they go out. None if they do not
        follow.
    """
    J, d = kinks.jumps.T, len(line.origin)
    spare = len(J) - J.shape[1]
    if not read.L.any() or spare < 1 or condition(J) > APART.ill_conditioned:
        return None
    U = np.linalg.qr(J)[0]
    # Outputs that these neurons have no part in tell which of the others are in the linear part.
    A, L = (M - U @ (U.T @ M) for M in (read.A, read.L))
    products = (A.T @ A) * (read.W @ read.W.T)
    share = np.linalg.lstsq(products, np.sum((A.T @ L) * read.W, axis=1), rcond=None)[0]
    own = read.L - read.A @ (np.rint(share)[:, None] * read.W)
    W = -np.linalg.lstsq(J, own, rcond=None)[0]
    off = np.linalg.norm(own + J @ W) / np.linalg.norm(J @ W)
    # A row that is not that of its neuron has no reason to be one along the line.
    off = max(off, np.abs(W @ line.direction - 1.0).max())
    if off > THRESHOLDS.same:
        return None
    nothing = Reading.nothing(d, len(J))
    return nothing.with_units(W, -kinks.places - W @ line.origin, J, np.full(len(W), off))


def _together(
    steps: Steps,
    line: Line,
    kinks: Kinks,
    bases: Bases,
    together: Stations,
    Q: Array,
    share: float,
) -> tuple[Array, list[tuple[Stations, Array]]]:
    """Ask on the line in directions that show where all neurons are on, and in the others there.

    Returns
    -------
    across : (K, q) array
        w_i · q for the directions Q (d, q).
    parts : list of (stations, inexact)
        Stations that were asked at, and how far off derivatives there are.
    """
    (K, q), count, found = (len(kinks.places), Q.shape[1]), 0, None
    across, squares = np.zeros((K, q)), np.zeros(len(bases.points))
    left, reach = together.left, float(np.abs((bases.points - line.origin) @ line.direction).max())
    assert left is not None
    while found is None and count < q:
        wanted = THRESHOLDS.more_directions if count else THRESHOLDS.first_directions
        few = slice(count, min(q, count + max(1, int(wanted * K))))
        across[:, few], _, inexact = steps.derivatives(bases, Q[:, few])
        squares, count = squares + inexact**2, few.stop
        rows = np.column_stack([np.ones(K), across[:, :count]])
        frame = np.column_stack([line.direction, Q[:, :count]])
        found = where_all_are_on(
            rows, kinks.places, left, frame, line.origin, reach=reach, bound=steps.bound
        )
    if found is not None and count < q:
        point, room = found
        Y, exact = steps.values(point[None])
        distance = rows @ (frame.T @ (point - line.origin)) - kinks.places
        length, asked = np.array([share * room]), np.ones(1, dtype=np.bool_)
        base = Bases(together, point[None], Y, exact, distance[None], length, asked)
        # The value follows from gradients, and the function is blurred as they are.
        far = float(np.hypot(1.0, np.linalg.norm(point - line.origin)))
        if _as_expected(bases, base, THRESHOLDS.blurred * steps.blur * far):
            across[:, count:], _, inexact = steps.derivatives(base, Q[:, count:])
            return across, [(bases.stations, np.sqrt(squares)), (together, inexact)]
    across[:, count:], _, inexact = steps.derivatives(bases, Q[:, count:])
    return across, [(bases.stations, np.sqrt(squares + inexact**2))]


def _as_expected(bases: Bases, base: Bases, blur: float) -> bool:
    """Whether the value at a point follows from that on the line: no other neuron is on there.

    ``blur`` is how exact the function is known at the point.
    """
    left = bases.stations.left
    assert left is not None
    side = np.where(left, -1.0, 1.0)
    there, here = (np.maximum(side * each.distance[0], 0.0) for each in (base, bases))
    change = bases.stations.jumps * (there - here)
    off = np.abs(base.Y[0] - bases.Y[0] - change.sum(axis=1)).max()
    inexact = float(bases.stations.inexact @ np.abs(there - here))
    return bool(off <= THRESHOLDS.as_expected * np.abs(change).max() + inexact + blur)


def _room(line: Line, t: Array, places: Array, is_coarse: bool) -> Array:
    """Return how far it is from places (p,) across the line to the nearest hyperplane, about, (p,).

    That of a neuron whose kink is far out is nearly along the line, and closer than its kink. Where
    rounding is coarse that is worth a step that may be too long.
    """
    distance = np.abs(t[:, None] - places)
    if not is_coarse:
        distance = distance / np.hypot(1.0, places / max(1.0, float(np.linalg.norm(line.origin))))
    return np.asarray(distance.min(axis=1, initial=1.0 + np.abs(t).max()))


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
