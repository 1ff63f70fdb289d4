"""Data larger than memory: all figures of ``docs/figures/scale.md``.

    python -m benchmarks.scale.run [--only CELL ...] [--again CELL ...] [--rows 50000000]
                                   [--folder DIR] [--output docs/figures]

writes ``scale.md`` and ``scale.json``. The data, 80 bytes a row, are drawn once into the folder; a
temporary one is used, and removed, if none is given. Each fit runs in a process of its own. Cells
that are in ``scale.json`` are not measured again: stopped, it goes on where it was.

- *files*: a folder of 20 Parquet files, 10 inputs, neurons and outputs, noise 0.1, ``memory_limit``
  1 GiB, which the last of them does not reach. *Error*: the largest difference to the truth of an
  entry of W, whose rows have unit length.
- *rates*: the first pass, which checks the data and sums up second moments, beside Arrow reading
  the same columns, and beside the products of second moments alone.
- *memory*: rows in memory, beside a loop in NumPy that makes only the products of as many passes.
- *torch*: PyTorch with a data loader over the same files, to a loss of all rows that is no more
  than 1 + 1e-4 times that of the fit, on fewer rows, for no longer than the limit.
- *equal*: networks from the same rows in other formats, at other sizes of batches, and on workers
  of Dask: the largest relative difference to that from Parquet.
- *open*: a Parquet file of 60,000 columns and few rows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.scale.data import Folder
from benchmarks.scale.equal import largest_differences
from benchmarks.scale.opening import seconds_to_open

from pureneuron import TwoLayerNetwork

Cell = dict[str, Any]
PEER_ROWS = 2_000_000
PEER_LIMIT = 150.0
MEMORY_ROWS = 10_000_000


def ran(module: str, *arguments: object) -> Cell:
    """Run a module of this package in a process of its own; return what it prints."""
    command = [sys.executable, "-m", f"benchmarks.scale.{module}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    told: Cell = json.loads(done.stdout.splitlines()[-1])
    return told


def fitted(folder: Path, data: Folder, *options: object) -> Cell:
    """Fit the files of a data set; add how far the network is from the truth."""
    path = data.written(folder)
    with tempfile.TemporaryDirectory() as own:
        saved = Path(own) / "network.safetensors"
        biases = ["--biases"] if data.biases else []
        told = ran("fit", path, *biases, "--neurons", data.size, "--save", saved, *options)
        network, truth = TwoLayerNetwork.load(saved), data.teacher.normalized()
    told["rows"] = data.n_rows
    told["rows_s"] = data.n_rows / told["seconds"]
    told["megabytes"] = sum(f.stat().st_size for f in path.glob("*.parquet")) / 1e6
    own_match = truth.match(network).permutation
    told["error"] = float(np.abs(network.permuted(own_match).W - truth.W).max())
    return told


def in_memory(folder: Path, rows: int) -> Cell:
    """Fit rows in memory, beside a loop that makes only the products."""
    data = Folder(rows)
    own = folder / f"arrays-{rows}"
    if not (own / "Y.npy").exists():
        own.mkdir(parents=True, exist_ok=True)
        for name, M in zip("XY", data.arrays(), strict=True):
            np.save(own / f"{name}.npy", M)
    told = ran("fit", own, "--arrays")
    told |= {"rows": rows, "products": ran("products", own)["seconds"]}
    told["data_mib"] = sum(f.stat().st_size for f in own.iterdir()) / 2**20
    told["ratio"] = told["seconds"] / told["products"]
    return told


def beside_torch(folder: Path, rows: int, method: str, *, biases: bool) -> Cell:
    """Train on the files of a smaller data set until the loss of the fit is reached."""
    data = Folder(rows, biases=biases)
    own = fitted(folder, data, "--memory-limit", "200MiB")
    target = own["loss"] * (1.0 + 1e-4)
    options = ["--biases"] if biases else []
    told = ran(
        "peers", data.written(folder), method, "--target", target, "--limit", PEER_LIMIT, *options
    )
    return {"rows": rows, "ours": own["seconds"], "ratio": told["seconds"] / own["seconds"], **told}


def cells(folder: Path, rows: int) -> dict[str, Callable[[], Cell]]:
    """Return what can be measured, by name."""
    made: dict[str, Callable[[], Cell]] = {
        "files": lambda: fitted(folder, Folder(rows)),
        "files-biased": lambda: fitted(folder, Folder(rows, biases=True)),
        "files-tenth": lambda: fitted(folder, Folder(rows // 10)),
        "rates": lambda: ran("rates", Folder(rows // 5).written(folder)),
        "memory": lambda: in_memory(folder, MEMORY_ROWS),
        "equal": lambda: largest_differences(folder),
        "open": seconds_to_open,
    }
    for method in ("adam", "lbfgs"):
        for biases in (False, True):
            name = f"torch-{method}" + ("-biased" if biases else "")
            made[name] = lambda m=method, b=biases: beside_torch(folder, PEER_ROWS, m, biases=b)
    return made


@contextmanager
def place(folder: str | None) -> Iterator[Path]:
    """Return the folder for the data, a temporary one if there is none."""
    if folder is not None:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory() as own:
        yield Path(own)


def main() -> None:
    """Measure what has not been measured, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--again", nargs="*", default=[])
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--folder")
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()
    kept = options.output / "scale.json"
    known: dict[str, Cell] = json.loads(kept.read_text()) if kept.exists() else {}
    with place(options.folder) as folder:
        for name, measure in cells(folder, options.rows).items():
            if (options.only and name not in options.only) or (
                name in known and name not in options.again
            ):
                continue
            start = time.perf_counter()
            known[name] = measure()
            print(name, known[name], f"({time.perf_counter() - start:.0f} s)", flush=True)
            kept.write_text(json.dumps(known, indent=1))
            (options.output / "scale.md").write_text(table(known))


def table(known: dict[str, Cell]) -> str:
    """Return the figures as Markdown."""
    usage = (__doc__ or "").split("\n\n", 1)[1]
    lines = ["# Data larger than memory", "", "`make bench-scale` measures these.", ""]
    lines += [usage.split("\n\n", 1)[1].strip(), ""]
    lines += [
        "## Fits",
        "",
        "| cell | rows | seconds | passes | peak MiB | status | largest error |",
    ]
    lines += ["|---|---|---|---|---|---|---|"]
    for name in ("files", "files-biased", "files-tenth"):
        if cell := known.get(name):
            lines.append(
                f"| {name} | {cell['rows']:,} | {cell['seconds']:.0f} | {cell['passes']} | "
                f"{cell['peak_mib']:.0f} | {cell['status']} | {cell['error']:.1e} |"
            )
    if cell := known.get("memory"):
        lines += [
            "",
            "## In memory",
            "",
            f"{cell['rows']:,} rows: {cell['seconds']:.1f} s, the products alone "
            f"{cell['products']:.1f} s: {cell['ratio']:.2f} times. "
            f"Peak {cell['peak_mib']:.0f} MiB, before the fit {cell['before_mib']:.0f}, "
            f"the data {cell['data_mib']:.0f}.",
        ]
    if cell := known.get("rates"):
        lines += [
            "",
            "## The first pass",
            "",
            f"{cell['moments'] / 1e6:.1f} million rows a second; Arrow alone "
            f"{cell['scan'] / 1e6:.1f}, products alone {cell['products'] / 1e6:.1f}: "
            f"{cell['moments'] / min(cell['scan'], cell['products']):.0%} of the slower.",
        ]
    torch = {name: cell for name, cell in known.items() if name.startswith("torch")}
    if torch:
        lines += ["", "## Beside PyTorch", ""]
        lines += ["| cell | rows | ours | PyTorch | ratio | passes | excess |"]
        lines += ["|---|---|---|---|---|---|---|"]
        for name, cell in torch.items():
            more = "" if cell["reached"] else "> "
            lines.append(
                f"| {name} | {cell['rows']:,} | {cell['ours']:.1f} s | {more}{cell['seconds']:.0f} "
                f"s | {more}{cell['ratio']:.0f} | {cell['passes']} | {cell['excess']:.1e} |"
            )
    if cell := known.get("equal"):
        lines += [
            "",
            "## The same rows elsewhere",
            "",
            "| source | largest difference |",
            "|---|---|",
        ]
        lines += [f"| {name} | {value:.1e} |" for name, value in cell.items()]
    if cell := known.get("open"):
        lines += ["", "## Opening", ""]
        lines += [
            f"{cell['columns']:,} columns: {cell['ours']:.2f} s, Arrow alone {cell['arrow']:.2f} s."
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
