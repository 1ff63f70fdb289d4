"""How far long work has come: the record handed to callbacks, and a display that draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

__all__ = ["Progress", "ProgressCallback", "progress_display", "report_to"]


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
        Iteration of this start.
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


@dataclass(frozen=True)
class _Reporter:
    """Adds the start to what a descent says of its iterations."""

    callback: ProgressCallback
    stage: str
    start: int
    n_starts: int
    best_loss: float | None

    def __call__(self, iteration: int, loss: float) -> None:
        self.callback(
            Progress(self.stage, self.start, self.n_starts, iteration, loss, self.best_loss)
        )


def report_to(
    callback: ProgressCallback | None,
    stage: str,
    start: int,
    n_starts: int,
    best_loss: float | None,
) -> Callable[[int, float], None] | None:
    """Return what a descent is to call with each iteration and its loss, if anybody listens."""
    return None if callback is None else _Reporter(callback, stage, start, n_starts, best_loss)


@contextmanager
def progress_display(console: Console | None = None) -> Iterator[ProgressCallback]:
    """Draw progress on a terminal (standard error unless a console is given)."""
    console = console or Console(stderr=True)
    display = RichProgress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with display:
        task = display.add_task("starting", total=None, detail="")

        def show(progress: Progress) -> None:
            parts = []
            if progress.n_starts:
                parts.append(f"start {progress.start} of at most {progress.n_starts}")
            if progress.loss is not None:
                parts.append(f"iteration {progress.iteration}, loss {progress.loss:.3e}")
            if progress.best_loss is not None:
                parts.append(f"best {progress.best_loss:.3e}")
            display.update(
                task,
                description=progress.stage,
                total=progress.n_starts or None,
                completed=max(progress.start - 1, 0),
                detail=", ".join(parts),
            )

        yield show
