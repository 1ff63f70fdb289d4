"""What is asked in the gap between two pieces of a line, and what the answers show.

Where two pieces meet there is a kink, if they are neighbours. The piece that is known less is
followed up to a little before the meeting; then the other one, from its side, as near as rounding
allows: by then both are known well, and so is where they meet. Where they do not meet, a question
within the gap may be on one of them, which is then longer. If it is on neither, it tells the
piece between the two, if there is but one (:mod:`.bridge`); otherwise a second one next to it makes
a new piece.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np

from pureneuron.identify.bridge import bridge, dimension
from pureneuron.identify.piece import Piece
from pureneuron.typing import Array, BoolArray

__all__ = [
    "Node",
    "Values",
    "first_pieces",
    "looked_at",
    "meeting",
    "met",
    "nearest_told",
]

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
    readable : float
        Shortest distance of two questions that make a piece, in units of the rounding.
    telling : int
        Outputs that must bend for a meeting to tell by itself that there is one kink (make
        bench-identify).
    clearly : float
        Times its error that an output bends at least (rounding).
    parallel : float
        Distance of a cosine to 1 at which two bends are parallel (rounding).
    """

    largest_step: float = 0.02
    readable: float = 1e4
    telling: int = 3
    clearly: float = 100.0
    parallel: float = 1e-6


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Node:
    """A piece, and what is known of the kink to its right.

    Attributes
    ----------
    piece : Piece
        The piece.
    closed : bool
        Whether the kink is confirmed.
    by_itself : bool
        Whether that is so because the pieces meet, and no question has been asked.
    elsewhere : bool
        Whether it is not where the pieces meet.
    side : int
        Side of the meeting, −1 or 1, up to which the piece there has been followed; 0 for neither.
    is_false : bool
        Whether the piece is none: there is a kink on it.
    """

    piece: Piece
    closed: bool = False
    by_itself: bool = False
    elsewhere: bool = False
    side: int = 0
    is_false: bool = False


class Point(NamedTuple):
    """A place, the value there, and how exact that is."""

    t: float
    y: Array
    exact: float


class Look(NamedTuple):
    """Two places in a gap; the side, −1 or 1, of a meeting that is asked for first, 0 without one.

    ``is_last`` says that the other side is known.
    """

    before: float
    behind: float
    side: int = 0
    is_last: bool = False

    @property
    def first(self) -> float:
        """The place that is asked first."""
        return self.behind if self.side > 0 else self.before

    @property
    def second(self) -> float:
        """The other one."""
        return self.before if self.side > 0 else self.behind


Shown: TypeAlias = tuple[Point | None, Point | None]
"""What was seen at the two places of a look."""


def first_pieces(values: Values, nodes: Array, step: float, blur: float) -> list[Piece]:
    """Ask for a piece at each of the places (p,) where a line begins."""
    both = np.concatenate([nodes, nodes + _steps(nodes, step)])
    Y, exact = values(both)
    pieces, n = [], len(nodes)
    for i in range(n):
        a, b = (i, i + n) if both[i] < both[i + n] else (i + n, i)
        pieces.append(Piece(both[a], both[b], Y[a], Y[b], exact[a], exact[b], blur))
    return pieces


def looked_at(
    values: Values,
    row: list[Node],
    gaps: list[int],
    step: float,
    rounding: float,
    is_coarse: bool,
    rng: np.random.Generator,
) -> list[Node]:
    """Ask a question or two about each open gap; return the row with what they show.

    Both at once if rounding is coarse: what a single one shows is not to be relied on then.
    """
    looks = [_look(row[i], row[i + 1].piece, step, rounding, rng) for i in gaps]
    pairs = _both(values, looks) if is_coarse else _one_by_one(values, row, gaps, looks)
    shown = dict(zip(gaps, zip(looks, pairs, strict=True), strict=True))
    result: list[Node] = []
    node = row[0]
    for i, after in enumerate(row[1:]):
        seen = _after(node, after, *shown[i]) if i in shown else [node, after]
        result += [replace(seen[0], is_false=seen[0].is_false or node.is_false), *seen[1:-1]]
        node = seen[-1]
    return _without_false([*result, node])


def met(row: list[Node]) -> list[Node]:
    """Close gaps whose pieces meet within them, where that tells by itself.

    A piece that is none meets another one at an end: there is the kink on it. Gaps that seemed to
    tell are opened again where what was seen since then speaks against it.
    """
    tells = _telling(row)
    closed = [
        replace(node, closed=False, by_itself=False) if node.by_itself and not tell else node
        for node, tell in zip(row, [*tells, False], strict=True)
    ]
    for i in np.flatnonzero(tells):
        left, right = row[i].piece, row[i + 1].piece
        place = None if row[i].closed or row[i].elsewhere else meeting(left, right)
        if place is None:
            continue
        nearest = nearest_told(left, right, place)
        if left.last + nearest < place < right.first - nearest:
            closed[i] = replace(row[i], closed=True, by_itself=True)
    return closed


def _telling(row: list[Node]) -> BoolArray:
    """Tell in which gaps of a row a meeting tells by itself that there is one kink, (p − 1,).

    Two kinks that bend outputs in the same ratio hide in one gap: the pieces on either side of both
    are in one plane, and meet. So the bend must be in a ratio that no other gap of the row has, and
    there must be others to compare with. It must be in several outputs: a ratio of one or two is
    shared too easily.
    """
    pieces = [node.piece for node in row]
    if len(pieces) <= 2:
        return np.zeros(len(pieces) - 1, dtype=np.bool_)
    bends = np.diff([piece.slope for piece in pieces], axis=0)
    errors = np.array([piece.slope_error for piece in pieces])
    clear = np.abs(bends) > THRESHOLDS.clearly * (errors[1:] + errors[:-1])[:, None]
    unit = bends / np.maximum(np.linalg.norm(bends, axis=1), 1e-300)[:, None]
    cosines = np.abs(unit @ unit.T)
    np.fill_diagonal(cosines, 0.0)
    alone = cosines.max(axis=1) < 1.0 - THRESHOLDS.parallel
    return np.asarray(alone & (clear.sum(axis=1) >= THRESHOLDS.telling))


def meeting(left: Piece, right: Piece) -> float | None:
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


def nearest_told(left: Piece, right: Piece, place: float) -> float:
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


def _look(node: Node, right: Piece, step: float, rounding: float, rng: np.random.Generator) -> Look:
    """Return the places to ask at: about the meeting of two pieces, or within the gap."""
    left = node.piece
    low, high = left.last, right.first
    width = high - low
    place = None if node.elsewhere else meeting(left, right)
    if place is None:
        # Far out, kinks are as dense in the logarithm of the place.
        share = rng.uniform(0.35, 0.65)
        place = np.sinh(np.arcsinh(low) + share * (np.arcsinh(high) - np.arcsinh(low)))
        half = 0.5 * min(step * np.hypot(1.0, place), THRESHOLDS.largest_step * width)
        place = float(np.clip(place, low + 0.2 * width * share, high - 0.2 * width * share))
        return Look(place - half, place + half)
    nearest = nearest_told(left, right, place)
    most = 0.5 * min(step * np.hypot(1.0, place), THRESHOLDS.largest_step * width)
    resolved = min(most, THRESHOLDS.readable * rounding * np.hypot(1.0, place))
    half = max(nearest, resolved)
    side = -node.side
    if not side:
        # Another length each time: the two may have a kink between them.
        half = max(half, most * 10.0 ** rng.uniform(-2.0, 0.0))
        side = -1 if _length(left) < _length(right) else 1
    before, behind = place - half, place + half
    # Pieces that come close to the meeting are asked within, unless they are known.
    if before <= low:
        before = 0.5 * (left.first + left.last)
    if behind >= high:
        behind = 0.5 * (right.first + right.last)
    return Look(before, behind, side, node.side != 0)


def _length(piece: Piece) -> float:
    return piece.last - piece.first


def _asked(values: Values, places: list[float]) -> list[Point]:
    if not places:
        return []
    t = np.array(places)
    Y, exact = values(t)
    return [Point(*each) for each in zip(t.tolist(), Y, exact.tolist(), strict=True)]


def _both(values: Values, looks: list[Look]) -> list[Shown]:
    """Ask both questions of each look."""
    points = _asked(values, [place for look in looks for place in (look.before, look.behind)])
    return list(zip(points[::2], points[1::2], strict=True))


def _one_by_one(values: Values, row: list[Node], gaps: list[int], looks: list[Look]) -> list[Shown]:
    """Ask the first question of each look, and the second one where that tells of no piece."""
    first = _asked(values, [look.first for look in looks])
    spare = dimension([node.piece for node in row]) > THRESHOLDS.telling
    second: dict[int, Point] = {}
    more = []
    for number, (i, look, point) in enumerate(zip(gaps, looks, first, strict=True)):
        left, right = row[i].piece, row[i + 1].piece
        if look.is_last or not _is_new(left, right, point):
            continue
        told = bridge(left, right, *point) if spare else None
        if told is None:
            more.append(number)
        else:
            second[number] = Point(*told)
    answers = _asked(values, [looks[number].second for number in more])
    second |= dict(zip(more, answers, strict=True))
    pairs: list[Shown] = []
    for number, (look, point) in enumerate(zip(looks, first, strict=True)):
        other = second.get(number)
        is_behind = look.side > 0 if other is None else other.t < point.t
        pairs.append((other, point) if is_behind else (point, other))
    return pairs


def _is_new(left: Piece, right: Piece, point: Point) -> bool:
    """Whether a point in the gap is on neither piece."""
    within = left.last <= point.t <= right.first
    return within and not (left.passes(*point) or right.passes(*point))


def _after(node: Node, after: Node, look: Look, shown: Shown) -> list[Node]:
    """Return two nodes after what was seen between them, and a new one if that is a piece."""
    (before, behind), left, right = shown, node.piece, after.piece
    on_left = before is not None and left.passes(*before)
    on_right = behind is not None and right.passes(*behind)
    if before is not None and before.t < left.last and not on_left:
        return [replace(node, is_false=True), after]
    if behind is not None and behind.t > right.first and not on_right:
        return [node, replace(after, is_false=True)]
    if before is not None and behind is not None:
        if on_left and on_right:
            after = replace(after, piece=right.up_to(*behind))
            return [Node(left.up_to(*before), closed=True), after]
        within = before.t >= left.last and behind.t <= right.first
        if within and not (on_left or on_right):
            y, exact = (before.y, behind.y), (before.exact, behind.exact)
            new = Piece(before.t, behind.t, *y, *exact, left.blur)
            return [Node(left), Node(new), after]
    elif look.side < 0 and on_left and before is not None:
        left = left.up_to(*before)
        return [Node(left, closed=look.is_last, side=look.side), after]
    elif look.side > 0 and on_right and behind is not None:
        after = replace(after, piece=right.up_to(*behind))
        return [Node(left, closed=look.is_last, side=look.side), after]
    # All is on one of the two, or there is a kink between: the next look is elsewhere.
    seen = [point for point in (before, behind) if point is not None]
    for point in seen:
        left = left.up_to(*point) if left.passes(*point) else left
    for point in reversed(seen):
        right = right.up_to(*point) if right.passes(*point) else right
    return [Node(left, elsewhere=not node.elsewhere), replace(after, piece=right)]


def _without_false(row: list[Node]) -> list[Node]:
    """Leave out what is no piece; no kink is confirmed at its ends either."""
    kept = []
    for i, node in enumerate(row):
        if not node.is_false:
            beside = i + 1 < len(row) and row[i + 1].is_false
            kept.append(replace(node, closed=False, side=0) if beside else node)
    return kept
