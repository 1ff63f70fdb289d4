"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import rich_click as click

from pureneuron.cli.models import MODEL_ENDING
from pureneuron.cli.wording import in_options
from pureneuron.samples import Dialect, memory_limit

__all__ = [
    "column_options",
    "count_or_auto",
    "file_options",
    "force_option",
    "groups_option",
    "json_option",
    "low_and_high",
    "memory_option",
    "model_option",
    "neurons_option",
    "numbers",
    "path_argument",
    "samples_argument",
    "seed_option",
    "slope_option",
    "slope_or_auto",
]

F = TypeVar("F", bound=Callable[..., Any])


Callback: TypeAlias = Callable[[click.Context, click.Parameter, str], int | Literal["auto"]]


def count_or_auto(least: int) -> Callback:
    """Return the callback of an option that takes an integer of at least ``least``, or auto."""

    def read(
        context: click.Context, parameter: click.Parameter, value: str
    ) -> int | Literal["auto"]:
        if value == "auto":
            return "auto"
        try:
            count = int(value)
        except ValueError:
            count = least - 1
        if count < least:
            raise click.BadParameter(
                f"an integer of at least {least} or 'auto' is expected, got {value!r}",
                context,
                parameter,
            )
        return count

    return read


def slope_or_auto(
    context: click.Context, parameter: click.Parameter, value: str
) -> float | Literal["auto"]:
    """Read an option that takes a number, or auto."""
    if value == "auto":
        return "auto"
    try:
        return float(value)
    except ValueError:
        raise click.BadParameter(
            f"a number or 'auto' is expected, got {value!r}", context, parameter
        ) from None


def numbers(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    """Read an option that takes finite numbers separated by commas."""
    if value is None:
        return None
    try:
        read = tuple(float(part) for part in value.split(","))
    except ValueError:
        read = ()
    if not read or not all(map(isfinite, read)):
        raise click.BadParameter(
            f"finite numbers separated by commas are expected, got {value!r}", context, parameter
        )
    return read


def low_and_high(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    """Read an option that takes two numbers, the smaller one first."""
    read = numbers(context, parameter, value)
    if read is not None and not (len(read) == 2 and read[0] < read[1]):
        raise click.BadParameter(
            f"two numbers are expected, the lower one first, got {value!r}", context, parameter
        )
    return read


def path_argument(name: str) -> Callable[[F], F]:
    """Return a file to read, checked when it is opened."""
    return click.argument(name, type=click.Path(path_type=Path))


def _part_of_dialect(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    """Read an option that says how text files are written."""
    try:
        Dialect(**{str(parameter.name): value})
    except ValueError as error:
        raise click.BadParameter(in_options(str(error)), context, parameter) from None
    return value


def _size(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Read an option that takes a size."""
    try:
        memory_limit(value)
    except ValueError as error:
        raise click.BadParameter(in_options(str(error)), context, parameter) from None
    return value


def samples_argument(command: F) -> F:
    """Take files, folders and patterns of samples, at least one."""
    # A path, so that shells complete it, and text, since it may be a pattern.
    return click.argument("samples", nargs=-1, required=True, type=click.Path())(command)


def file_options(command: F) -> F:
    """Add ``--filter``, ``--delimiter``, ``--decimal`` and ``--encoding``."""
    for option in (
        click.option(
            "--encoding",
            callback=_part_of_dialect,
            metavar="NAME",
            help="Encoding of text files: latin-1, …",
        ),
        click.option(
            "--decimal", type=click.Choice([".", ","]), help="Decimal sign of text files."
        ),
        click.option(
            "--delimiter",
            callback=_part_of_dialect,
            metavar="SIGN",
            help="What separates the columns of text files: one sign, or tab.",
        ),
        click.option(
            "--filter",
            metavar="EXPRESSION",
            help="Which rows: 'speed > 0.5 and trial != 3'; other names than words in backquotes.",
        ),
    ):
        command = option(command)
    return command


def memory_option(command: F) -> F:
    """Add ``--memory-limit``."""
    return click.option(
        "--memory-limit",
        callback=_size,
        metavar="SIZE",
        help="Samples that take more (1GiB, 500MB; half of what is free if left out) are read anew "
        "in each pass.",
    )(command)


def model_option(command: F) -> F:
    """Add ``-o``, where to write a network."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="MODEL",
        help=f"Write the network to this {MODEL_ENDING} file.",
    )(command)


def slope_option(command: F) -> F:
    """Add ``--negative-slope``, a number."""
    return click.option(
        "--negative-slope",
        type=click.FloatRange(-1.0, 1.0, min_open=True, max_open=True),
        default=0.0,
        show_default=True,
        help="Slope of the rectifier on its negative side.",
    )(command)


def neurons_option(automatic: str) -> Callable[[F], F]:
    """Return the option ``-k``; ``automatic`` says what auto does."""
    return click.option(
        "-k",
        "--neurons",
        "n_neurons",
        callback=count_or_auto(1),
        default="auto",
        show_default=True,
        metavar="N|auto",
        help=f"Number of hidden neurons; auto {automatic}.",
    )


def column_options(command: F) -> F:
    """Add ``--inputs``, ``--outputs`` and ``--weight``."""
    for option in (
        click.option("--weight", metavar="COLUMN", help="Column of sample weights."),
        click.option("--outputs", metavar="COLUMNS", help="Output columns; y0, y1, … if left out."),
        click.option(
            "--inputs",
            metavar="COLUMNS",
            help="Input columns: names, patterns (stim_*) or positions (0:64), separated by "
            "commas; x0, x1, … if left out.",
        ),
    ):
        command = option(command)
    return command


def groups_option(command: F) -> F:
    """Add ``--groups``."""
    return click.option(
        "--groups",
        metavar="COLUMN",
        help="Column of labels: rows of one group (session, trial, subject) may share noise.",
    )(command)


def force_option(command: F) -> F:
    """Add ``--force``."""
    return click.option("--force", is_flag=True, help="Replace files that exist.")(command)


def json_option(command: F) -> F:
    """Add ``--json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON for machines instead of text."
    )(command)


def seed_option(command: F) -> F:
    """Add ``--seed``; it has a value always, so that a command repeats."""
    return click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Random seed."
    )(command)
