"""Progress drawn on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from pureneuron.progress import Progress, ProgressCallback

__all__ = ["progress_display"]


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
            elif progress.iteration:
                # Without a loss it is a box that is being read.
                parts.append(f"{progress.iteration} questions")
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
