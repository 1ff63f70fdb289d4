"""Making many fits, and keeping a line of JSON for each, so that a stop costs nothing.

A fit that ends in an error, or has no end, is a record like any other, with the field ``error``.
"""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

from benchmarks.parallel import in_parallel

__all__ = ["Asked", "Part", "Record", "Records", "Task", "make", "measure", "time_limit"]

Record: TypeAlias = dict[str, Any]
Run: TypeAlias = Callable[[str, int], Record]


@dataclass(frozen=True)
class Asked:
    """A line of the summary: what must be reached, and what is measured.

    ``reached`` is None where nothing has been measured.
    """

    what: str
    wanted: str
    measured: str
    reached: bool | None


@dataclass(frozen=True)
class Part:
    """A part of the benchmark.

    Attributes
    ----------
    name : str
        As it is asked for.
    cells : tuple of str
        Its cells.
    data_sets : int
        Data sets of each.
    run : callable
        Cell and number of the data set to a record. A function of a module.
    lines : callable
        The records to the lines of its tables.
    asked : callable
        The records to its lines of the summary.
    store : str
        Name of the file; parts that make the same fits share one.
    limit : float
        Seconds after which a fit is given up.
    alone : bool
        Whether fits are timed, and so made one after another.
    """

    name: str
    cells: tuple[str, ...]
    data_sets: int
    run: Run
    lines: Callable[[Records], Iterable[str]]
    asked: Callable[[Records], Iterable[Asked]]
    store: str
    limit: float = 300.0
    alone: bool = False


@dataclass(frozen=True)
class Task:
    """One data set to be measured."""

    run: Run
    cell: str
    seed: int
    limit: float


class Records:
    """The records in a file with a line of JSON each; the file need not exist."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.all: list[Record] = []
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    self.all.append(json.loads(line))
                except json.JSONDecodeError:
                    continue  # cut short by a stop: that data set is measured again
            self._save()

    def __len__(self) -> int:
        return len(self.all)

    def of(self, cell: str) -> list[Record]:
        """Return the records of a cell that did not end in an error."""
        return [each for each in self.all if each["cell"] == cell and "error" not in each]

    def errors(self, cells: Sequence[str] | None = None) -> list[Record]:
        """Return the records that did, of some cells or of all."""
        return [r for r in self.all if "error" in r and (cells is None or r["cell"] in cells)]

    def add(self, record: Record) -> None:
        """Keep a record, and write it at once."""
        record = _short(record)
        self.all.append(record)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")

    def forget_errors(self, cells: Iterable[str]) -> None:
        """Forget the fits of some cells that ended in an error, so that they are made again."""
        chosen = set(cells)
        self.all = [r for r in self.all if not ("error" in r and r["cell"] in chosen)]
        self._save()

    def wanting(self, part: Part, cells: Iterable[str], n: int) -> list[Task]:
        """Return what is to be measured yet, cells side by side."""
        done = {(each["cell"], each["seed"]) for each in self.all}
        chosen = list(cells)
        return [
            Task(part.run, cell, seed, part.limit)
            for seed in range(n)
            for cell in chosen
            if (cell, seed) not in done
        ]

    def _save(self) -> None:
        if not self.all:
            self.path.unlink(missing_ok=True)
            return
        partial = self.path.with_suffix(".partial")
        partial.write_text("".join(json.dumps(each) + "\n" for each in self.all))
        partial.replace(self.path)


def make(part: Part, records: Records, cells: Iterable[str], n: int) -> None:
    """Measure what is wanting of a part."""
    tasks = records.wanting(part, cells, n)
    results = map(measure, tasks) if part.alone else in_parallel(measure, tasks)
    for record in results:
        records.add(record)


def measure(task: Task) -> Record:
    """Do a task; an error becomes part of the record."""
    started = time.perf_counter()
    try:
        with time_limit(task.limit):
            found = task.run(task.cell, task.seed)
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    seconds = time.perf_counter() - started
    return {"cell": task.cell, "seed": task.seed, "seconds": seconds, **found}


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError where the work takes longer; limits do not nest."""

    def give_up(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"no end after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _short(value: Any) -> Any:
    """Round numbers to six digits, for small files."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else value
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_short(each) for each in value]
    return value
