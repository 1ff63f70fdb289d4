"""Measure the parts that are asked for, and write tables and picture: see the package."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import certificate, counts, intervals, omitted, order, speed, units
from .picture import draw_picture
from .records import Part, Records, make
from .tables import head, row

__all__ = ["PARTS", "main"]

_MODULES = (intervals, omitted, counts, order, certificate, units, speed)
PARTS: dict[str, Part] = {part.name: part for module in _MODULES for part in module.PARTS}


@dataclass(frozen=True)
class Wish:
    """A part, and those of its cells that are wanted."""

    part: Part
    cells: tuple[str, ...]


def wishes(words: Sequence[str]) -> Iterator[Wish]:
    """Read ``part`` or ``part:cell``, where a piece of the name of a cell will do; all if none.

    Raises
    ------
    ValueError
        If there is no such part or cell.
    """
    for word in words or list(PARTS):
        name, _, piece = word.partition(":")
        if name not in PARTS:
            raise ValueError(f"there is no part {name!r}; there are {', '.join(PARTS)}")
        cells = tuple(cell for cell in PARTS[name].cells if piece in cell)
        if not cells:
            raise ValueError(f"no cell of {name} has {piece!r} in its name")
        yield Wish(PARTS[name], cells)


def markdown(stores: dict[str, Records]) -> str:
    """Return the page: what is asked for beside what is measured, and the tables of the parts."""
    lines = [
        "# Calibration",
        "",
        "Made by `make calibration`; a line of JSON for each fit is beside this page. ± is the "
        "Monte-Carlo standard error; where all or none are hits, the bound of the 95 % interval is "
        "given. Where several cells are asked for, the worst is shown. Bold: not reached.",
        "",
        *head("what", "must reach", "measured", "reached"),
    ]
    for part in PARTS.values():
        for asked in part.asked(stores[part.store]):
            reached = {None: "", True: "yes", False: "**no**"}[asked.reached]
            lines.append(row(asked.what, asked.wanted, asked.measured, reached))
    lines += ["", "![coverage, level and power](calibration.svg)"]
    for module in _MODULES:
        if not any(len(stores[part.store]) for part in module.PARTS):
            continue
        title, _, text = (module.__doc__ or "").partition("\n\n")
        lines += ["", f"## {title.rstrip('.')}", "", _told(text)]
        for part in module.PARTS:
            lines += ["", *part.lines(stores[part.store])]
    return "\n".join(lines).rstrip() + "\n"


def _told(text: str) -> str:
    """Return a docstring without the line that says how to run it."""
    told = text.partition("\n\n")[2] if text.lstrip().startswith("python -m") else text
    return told.strip().replace("``", "`")


def write(output: Path, stores: dict[str, Records]) -> None:
    """Write page and picture."""
    output.mkdir(parents=True, exist_ok=True)
    (output / "calibration.md").write_text(markdown(stores))
    draw_picture(stores, output / "calibration.svg")


def main() -> None:
    """Measure what is wanting, part by part."""
    parser = argparse.ArgumentParser(description="Calibration of errors, tests and certificate.")
    add = parser.add_argument
    add("cells", nargs="*", metavar="PART[:CELL]", help=f"of {', '.join(PARTS)}; all if none")
    add("--data-sets", type=int, help="a cell; the part's own number if left out")
    add("--output", type=Path, default=Path("docs/figures/calibration"))
    add("--table", action="store_true", help="only write page and picture of what there is")
    add("--again", action="store_true", help="repeat fits that ended in an error")
    options = parser.parse_args()
    try:
        wanted = list(wishes(options.cells))
    except ValueError as error:
        parser.error(str(error))
    names = {part.store for part in PARTS.values()}
    stores = {name: Records(options.output / f"{name}.jsonl") for name in names}
    if not options.table:
        for wish in wanted:
            part = wish.part
            if options.again:
                stores[part.store].forget_errors(wish.cells)
            n = part.data_sets if options.data_sets is None else options.data_sets
            print(f"{part.name}: {len(wish.cells)} cells of {n}", flush=True)
            make(part, stores[part.store], wish.cells, n)
            write(options.output, stores)
    write(options.output, stores)
    print(markdown(stores), end="")
