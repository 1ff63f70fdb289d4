"""What a run tells while it goes on: progress, a report a stage, and the best network so far.

What changes in a run. Every step reports to it; no decision is read from it before the run ends,
or Ctrl-C ends it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from pureneuron.optimize import Fit, Point
from pureneuron.problem import Problem
from pureneuron.progress import Progress, ProgressCallback
from pureneuron.results import StageReport
from pureneuron.samples.rows_told import PassSoFar, RowsCallback

__all__ = ["BestSoFar", "Describes", "Monitor", "OutOfTime", "Stage", "Teller"]

_SECONDS_BETWEEN = 0.5  # Two things said of one pass; shorter passes say nothing.


class OutOfTime(Exception):
    """The time limit of a run has passed; says which."""


class Describes(Protocol):
    """A record that says its own report."""

    def describe(self) -> StageReport:
        """Return the report."""
        ...


@dataclass(frozen=True, eq=False)
class BestSoFar:
    """The network to keep if the run ends here.

    Attributes
    ----------
    problem, point
        The network, in the coordinates of a problem with all rows.
    n_iter : int
        Iterations of the descent that led there.
    is_guess : bool
        Whether it has not been fitted to all rows.
    search_ended : bool
        Whether the search for it has ended.
    """

    problem: Problem
    point: Point
    n_iter: int = 0
    is_guess: bool = False
    search_ended: bool = False


@dataclass
class Stage:
    """A stage that is going on; :meth:`report` says what it saw."""

    name: str
    said: StageReport | None = None

    def report(self, what: Describes) -> None:
        """Keep the report of a record; the last one counts."""
        self.said = what.describe()


@dataclass
class Monitor:
    """Collects what the steps of one run have to say.

    Attributes
    ----------
    callback : callable, optional
        Told of stages and iterations.
    warnings, notes : list of str
        What the user should know.
    best : BestSoFar or None
        None before there is a network.
    time_limit : float or None
        Seconds from now on after which :meth:`check_time` raises.
    passes : list of int
        One number, which whoever makes the passes counts up.
    """

    callback: ProgressCallback | None = None
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    best: BestSoFar | None = None
    time_limit: float | None = None
    passes: list[int] = field(default_factory=lambda: [0])
    _began: float = field(default_factory=lambda: time.perf_counter())
    _reports: dict[str, StageReport] = field(default_factory=dict)
    _earlier_seconds: dict[str, float] = field(default_factory=dict)
    _inner_seconds: float = 0.0
    _told: Progress = field(default_factory=lambda: Progress("starting"))
    _told_of_pass: tuple[int, int] = (0, 0)

    @property
    def reports(self) -> tuple[StageReport, ...]:
        """One report a stage, in the order in which they were first done with."""
        return tuple(self._reports.values())

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Time a stage.

        The time of a stage within another counts for the inner one only. A stage that is entered
        again adds to its time, and its last report counts.
        """
        self._tell(Progress(name))
        start, outer = time.perf_counter(), self._inner_seconds
        self._inner_seconds = 0.0
        stage = Stage(name)
        try:
            yield stage
        finally:
            seconds = time.perf_counter() - start
            if stage.said is not None:
                before = self._earlier_seconds.pop(name, 0.0)
                before += self._reports[name].seconds if name in self._reports else 0.0
                own = before + seconds - self._inner_seconds
                self._reports[name] = replace(stage.said, name=name, seconds=own)
            self._inner_seconds = outer + seconds

    def add(self, what: Describes) -> None:
        """Keep the report of a record that took no time; nobody is told of a new stage."""
        report = what.describe()
        self._reports[report.name] = report

    def observer(
        self,
        problem: Problem,
        stage: str,
        start: int,
        n_starts: int,
        *,
        best_loss: float | None = None,
        guess: bool = False,
    ) -> Teller:
        """Return what a descent is to tell of its points.

        Parameters
        ----------
        problem : Problem
            All rows; the points are in its coordinates.
        stage : str
            For the progress.
        start, n_starts : int
            Which start of at most how many.
        best_loss : float, optional
            The lowest loss before.
        guess : bool
            Whether the descent sees a part of the rows only.
        """
        return Teller(self, problem, stage, start, n_starts, best_loss, guess)

    def check_time(self) -> None:
        """Raise :class:`OutOfTime` if the time limit has passed; once, for the end takes passes."""
        if self.time_limit is not None and time.perf_counter() - self._began > self.time_limit:
            told = f"time_limit={self.time_limit:g} s"
            self.time_limit = None
            raise OutOfTime(told)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the time limit has passed, more than 0; None without one."""
        if self.time_limit is None:
            return None
        return max(self._began + self.time_limit - time.perf_counter(), 1e-9)

    @property
    def on_rows(self) -> RowsCallback | None:
        """What passes are to call as they go on; None where nobody listens."""
        return None if self.callback is None else self._hear_of_rows

    def keep(self, fit: Fit) -> None:
        """Make the outcome of a step the network to keep: losses before it may not compare."""
        self.best = BestSoFar(fit.problem, fit.point, fit.info.n_iter, search_ended=True)

    def go_on_with(self, problem: Problem, fit: Fit) -> None:
        """Take a fit to a part of the rows for a guess at that of a problem with all of them."""
        self.best = BestSoFar(problem, fit.point, fit.info.n_iter, is_guess=True, search_ended=True)

    def search_again(self, about_the_last: str) -> None:
        """Go on to another search; the report ``about_the_last`` fit is withdrawn, not its time."""
        if about_the_last in self._reports:
            self._earlier_seconds[about_the_last] = self._reports.pop(about_the_last).seconds
        if self.best is not None:
            self.best = replace(self.best, search_ended=False)

    def _tell(self, progress: Progress) -> None:
        if self.callback is not None:
            self._told = replace(progress, n_passes=self.passes[0])
            self.callback(self._told)

    def _hear_of_rows(self, so_far: PassSoFar) -> None:
        """Tell of a pass each time that another half second of it is over."""
        told = so_far.number, int(so_far.seconds / _SECONDS_BETWEEN)
        if self.callback is None or told[1] == 0 or told == self._told_of_pass:
            return
        self._told_of_pass = told
        self.callback(
            replace(
                self._told,
                n_passes=so_far.number,
                rows=so_far.rows,
                n_rows=so_far.n_rows,
                rows_per_second=so_far.rows_per_second,
                seconds_left=so_far.seconds_left,
            )
        )

    def _offer(self, other: BestSoFar) -> None:
        best = self.best
        if best is None or (best.is_guess and not other.is_guess):
            ended = best is not None and best.search_ended
            self.best = replace(other, search_ended=ended)
        elif best.is_guess == other.is_guess and other.point.loss < best.point.loss:
            self.best = replace(other, search_ended=best.search_ended)


@dataclass(frozen=True, eq=False)
class Teller:
    """An observer of the descents of one start: see :meth:`Monitor.observer`."""

    monitor: Monitor
    problem: Problem
    stage: str
    start: int
    n_starts: int
    best_loss: float | None
    is_guess: bool

    def __call__(self, iteration: int, point: Point) -> None:
        """Offer a point as the network to keep, and tell how far the descent has come."""
        self.monitor._offer(BestSoFar(self.problem, point, iteration, is_guess=self.is_guess))
        self.progress(iteration, point)

    def progress(self, iteration: int, point: Point) -> None:
        """Tell how far a descent has come whose points are no networks to keep."""
        if iteration > 0:
            where = self.stage, self.start, self.n_starts, iteration
            self.monitor._tell(Progress(*where, point.loss, self.best_loss))
