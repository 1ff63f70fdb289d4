"""A linear piece of a function along a line, and how exactly it is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.typing import Array

__all__ = ["Piece"]


@dataclass(frozen=True, eq=False)
class Piece:
    """A linear piece, by the two places farthest apart that are known to be on it.

    Attributes
    ----------
    first, last : float
        Places.
    y_first, y_last : (m,) arrays
        Values there.
    exact_first, exact_last : float
        How exact these are.
    blur : float
        How exact the function itself is known, apart from rounding: an error that is smooth, and
        so no smaller for a slope than for a value.
    verified : bool
        Whether a third place has been seen on it: two always make a line.
    """

    first: float
    last: float
    y_first: Array
    y_last: Array
    exact_first: float
    exact_last: float
    blur: float = 0.0
    verified: bool = False

    @property
    def slope(self) -> Array:
        """Change for each unit of the place, (m,)."""
        return (self.y_last - self.y_first) / (self.last - self.first)

    @property
    def slope_error(self) -> float:
        """How exact the slope is."""
        rounding = self.exact_first + self.exact_last
        return rounding / (self.last - self.first) + self.blur

    def at(self, t: float) -> Array:
        """Return the value at a place, (m,)."""
        size = self.last - self.first
        # From the nearer end: far out, the other one is rounded more coarsely.
        if abs(t - self.last) < abs(t - self.first):
            return self.y_last - (self.last - t) / size * (self.y_last - self.y_first)
        return self.y_first + (t - self.first) / size * (self.y_last - self.y_first)

    def error(self, t: float) -> float:
        """Return how exact the value at a place is."""
        share = (t - self.first) / (self.last - self.first)
        rounding = abs(1.0 - share) * self.exact_first + abs(share) * self.exact_last
        return float(rounding + self.blur * np.hypot(1.0, t))

    def passes(self, t: float, y: Array, exact: float) -> bool:
        """Whether the piece, prolonged, goes through a value."""
        return bool(np.abs(self.at(t) - y).max() <= self.error(t) + exact)

    def up_to(self, t: float, y: Array, exact: float) -> Piece:
        """Return the piece with one more place on it."""
        if t < self.first:
            return replace(self, first=t, y_first=y, exact_first=exact, verified=True)
        if t > self.last:
            return replace(self, last=t, y_last=y, exact_last=exact, verified=True)
        return replace(self, verified=True)

    def reversed(self) -> Piece:
        """Return the piece of the same line in the other direction."""
        return Piece(
            -self.last,
            -self.first,
            self.y_last,
            self.y_first,
            self.exact_last,
            self.exact_first,
            self.blur,
            self.verified,
        )

    def joined(self, other: Piece) -> Piece:
        """Return this piece up to the end of one to the right that is on the same line."""
        return self.up_to(other.last, other.y_last, other.exact_last)
