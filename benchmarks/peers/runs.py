"""All runs so far: read, judged, and written back after each one, so that a stop costs nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from .methods import METHODS
from .problems import Cell

__all__ = ["DISTURBING", "TOLERANCE", "Run", "Runs", "disturbed", "time_to"]

Run: TypeAlias = dict[str, Any]

TOLERANCE = 1e-4
# A run is disturbed if others kept more than so many of its processors busy.
DISTURBING = 0.2


class Runs:
    """The runs in a JSON file: an object with the machine and, one a line, the runs.

    Parameters
    ----------
    path : Path
        The file; it need not exist.
    machine : dict
        Where this session measures. Times of different machines do not compare.

    Raises
    ------
    ValueError
        If the file was measured on another machine or with another number of threads.
    """

    def __init__(self, path: Path, machine: dict[str, Any]) -> None:
        self.path, self.machine = path, machine
        self.all: list[Run] = []
        if path.exists():
            stored = json.loads(path.read_text())
            if stored["machine"] != machine:
                raise ValueError(
                    f"{path} was measured on {stored['machine']}, this is {machine}: "
                    "move it away, or give another --output"
                )
            self.all = stored["runs"]

    def failures(self, cell: Cell) -> list[Run]:
        """Return the runs of a cell that ended in an error; ``--again`` repeats them."""
        return [run for run in self.all if run["cell"] == asdict(cell) and "error" in run]

    def of(self, cell: Cell, seed: int | None = None, method: str | None = None) -> list[Run]:
        """Return the runs that went well, of a cell, or of one problem, or of one method."""
        described = asdict(cell)
        return [
            run
            for run in self.all
            if run["cell"] == described
            and seed in (None, run["seed"])
            and method in (None, run["method"])
            and "error" not in run
        ]

    def best_known(self, cell: Cell, seed: int) -> float:
        """Return the lowest final loss of all who fitted the same model to this problem."""
        finals = (r["final"] for r in self.of(cell, seed) if METHODS[r["method"]].same_model)
        return min(finals, default=math.inf)

    def target(self, cell: Cell, seed: int) -> float:
        """Return the loss that is to be reached."""
        return (1.0 + TOLERANCE) * self.best_known(cell, seed)

    def settled(
        self, cell: Cell, seed: int, method: str, setting: str, budget: float, alone: bool
    ) -> bool:
        """Whether there is a run that need not be repeated.

        One that falls short must be where it had less time than it would have now, or was stopped
        because it had reached what was the best known then. With ``alone``, one that others
        disturbed is to be repeated in any case.
        """
        for run in self.all:
            if _task(run) == (asdict(cell), seed, method, setting):
                if alone and disturbed(run):
                    return False
                if METHODS[method].to_its_end or "error" in run:
                    return True
                reached = time_to(run, self.target(cell, seed)) < math.inf
                stopped = time_to(run, run["stop_at"]) < math.inf
                return reached or not (stopped or run["budget"] < budget)
        return False

    def add(self, run: Run) -> None:
        """Keep a run, in place of the one of the same task, and write the file."""
        self.drop(lambda old: _task(old) == _task(run))
        self.all.append(run)
        self.save()

    def drop(self, unwanted: Callable[[Run], bool]) -> None:
        """Forget runs."""
        self.all = [run for run in self.all if not unwanted(run)]

    def save(self) -> None:
        """Write the file, never half of it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text("\n".join(self._lines()) + "\n")
        partial.replace(self.path)

    def _lines(self) -> Iterable[str]:
        yield f'{{"machine": {json.dumps(self.machine)}, "runs": ['
        last = len(self.all) - 1
        for i, run in enumerate(self.all):
            yield json.dumps(run) + ("," if i < last else "")
        yield "]}"


def disturbed(run: Run) -> bool:
    """Whether other processes took so much that its times mean little."""
    return "error" not in run and (run["bystanders"] or 0.0) > DISTURBING


def time_to(run: Run, target: float) -> float:
    """Return the seconds until a run's loss was at most ``target``; infinity if it never was."""
    return next((seconds for seconds, loss in run["points"] if loss <= target), math.inf)


def _task(run: Run) -> tuple[object, ...]:
    return run["cell"], run["seed"], run["method"], run["setting"]
