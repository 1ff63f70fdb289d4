"""How far long work has come: the record handed to callbacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Progress", "ProgressCallback"]


@dataclass(frozen=True)
class Progress:
    """A moment of a recovery.

    Attributes
    ----------
    stage : str
        What is going on.
    start, n_starts : int
        Which start of at most how many; 0 before the first.
    iteration : int
        Iteration of this start; of ``identify``, questions asked.
    loss, best_loss : float or None
        Relative to the variance of the outputs: here, and the best of the starts before.
    """

    stage: str
    start: int = 0
    n_starts: int = 0
    iteration: int = 0
    loss: float | None = None
    best_loss: float | None = None


ProgressCallback: TypeAlias = Callable[[Progress], None]
