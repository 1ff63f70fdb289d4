"""Make all runs, one after another, and the table of them.

    python -m benchmarks.peers.run

writes ``peers.json`` and ``peers.md``. It can be stopped at any time: what has been measured is
kept, and the next call goes on from there. ``--again ours`` measures a method anew after a change,
``--alone`` those runs during which other processes were at work.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from .machine import Bystanders, describe, pin
from .methods import METHODS
from .problems import CELLS, Cell
from .runs import Run, Runs, disturbed
from .table import markdown

Task: TypeAlias = dict[str, Any]

# A run that is this close to the best known has shown all there is to show.
_CLOSE = 1e-5
# A fit looks at the clock when it has a loss, which may be long after its budget.
_PATIENCE = 3_600.0


def main() -> None:
    """Parse the options, make what runs are wanting, write the table."""
    options = _options()
    pin(options.threads)
    try:
        runs = Runs(options.output / "peers.json", describe(options.threads))
    except ValueError as error:
        sys.exit(str(error))
    cells = [CELLS[name] for name in options.cells]
    again = set(options.again)
    runs.drop(
        lambda run: (
            run["method"] in again
            and run["cell"]["name"] in options.cells
            and run["seed"] < options.seeds
        )
    )
    methods = [name for name in METHODS if name in {"reference", *again, *options.methods}]
    for cell in cells:
        for seed in range(options.seeds):
            # A second look: the first may have found a better best.
            for _ in range(2):
                for task in wanting(runs, cell, seed, methods, options.budget, options.alone):
                    run = measure(task)
                    runs.add(run)
                    print(_described(run), flush=True)
        (options.output / "peers.md").write_text(markdown(runs))
    print(markdown(runs), end="")


def wanting(
    runs: Runs, cell: Cell, seed: int, methods: Sequence[str], budget: float, alone: bool
) -> Iterator[Task]:
    """Yield the tasks of one problem that have yet to be done, each in the light of those before.

    A peer may stop as soon as it is as good as makes no difference; the fits that others are
    measured against come first, and run to their end.
    """
    for name in methods:
        method = METHODS[name]
        if not method.applies(cell):
            continue
        for setting in method.settings:
            if runs.settled(cell, seed, name, setting, budget, alone):
                continue
            stop_at = (1.0 + _CLOSE) * runs.best_known(cell, seed)
            yield {
                "cell": asdict(cell),
                "seed": seed,
                "method": name,
                "setting": setting,
                "budget": budget,
                "stop_at": None if method.to_its_end else stop_at,
            }


def measure(task: Task) -> Run:
    """Do a task in a process of its own; an error becomes part of the record."""
    record = {**task, "versions": METHODS[task["method"]].versions}
    bystanders = Bystanders()
    try:
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.peers.single"],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=task["budget"] + _PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return {**record, "error": "TimeoutError: no end in sight"}
    if process.returncode:
        last = process.stderr.strip().splitlines()[-1:] or [f"exit status {process.returncode}"]
        return {**record, "error": last[0]}
    outcome = json.loads(process.stdout.splitlines()[-1])
    return {**record, "bystanders": bystanders.processors(), **outcome}


def _described(run: Run) -> str:
    task = f"{time.strftime('%H:%M:%S')} {run['cell']['name']} seed {run['seed']} {run['method']}"
    if run["setting"]:
        task += f" ({run['setting']})"
    if "error" in run:
        return f"{task}: {run['error']}"
    fits = f" in {run['n_fits']} fits" if run["n_fits"] > 1 else ""
    if disturbed(run):
        fits += f", disturbed: others used {run['bystanders']:g} processors"
    return f"{task}: loss {run['final']:.8g} after {run['seconds']:.3g} s{fits}"


def _options() -> argparse.Namespace:
    standard = [name for name, cell in CELLS.items() if not cell.optional]
    cells: dict[str, Any] = {"nargs": "+", "choices": CELLS, "metavar": "CELL"}
    methods: dict[str, Any] = {"nargs": "+", "choices": METHODS, "metavar": "METHOD"}
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    add = parser.add_argument
    add("--cells", **cells, default=standard, help=f"of {', '.join(CELLS)}")
    add("--methods", **methods, default=list(METHODS), help=f"of {', '.join(METHODS)}")
    add("--again", **methods, default=[], help="methods to measure anew, of the same")
    add("--seeds", type=int, default=3, help="problems a cell")
    add("--budget", type=float, default=60.0, help="seconds a fit and setting")
    add("--alone", action="store_true", help="repeat runs that other processes disturbed")
    add("--threads", type=int, default=2, help="threads for every method")
    add("--output", type=Path, default=Path("docs/figures"), help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
