"""Where a function bends along a line.

Along a line a network is linear between kinks. Two neighbouring pieces that are known meet at the
kink between them, if there is just one: so a kink is found by intersecting pieces, to rounding. Two
questions, a little before the meeting and a little behind, confirm it: the first is on the left
piece, the second on the right one. A question at the meeting itself would not do: with several
kinks, the meeting may lie on one of the two pieces and still be none. If they do not confirm it,
the two are a piece between, and both halves of the gap are looked at. All gaps go on at once, so
that the box is asked in few batches.

With several outputs two pieces that are no neighbours do not meet: they are lines in more than a
plane. There one of the two questions is enough, and it makes the shorter piece longer.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from pureneuron.identify.kinks import Kinks
from pureneuron.identify.piece import Piece
from pureneuron.typing import Array

__all__ = ["Discontinuous", "Tangled", "trace"]

Values: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""Maps positions (n,) to values (n, m) and how exact they are, (n,)."""


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    largest_step : float
        Distance of the two questions of a piece, at most this share of the gap (make
        bench-identify).
    narrowest : float
        Gap, relative to its place, in which no more pieces are looked for: what is left is a jump
        (rounding).
    resolved : float
        The same, in units of the rounding.
    readable : float
        Shortest distance of two questions that make a piece, in the same units.
    telling : int
        Outputs from which on a meeting tells by itself that there is one kink (make
        bench-identify).
    jump : float
        Times what slopes and rounding explain that a change in so narrow a gap must be for a jump
        (make bench-identify).
    most_rounds : int
        Halvings of a gap before a line is given up as tangled (make bench-identify).
    patient_rounds, many_gaps, narrowest_gaps : int
        Rounds after which more gaps than many are too many, and as many of the narrowest go on
        alone (make bench-identify).
    """

    largest_step: float = 0.02
    narrowest: float = 1e-9
    resolved: float = 1e3
    readable: float = 1e4
    telling: int = 3
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


@dataclass(frozen=True, eq=False)
class _Node:
    """A piece; whether the kink to its right is confirmed, or is not where it seemed to be."""

    piece: Piece
    closed: bool = False
    elsewhere: bool = False


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
    row = [_Node(piece) for piece in _read(values, nodes, _steps(nodes, step), blur)]
    narrowest = max(THRESHOLDS.narrowest, THRESHOLDS.resolved * rounding)
    tells = not is_coarse and len(row[0].piece.y_first) >= THRESHOLDS.telling
    for number in range(THRESHOLDS.most_rounds):
        row = _closed(_merged(row), narrowest)
        gaps = [i for i in range(len(row) - 1) if not row[i].closed]
        if not gaps:
            pieces = [node.piece for node in row]
            single = _single(values, pieces, narrowest, tells, rng)
            if None not in single:
                return Kinks(np.array(single, dtype=np.float64), pieces)
            # Several kinks where there seemed to be one: they are looked for between the pieces.
            for i, place in enumerate(single):
                if place is None:
                    row[i] = _Node(row[i].piece, elsewhere=True)
            continue
        if len(row) > most:
            raise Tangled
        if number >= THRESHOLDS.patient_rounds and len(gaps) > THRESHOLDS.many_gaps:
            # Too many by now: a look at the narrowest tells whether they are jumps.
            widths = [row[i + 1].piece.first - row[i].piece.last for i in gaps]
            gaps = sorted(gaps[i] for i in np.argsort(widths)[: THRESHOLDS.narrowest_gaps])
        row = _look(values, row, gaps, step, rounding, tells, rng)
    raise Tangled


def _single(
    values: Values,
    pieces: list[Piece],
    narrowest: float,
    tells: bool,
    rng: np.random.Generator,
) -> list[float | None]:
    """Return the kinks between pieces; None where there are several.

    By now the pieces are known well, and so is where they meet. Two kinks close together show by
    the value a little beside that place, or, where a meeting ``tells``, by pieces that do not meet.
    """
    pairs = list(itertools.pairwise(pieces))
    places = [_meeting(left, right) for left, right in pairs]
    for i, (left, right) in enumerate(pairs):
        if _is_narrow(left, right, narrowest):
            places[i] = 0.5 * (left.last + right.first)
    if tells:
        return places
    met = [i for i, place in enumerate(places) if place is not None]
    beside = np.zeros(len(met))
    for number, i in enumerate(met):
        left, right, place = pieces[i], pieces[i + 1], places[i]
        assert place is not None
        seen = _seen(left, right, place)
        beside[number] = place + rng.choice([-1.0, 1.0]) * seen
    if not met:
        return places
    Y, exact = values(beside)
    for i, t, y, e in zip(met, beside, Y, exact, strict=True):
        piece = pieces[i] if t < (places[i] or 0.0) else pieces[i + 1]
        if np.abs(y - piece.at(t)).max() > piece.error(t) + e:
            places[i] = None
    return places


def _seen(left: Piece, right: Piece, place: float) -> float:
    """Return how far from their meeting two pieces can be told apart."""
    bend = float(np.abs(right.slope - left.slope).max())
    exact = max(left.exact_last, right.exact_first)
    return 10.0 * (left.error(place) + right.error(place) + 2.0 * exact) / bend


def _steps(nodes: Array, step: float) -> Array:
    """Return where the second question of each node is, relative to the first."""
    gaps = np.diff(nodes)
    smaller = np.minimum(np.append(gaps, np.inf), np.append(np.inf, gaps))
    size = np.minimum(step * np.hypot(1.0, nodes), THRESHOLDS.largest_step * smaller)
    return np.append(size[:-1], -size[-1])


def _read(values: Values, places: Array, steps: Array, blur: float) -> list[Piece]:
    """Ask for a piece at each place."""
    both = np.concatenate([places, places + steps])
    Y, exact = values(both)
    pieces, n = [], len(places)
    for i in range(n):
        a, b = (i, i + n) if steps[i] > 0.0 else (i + n, i)
        pieces.append(Piece(both[a], both[b], Y[a], Y[b], exact[a], exact[b], blur))
    return pieces


def _merged(row: list[_Node]) -> list[_Node]:
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


def _look(
    values: Values,
    row: list[_Node],
    gaps: list[int],
    step: float,
    rounding: float,
    tells: bool,
    rng: np.random.Generator,
) -> list[_Node]:
    """Ask a question or two about each open gap; return the row with what they show."""
    asked = [_places(row[i], row[i + 1].piece, step, rounding, tells, rng) for i in gaps]
    Y, exact = values(np.concatenate(asked))
    answers = iter(zip(Y, exact.tolist(), strict=True))
    result, false = list(row), set()
    new: dict[int, Piece] = {}
    for i, places in zip(gaps, asked, strict=True):
        left, right = result[i].piece, result[i + 1].piece
        if len(places) == 1:
            y, e = next(answers)
            result[i : i + 2] = _confirmed(result[i], result[i + 1], float(places[0]), y, e)
            continue
        (a, b), (y_a, e_a), (y_b, e_b) = places.tolist(), next(answers), next(answers)
        on_left, on_right = left.passes(a, y_a, e_a), right.passes(b, y_b, e_b)
        if a < left.last and not on_left:
            false.add(i)
        elif b > right.first and not on_right:
            false.add(i + 1)
        elif on_left and on_right:
            result[i] = _Node(left.up_to(a, y_a, e_a), closed=True)
            result[i + 1] = replace(result[i + 1], piece=right.up_to(b, y_b, e_b))
        elif a >= left.last and b <= right.first and not (on_left or on_right):
            new[i] = Piece(a, b, y_a, y_b, e_a, e_b, left.blur)
            result[i] = _Node(left)
        else:
            # All is on one of the two, or there is a kink between: the next look is elsewhere.
            for place, y, e in ((a, y_a, e_a), (b, y_b, e_b)):
                left = left.up_to(place, y, e) if left.passes(place, y, e) else left
            for place, y, e in ((b, y_b, e_b), (a, y_a, e_a)):
                right = right.up_to(place, y, e) if right.passes(place, y, e) else right
            result[i] = _Node(left, elsewhere=not result[i].elsewhere)
            result[i + 1] = replace(result[i + 1], piece=right)
    rows: list[_Node] = []
    for i, node in enumerate(result):
        # What is no piece has no confirmed kink at its ends either.
        if i not in false:
            rows.append(replace(node, closed=node.closed and i + 1 not in false))
        if i in new:
            rows.append(_Node(new[i]))
    return rows


def _confirmed(node: _Node, after: _Node, t: float, y: Array, exact: float) -> list[_Node]:
    """Return two nodes after a question on the shorter of their pieces, next to the meeting."""
    left, right = node.piece, after.piece
    on_left, on_right = left.passes(t, y, exact), right.passes(t, y, exact)
    if on_left:
        left = left.up_to(t, y, exact)
    if on_right:
        right = right.up_to(t, y, exact)
    closed = on_left if _is_shorter(node.piece, after.piece) else on_right
    return [
        _Node(left, closed=closed, elsewhere=not closed and not node.elsewhere),
        replace(after, piece=right),
    ]


def _is_shorter(left: Piece, right: Piece) -> bool:
    return left.last - left.first < right.last - right.first


def _places(
    node: _Node,
    right: Piece,
    step: float,
    rounding: float,
    tells: bool,
    rng: np.random.Generator,
) -> Array:
    """Return the places to ask at: about the meeting of two pieces, or within the gap."""
    left = node.piece
    low, high = left.last, right.first
    width = high - low
    place = None if node.elsewhere else _meeting(left, right)
    if place is None:
        # Far out, kinks are as dense in the logarithm of the place.
        share = rng.uniform(0.35, 0.65)
        place = np.sinh(np.arcsinh(low) + share * (np.arcsinh(high) - np.arcsinh(low)))
        half = 0.5 * min(step * np.hypot(1.0, place), THRESHOLDS.largest_step * width)
        place = float(np.clip(place, low + 0.2 * width * share, high - 0.2 * width * share))
        return np.array([place - half, place + half])
    seen = _seen(left, right, place)
    # Another length each time: the two may have a kink between them.
    most = 0.5 * min(step * np.hypot(1.0, place), THRESHOLDS.largest_step * width)
    resolved = min(most, THRESHOLDS.readable * rounding * np.hypot(1.0, place))
    half = max(seen, resolved, most * 10.0 ** rng.uniform(-2.0, 0.0))
    before, behind = place - half, place + half
    if tells and low < before and behind < high:
        return np.array([before if _is_shorter(left, right) else behind])
    # Pieces that come close to the meeting are asked within, unless they are known.
    if before <= low:
        before = 0.5 * (left.first + left.last)
    if behind >= high:
        behind = 0.5 * (right.first + right.last)
    return np.array([before, behind])


def _closed(row: list[_Node], narrowest: float) -> list[_Node]:
    """Close gaps in which nothing can be seen any more: a kink, unless the function jumps there."""
    closed = list(row)
    for i, (node, after) in enumerate(itertools.pairwise(row)):
        left, right = node.piece, after.piece
        if node.closed or not _is_narrow(left, right, narrowest):
            continue
        middle = 0.5 * (left.last + right.first)
        width = abs(right.first - left.last)  # Pieces that are known may overlap.
        steep = np.abs(left.slope).max() + np.abs(right.slope).max()
        jump = float(np.abs(right.at(middle) - left.at(middle)).max())
        if jump > THRESHOLDS.jump * (steep * width + left.error(middle) + right.error(middle)):
            raise Discontinuous
        closed[i] = replace(node, closed=True)
    return closed


def _is_narrow(left: Piece, right: Piece, narrowest: float) -> bool:
    """Whether nothing can be seen any more between two pieces."""
    middle = 0.5 * (left.last + right.first)
    return bool(right.first - left.last <= narrowest * np.hypot(1.0, middle))


def _meeting(left: Piece, right: Piece) -> float | None:
    """Return where two pieces meet, if that is between them; None if they do not."""
    bend = right.slope - left.slope
    size = bend @ bend
    if size == 0.0 or np.abs(bend).max() <= left.slope_error + right.slope_error:
        return None
    middle = 0.5 * (left.last + right.first)
    place = middle - float(bend @ (right.at(middle) - left.at(middle)) / size)
    slack = (left.error(middle) + right.error(middle)) / np.sqrt(size)
    if not left.last - slack <= place <= right.first + slack:
        return None
    place = float(np.clip(place, left.last, right.first))
    apart = np.abs(left.at(place) - right.at(place)).max()
    return place if apart <= left.error(place) + right.error(place) else None
