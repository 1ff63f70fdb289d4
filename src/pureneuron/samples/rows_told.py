"""How far a pass has come: a source tells of the rows that it has merged, whoever wants to know.

A source need not. One that does calls :func:`tell_rows` after each batch, in the thread in which
:meth:`~pureneuron.samples.Samples.reduce` was called.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["PassSoFar", "RowsCallback", "SizeOfPass", "tell_rows", "telling"]

_HEARS: ContextVar[Callable[[int], None] | None] = ContextVar("hears", default=None)


@dataclass(frozen=True)
class PassSoFar:
    """A moment of a pass.

    Attributes
    ----------
    number : int
        Which pass of the run, from 1 on.
    rows : int
        Rows that it has merged.
    n_rows : int or None
        Rows of the whole pass; None before one pass over these samples has been made.
    seconds : float
        Since it began.
    """

    number: int
    rows: int
    n_rows: int | None
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """Rows a second, on the average of the pass so far."""
        return self.rows / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the end of the pass at this rate; None where its rows are not known."""
        if self.n_rows is None:
            return None
        return max(self.n_rows - self.rows, 0) / self.rows_per_second


RowsCallback = Callable[[PassSoFar], None]


@dataclass
class SizeOfPass:
    """How many rows a pass over some samples has: what the last one has told, None before."""

    n_rows: int | None = None


def tell_rows(n: int) -> None:
    """Tell that ``n`` rows more have been merged."""
    hears = _HEARS.get()
    if hears is not None:
        hears(n)


@contextmanager
def telling(callback: RowsCallback, number: int, size: SizeOfPass) -> Iterator[None]:
    """Hand on what is told of a pass within; after it, keep how many rows it had."""
    start, rows = time.perf_counter(), 0

    def hear(n: int) -> None:
        nonlocal rows
        rows += n
        callback(PassSoFar(number, rows, size.n_rows, time.perf_counter() - start))

    token = _HEARS.set(hear)
    try:
        yield
    finally:
        _HEARS.reset(token)
    size.n_rows = rows or size.n_rows
