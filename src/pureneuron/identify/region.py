"""Where questions may be asked, and the coordinates in which they are thought of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.typing import Array, BoolArray

__all__ = ["Region"]


@dataclass(frozen=True, eq=False)
class Region:
    """Inputs are ``x = center + scale · z``; bounds, where there are any, are those of z.

    Attributes
    ----------
    center, scale : (d,) arrays
        In the user's units.
    low, high : (d,) arrays
        Bounds of z; infinite without bounds.
    bounds : (low, high) or None
        Bounds in the user's units.
    """

    center: Array
    scale: Array
    low: Array
    high: Array
    bounds: tuple[Array, Array] | None = None

    @classmethod
    def of(
        cls,
        n_inputs: int,
        center: ArrayLike = 0.0,
        scale: ArrayLike = 1.0,
        bounds: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> Region:
        """Make a region from what a user says; bounds bring their own centre and scale.

        Raises
        ------
        ValueError
            If a shape does not fit, a scale is not positive, or bounds are empty.
        """
        middle, spread = _vector("center", center, n_inputs), _vector("scale", scale, n_inputs)
        if not (np.isfinite(middle).all() and np.isfinite(spread).all() and (spread > 0.0).all()):
            raise ValueError("center must be finite, scale finite and positive")
        if bounds is None:
            wide = np.full(n_inputs, np.inf)
            return cls(middle, spread, -wide, wide)
        try:
            least, most = bounds
        except (TypeError, ValueError):
            raise ValueError(
                f"bounds must be a pair (low, high), each a number or {n_inputs} numbers, got "
                f"{bounds!r}"
            ) from None
        low, high = (_vector("bounds", bound, n_inputs) for bound in (least, most))
        if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
            raise ValueError("bounds must be finite, and the lower ones below the upper ones")
        ones = np.ones(n_inputs)
        return cls((low + high) / 2.0, (high - low) / 2.0, -ones, ones, (low, high))

    @property
    def n_inputs(self) -> int:
        """Number of inputs, d."""
        return len(self.center)

    @property
    def is_bounded(self) -> bool:
        """Whether there are bounds."""
        return bool(np.isfinite(self.high).all())

    def to_inputs(self, Z: Array) -> Array:
        """Return points (n, d) in the user's units."""
        X = self.center + self.scale * Z
        # Rounding must not lead outside.
        return np.clip(X, *self.bounds) if self.bounds is not None else X

    def contains(self, Z: Array) -> BoolArray:
        """Tell which points (n, d) are within the bounds, (n,)."""
        return np.asarray(((self.low <= Z) & (self.high >= Z)).all(axis=1))

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """Draw points (n, d): uniform within bounds, otherwise standard normal."""
        size = (n, self.n_inputs)
        return rng.uniform(-1.0, 1.0, size) if self.is_bounded else rng.standard_normal(size)

    def ends(self, origin: Array, direction: Array, reach: float) -> tuple[float, float]:
        """Return how far (low, high) the line ``origin + t direction`` may be followed.

        Up to ``reach`` without bounds, otherwise to a little before them: there is to be room for
        questions beside the line.
        """
        if not self.is_bounded:
            return -reach, reach
        with np.errstate(divide="ignore"):
            ends = (np.sign(direction)[:, None] * [-1.0, 1.0] - origin[:, None]) / direction[
                :, None
            ]
        ends = ends[direction != 0.0]
        return 0.99 * float(ends[:, 0].max()), 0.99 * float(ends[:, 1].min())


def _vector(name: str, value: ArrayLike, n: int) -> Array:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number or {n} numbers, got {value!r}") from None
    if array.ndim > 1 or array.size not in (1, n):
        raise ValueError(f"{name} must be a number or {n} numbers, got shape {array.shape}")
    return np.array(np.broadcast_to(array, n))
