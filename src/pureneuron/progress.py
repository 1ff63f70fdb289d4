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
    n_passes : int
        Passes over the data so far, with the one that is going on.
    rows : int
        Rows that this pass has merged. Passes of less than half a second do not tell, nor do all
        sources; 0 then.
    n_rows : int or None
        Rows of a pass; None before one over the same samples has been made.
    rows_per_second : float or None
        On the average of this pass.
    seconds_left : float or None
        To the end of this pass; None where its rows are not known. How many passes there will be
        nobody knows.
    """

    stage: str
    start: int = 0
    n_starts: int = 0
    iteration: int = 0
    loss: float | None = None
    best_loss: float | None = None
    n_passes: int = 0
    rows: int = 0
    n_rows: int | None = None
    rows_per_second: float | None = None
    seconds_left: float | None = None


ProgressCallback: TypeAlias = Callable[[Progress], None]
