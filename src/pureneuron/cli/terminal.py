"""What all commands share in printing: lines, tables, JSON, errors, exit statuses.

Results go to standard output; progress, notes and errors go to standard error. No numerics are
imported here: help and completion need none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pureneuron.display import progress_display
from pureneuron.progress import ProgressCallback

__all__ = [
    "BAD_INPUT",
    "INTERRUPTED",
    "NOT_RECOVERED",
    "OK",
    "json_ready",
    "print_error",
    "print_json",
    "print_line",
    "print_note",
    "print_table",
    "terminal_progress",
]

_LONGEST_WORD = 12  # that a narrow table keeps in one piece

OK, NOT_RECOVERED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def json_ready(value: Any) -> Any:
    """Turn arrays into lists, statuses into names, and numbers that are not finite into None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): json_ready(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(part) for part in value]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def print_json(record: Mapping[str, Any]) -> None:
    """Print ``record`` as one JSON object."""
    _out.out(json.dumps(json_ready(record), allow_nan=False), highlight=False)


def print_line(*parts: str | tuple[str, str], style: str = "") -> None:
    """Print a line of text as it is; parts may have a style of their own, ``(text, style)``."""
    _out.print(Text.assemble(*parts, style=style), soft_wrap=True)


def print_note(text: str) -> None:
    """Print what the user should know besides, to standard error."""
    _err.print(Text(f"Note: {' '.join(text.split())}", style="yellow"), soft_wrap=True)


def print_error(text: str, *, as_json: bool) -> None:
    """Print an error: a line on standard error, or JSON on standard output."""
    text = " ".join(text.split())
    if as_json:
        print_json({"error": text})
    else:
        _err.print(Text.assemble(("Error: ", "bold red"), text), soft_wrap=True)


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, text_columns: Sequence[int] = ()
) -> None:
    """Print a table; columns are numbers, to the right, except ``text_columns``.

    Cells of several words are wrapped where the terminal is narrow. Nothing is cut: numbers stay in
    one piece, and a table of many goes beyond the edge.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    rows = list(rows)
    for index, heading in enumerate(headings):
        is_text = index in text_columns
        wraps = is_text or any(" " in row[index] for row in rows)
        words = [word for cell in (heading, *(row[index] for row in rows)) for word in cell.split()]
        longest = max(map(cell_len, words), default=0)
        table.add_column(
            Text(heading),
            justify="left" if is_text else "right",
            overflow="fold",
            no_wrap=not wraps,
            min_width=min(longest, _LONGEST_WORD) if wraps else None,
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    if _least_width(table) > _out.width:
        table.padding = (0, 0)
    _out.print(table, width=max(_least_width(table), _out.width), crop=False)


def _least_width(table: Table) -> int:
    """Return how wide the table is if what can be wrapped is."""
    between = 1 + table.padding[1] + table.padding[3]
    widths = (
        column.min_width or max(map(cell_len, map(str, (column.header, *column.cells))))
        for column in table.columns
    )
    return sum(widths) + between * len(table.columns) + 1


@contextmanager
def terminal_progress(*, wanted: bool = True) -> Iterator[ProgressCallback | None]:
    """Show progress on standard error if it is wanted."""
    if wanted:
        with progress_display(_err) as callback:
            yield callback
    else:
        yield None
