"""What a line shows: where the function bends along it, and the pieces between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.identify.piece import Piece
from pureneuron.typing import Array

__all__ = ["Kinks"]


@dataclass(frozen=True, eq=False)
class Kinks:
    """The pieces of a line, and the kinks between them.

    Attributes
    ----------
    places : (K,) array
        Kinks, in order.
    pieces : list of K + 1 pieces
        Between them.
    """

    places: Array
    pieces: list[Piece]

    @property
    def jumps(self) -> Array:
        """Changes of the slope at the kinks, (K, m)."""
        slopes = np.array([piece.slope for piece in self.pieces])
        return np.diff(slopes, axis=0)

    @property
    def jump_errors(self) -> Array:
        """How far off the jumps may be, (K,)."""
        errors = np.array([piece.slope_error for piece in self.pieces])
        return np.asarray(errors[:-1] + errors[1:])

    @property
    def widths(self) -> Array:
        """Widths of the pieces, (K + 1,); far out, in units of the distance."""
        ends = np.array([(piece.first, piece.last) for piece in self.pieces])
        return np.asarray(np.diff(ends)[:, 0] / np.hypot(1.0, ends.mean(axis=1)))

    @property
    def least_gap(self) -> float:
        """Least distance of two kinks; far out, in units of the distance."""
        return float(np.diff(np.arcsinh(self.places)).min(initial=np.inf))

    def reversed(self) -> Kinks:
        """Return the same along the line in the other direction."""
        pieces = [piece.reversed() for piece in reversed(self.pieces)]
        return Kinks(-self.places[::-1], pieces)
