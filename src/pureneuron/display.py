"""Progress as text: drawn on a terminal, and a line now and then elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from pureneuron.progress import Progress, ProgressCallback

__all__ = ["in_words", "progress_display"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    seconds_between_lines : float
        Where there is no terminal; before the first line as well, so that short work says nothing
        (by definition).
    """

    seconds_between_lines: float = 15.0


THRESHOLDS = Thresholds()


@contextmanager
def progress_display(console: Console | None = None) -> Iterator[ProgressCallback]:
    """Show progress on a console: standard error unless another is given.

    A terminal or a notebook gets a line that changes; anything else, such as a pipe, a log or a
    terminal that cannot move its cursor (``TERM=dumb``), a new line every fifteen seconds.
    """
    console = console or Console(stderr=True)
    # With FORCE_COLOR rich takes a pipe for a terminal: colours are wanted, a moving line is not.
    coloured_pipe = bool(os.environ.get("FORCE_COLOR")) and not console.file.isatty()
    moves = console.is_terminal and not (console.is_dumb_terminal or coloured_pipe)
    if not (moves or console.is_jupyter):
        yield _Lines(console, time.perf_counter())
        return
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
            display.update(
                task,
                description=progress.stage,
                total=progress.n_starts or None,
                completed=max(progress.start - 1, 0),
                detail=in_words(progress),
            )

        yield show


class _Lines:
    """A line now and then."""

    def __init__(self, console: Console, start: float) -> None:
        self._console, self._start = console, start
        self._lines = 0

    def __call__(self, progress: Progress) -> None:
        seconds = time.perf_counter() - self._start
        due = int(seconds / THRESHOLDS.seconds_between_lines)
        if due > self._lines:
            self._lines = due
            detail = in_words(progress)
            text = f"{_duration(seconds)}  {progress.stage}{': ' if detail else ''}{detail}"
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def in_words(progress: Progress) -> str:
    """Return what is known of a moment, without the stage."""
    parts = []
    if progress.n_starts:
        parts.append(f"start {progress.start} of at most {progress.n_starts}")
    if progress.rows:
        # In a long pass it is the pass that counts, and a line has room for no more.
        return ", ".join([*parts, _pass_in_words(progress)])
    if progress.loss is not None:
        parts.append(f"iteration {progress.iteration}, loss {progress.loss:.3e}")
    elif progress.iteration:
        # Without a loss it is a box that is being read.
        parts.append(f"{progress.iteration} questions")
    if progress.best_loss is not None:
        parts.append(f"best {progress.best_loss:.3e}")
    if progress.n_passes:
        parts.append(f"pass {progress.n_passes}")
    return ", ".join(parts)


def _pass_in_words(progress: Progress) -> str:
    whole = "" if progress.n_rows is None else f" of {_count(progress.n_rows)}"
    rate = (
        "" if progress.rows_per_second is None else f", {_count(progress.rows_per_second)} rows/s"
    )
    seconds = progress.seconds_left
    # Before one pass has been made nobody knows how many rows there are.
    left = (
        "time left known from the next pass on" if seconds is None else f"{_duration(seconds)} left"
    )
    return f"pass {progress.n_passes}: {_count(progress.rows)}{whole} rows{rate}, {left}"


def _count(number: float) -> str:
    for size, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f} {name}"
    return f"{number:.0f}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
