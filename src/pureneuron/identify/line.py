"""Where a function bends along a line.

Along a line a network is linear between kinks. Two neighbouring pieces that are known meet at the
kink between them, if there is just one: so a kink is found by intersecting pieces, to rounding. Two
questions, a little before the meeting and a little behind, confirm it: the first is on the left
piece, the second on the right one. A question at the meeting itself would not do: with several
kinks, the meeting may lie on one of the two pieces and still be none. If they do not confirm it,
what is between is looked for (:mod:`.gaps`). All gaps go on at once, so that the box is asked in
few batches.

With three outputs and more, two pieces that are no neighbours do not meet, unless the kinks between
them bend outputs in the same ratio: they are lines in more than a plane. There the meeting confirms
itself, where no other kink on the line has that ratio.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from pureneuron.identify.gaps import (
    Node,
    Values,
    first_pieces,
    looked_at,
    meeting,
    met,
    nearest_told,
)
from pureneuron.identify.kinks import Kinks
from pureneuron.identify.line_fit import fitted
from pureneuron.identify.piece import Piece
from pureneuron.typing import Array

__all__ = ["Discontinuous", "Tangled", "trace"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    narrowest : float
        Gap, relative to its place, in which no more pieces are looked for: what is left is a jump
        (rounding).
    resolved : float
        The same, in units of the rounding.
    jump : float
        Times what slopes and rounding explain that a change in so narrow a gap must be for a jump
        (make bench-identify).
    most_rounds : int
        Halvings of a gap before a line is given up as tangled (make bench-identify).
    patient_rounds, many_gaps, narrowest_gaps : int
        Rounds after which more gaps than many are too many, and as many of the narrowest go on
        alone (make bench-identify).
    """

    narrowest: float = 1e-9
    resolved: float = 1e3
    jump: float = 100.0
    most_rounds: int = 60
    patient_rounds: int = 10
    many_gaps: int = 300
    narrowest_gaps: int = 4


THRESHOLDS = Thresholds()


class Discontinuous(Exception):
    """The function jumps."""


class Tangled(Exception):
    """The function has no linear pieces, or too many."""


def trace(
    values: Values,
    nodes: Array,
    *,
    step: float,
    rng: np.random.Generator,
    blur: float = 0.0,
    rounding: float = 0.0,
    is_coarse: bool = False,
    most: int = 10_000,
) -> Kinks:
    """Find all kinks between the first and the last of ``nodes``.

    Parameters
    ----------
    values : callable
        The function along the line.
    nodes : (p,) array
        Places where to begin, in order; at least two.
    step : float
        Distance of the two questions of a piece, relative to ``sqrt(1 + t²)``: large against what
        rounding hides, small against the distance of kinks.
    rng : numpy.random.Generator
        Draws places, so that nothing depends on a coincidence.
    blur : float
        How exact the function is known, apart from rounding, at places up to 1.
    rounding : float
        Of the values, relative to their size: no two places closer than it are told apart.
    is_coarse : bool
        Whether that is so much that pieces may seem to meet.
    most : int
        Kinks beyond which the line is given up.

    Raises
    ------
    Discontinuous, Tangled
        If there is no such function.
    """
    answers = _Answers(values)
    row = [Node(piece) for piece in first_pieces(answers, nodes, step, blur)]
    narrowest = max(THRESHOLDS.narrowest, THRESHOLDS.resolved * rounding)
    for number in range(THRESHOLDS.most_rounds):
        row = _closed(_merged(row), narrowest)
        if not is_coarse:
            row = met(row)
        gaps = [i for i in range(len(row) - 1) if not row[i].closed]
        if not gaps:
            pieces = [node.piece for node in row]
            single = _single(answers, pieces, narrowest, is_coarse, rng)
            if None not in single:
                kinks = Kinks(np.array(single, dtype=np.float64), pieces)
                # Pieces that have been followed up to their kinks are known well by themselves.
                if blur == 0.0 and any(node.by_itself for node in row):
                    return fitted(kinks, *answers.all())
                return kinks
            # Several kinks where there seemed to be one: they are looked for between the pieces.
            for i, place in enumerate(single):
                if place is None:
                    row[i] = Node(row[i].piece, elsewhere=True)
            continue
        if len(row) > most:
            raise Tangled
        if number >= THRESHOLDS.patient_rounds and len(gaps) > THRESHOLDS.many_gaps:
            # Too many by now: a look at the narrowest tells whether they are jumps.
            widths = [row[i + 1].piece.first - row[i].piece.last for i in gaps]
            gaps = sorted(gaps[i] for i in np.argsort(widths)[: THRESHOLDS.narrowest_gaps])
        row = looked_at(answers, row, gaps, step, rounding, is_coarse, rng)
    raise Tangled


class _Answers:
    """A function that remembers what it was asked."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._asked: list[tuple[Array, Array, Array]] = []

    def __call__(self, t: Array) -> tuple[Array, Array]:
        Y, exact = self._values(t)
        self._asked.append((t, Y, exact))
        return Y, exact

    def all(self) -> tuple[Array, Array, Array]:
        """Return all places (n,), values (n, m), and how exact they are, (n,)."""
        t, Y, exact = (np.concatenate(each) for each in zip(*self._asked, strict=True))
        return t, Y, exact


def _single(
    values: Values,
    pieces: list[Piece],
    narrowest: float,
    is_coarse: bool,
    rng: np.random.Generator,
) -> list[float | None]:
    """Return the kinks between pieces; None where there are several.

    By now the pieces are known well, and so is where they meet. Where rounding is coarse both have
    been followed up to it at the same time: two kinks close together show by the value a little
    beside that place.
    """
    pairs = list(itertools.pairwise(pieces))
    places = [meeting(left, right) for left, right in pairs]
    for i, (left, right) in enumerate(pairs):
        if _is_narrow(left, right, narrowest):
            # Where rounding is coarse a gap is closed by what is seen on either side of it.
            _refuse_jump(left, right)
            places[i] = 0.5 * (left.last + right.first)
    known = [i for i, place in enumerate(places) if place is not None]
    if not is_coarse or not known:
        return places
    beside = np.zeros(len(known))
    for number, i in enumerate(known):
        left, right, place = pieces[i], pieces[i + 1], places[i]
        assert place is not None
        nearest = nearest_told(left, right, place)
        beside[number] = place + rng.choice([-1.0, 1.0]) * nearest
    Y, exact = values(beside)
    for i, t, y, e in zip(known, beside, Y, exact, strict=True):
        piece = pieces[i] if t < (places[i] or 0.0) else pieces[i + 1]
        if np.abs(y - piece.at(t)).max() > piece.error(t) + e:
            places[i] = None
    return places


def _merged(row: list[Node]) -> list[Node]:
    """Join neighbouring pieces that are on one line."""
    joined = [row[0]]
    for node in row[1:]:
        left = joined[-1]
        if not left.closed and _same(left.piece, node.piece):
            joined[-1] = replace(node, piece=left.piece.joined(node.piece))
        else:
            joined.append(node)
    return joined


def _same(left: Piece, right: Piece) -> bool:
    return (
        left.passes(right.first, right.y_first, right.exact_first)
        and left.passes(right.last, right.y_last, right.exact_last)
        and right.passes(left.first, left.y_first, left.exact_first)
        and right.passes(left.last, left.y_last, left.exact_last)
    )


def _closed(row: list[Node], narrowest: float) -> list[Node]:
    """Close gaps in which nothing can be seen any more: a kink, unless the function jumps there."""
    closed = list(row)
    for i, (node, after) in enumerate(itertools.pairwise(row)):
        left, right = node.piece, after.piece
        if node.closed or not _is_narrow(left, right, narrowest):
            continue
        _refuse_jump(left, right)
        closed[i] = replace(node, closed=True)
    return closed


def _refuse_jump(left: Piece, right: Piece) -> None:
    """Raise :class:`Discontinuous` if the function jumps in a gap in which nothing can be seen."""
    middle = 0.5 * (left.last + right.first)
    width = abs(right.first - left.last)  # Pieces that are known may overlap.
    steep = np.abs(left.slope).max() + np.abs(right.slope).max()
    jump = float(np.abs(right.at(middle) - left.at(middle)).max())
    if jump > THRESHOLDS.jump * (steep * width + left.error(middle) + right.error(middle)):
        raise Discontinuous


def _is_narrow(left: Piece, right: Piece, narrowest: float) -> bool:
    """Whether nothing can be seen any more between two pieces."""
    middle = 0.5 * (left.last + right.first)
    return bool(right.first - left.last <= narrowest * np.hypot(1.0, middle))
