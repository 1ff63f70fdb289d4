"""What all commands share in printing: text and tables or JSON, errors, exit statuses.

Results go to standard output; progress, notes and errors go to standard error.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pureneuron.cli.wording import in_options
from pureneuron.display import progress_display
from pureneuron.model import TwoLayerNetwork
from pureneuron.progress import ProgressCallback
from pureneuron.results import Recovery, StageReport, Status

__all__ = [
    "BAD_INPUT",
    "INTERRUPTED",
    "NOT_RECOVERED",
    "OK",
    "exit_status",
    "json_ready",
    "network_record",
    "print_error",
    "print_json",
    "print_line",
    "print_note",
    "print_recovery",
    "print_stages",
    "print_table",
    "recovery_record",
    "stage_records",
    "terminal_progress",
]

OK, NOT_RECOVERED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def exit_status(status: Status) -> int:
    """Return the exit status of a command that ran and ended in ``status``."""
    return OK if status is Status.RECOVERED else NOT_RECOVERED


def json_ready(value: Any) -> Any:
    """Turn arrays into lists, statuses into names, and numbers that are not finite into None."""
    if isinstance(value, np.ndarray | np.generic):
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


def print_line(text: str = "", *, style: str | None = None) -> None:
    """Print a line of text as it is."""
    _out.print(Text(text, style=style or ""), soft_wrap=True)


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
    """Print a table; columns are numbers, to the right, except ``text_columns``."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        is_text = index in text_columns
        table.add_column(Text(heading), justify="left" if is_text else "right", no_wrap=not is_text)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    _out.print(table)


def print_stages(stages: Iterable[StageReport]) -> None:
    """Print the stage reports as a table."""
    rows = [(stage.name, in_options(stage.summary), f"{stage.seconds:.2f}") for stage in stages]
    print_table(("stage", "what it saw", "seconds"), rows, text_columns=(0, 1))


def print_recovery(recovery: Recovery, *, saved: Path | None = None) -> None:
    """Print a recovery: the status first, then what led to it."""
    colour = "green" if recovery.status is Status.RECOVERED else "yellow"
    _out.print(
        Text.assemble((recovery.status.name, f"bold {colour}"), f": {in_options(recovery.reason)}"),
        soft_wrap=True,
    )
    if recovery.status is not Status.RECOVERED:
        print_line(in_options(recovery.advice))
    print_stages(recovery.stages)
    for warning in recovery.warnings:
        print_line(f"Warning: {in_options(warning)}", style="yellow")
    for note in recovery.notes:
        print_line(f"Note: {in_options(note)}", style="yellow")
    print_line(
        f"Mean squared residual {recovery.loss:.6g} after {recovery.n_iter} iterations "
        f"and {recovery.n_passes} passes over the data"
    )
    print_line(f"{recovery.network!r}")
    if saved is not None:
        unsure = "" if recovery.status is Status.RECOVERED else ", which is NOT RECOVERED,"
        print_line(f"Wrote the network{unsure} to {saved}")


def stage_records(stages: Iterable[StageReport]) -> list[dict[str, Any]]:
    """Return the stage reports for JSON."""
    return [
        {
            "name": stage.name,
            "summary": in_options(stage.summary),
            "figures": stage.figures,
            "seconds": stage.seconds,
        }
        for stage in stages
    ]


def network_record(network: TwoLayerNetwork) -> dict[str, Any]:
    """Return a network for JSON."""
    names = ("A", "W", "hidden_bias", "output_bias", "negative_slope")
    return {name: getattr(network, name) for name in names}


def recovery_record(recovery: Recovery) -> dict[str, Any]:
    """Return a recovery for JSON."""
    return {
        "status": recovery.status,
        "reason": in_options(recovery.reason),
        "advice": in_options(recovery.advice),
        "certified": recovery.certified,
        "loss": recovery.loss,
        "n_iter": recovery.n_iter,
        "n_passes": recovery.n_passes,
        "warnings": [in_options(warning) for warning in recovery.warnings],
        "notes": [in_options(note) for note in recovery.notes],
        "network": network_record(recovery.network),
        "stages": stage_records(recovery.stages),
    }


@contextmanager
def terminal_progress(*, wanted: bool = True) -> Iterator[ProgressCallback | None]:
    """Draw progress if it is wanted and standard error is a terminal."""
    if wanted and sys.stderr.isatty():
        with progress_display(_err) as callback:
            yield callback
    else:
        yield None
