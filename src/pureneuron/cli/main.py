"""The command group, and the one place where errors become a line of text and an exit status.

Exit statuses: 0, the network is recovered (or the command did what it was asked); 1, it ran and
says that the network is not recovered; 2, bad usage or bad input; 130, interrupted.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from io import TextIOWrapper
from typing import NoReturn, TextIO

import rich_click as click

from pureneuron.cli.compare import compare
from pureneuron.cli.demo import demo
from pureneuron.cli.diagnose import diagnose
from pureneuron.cli.examples import ALL, GROUPS, HELP
from pureneuron.cli.fit import fit
from pureneuron.cli.identify import identify
from pureneuron.cli.merge import merge
from pureneuron.cli.moments import moments
from pureneuron.cli.output import (
    BAD_INPUT,
    INTERRUPTED,
    NOT_RECOVERED,
    OK,
    print_error,
    print_note,
)
from pureneuron.cli.plot import plot
from pureneuron.cli.predict import predict
from pureneuron.cli.report import report
from pureneuron.cli.solve import solve
from pureneuron.cli.wording import in_options, request_in_options
from pureneuron.identify import BoxError
from pureneuron.samples import UnclearColumns

__all__ = ["main", "run"]

NAME = "pureneuron"  # Also where it runs as python -m pureneuron.


@click.group(
    context_settings={
        "help_option_names": ["-h", "--help"],
        "rich_help_config": click.RichHelpConfiguration(
            command_groups={
                NAME: [{"name": name, "commands": names} for name, names in GROUPS.items()]
            }
        ),
    },
    epilog=ALL.epilog,
)
@click.version_option(version("pureneuron"), prog_name=NAME)
def commands() -> None:
    """Recover the weights of a two-layer ReLU network y = A σ(W x + b) + c.

    From samples (fit), or by questions to a function that can be asked (identify).
    """


_OF_SAMPLES = (fit, diagnose, moments, merge, solve)
_OF_MODELS = (identify, predict, compare, report, plot)
for command in (*_OF_SAMPLES, *_OF_MODELS, demo):
    command.epilog = HELP[str(command.name)].epilog
    commands.add_command(command)


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    for stream in (sys.stdout, sys.stderr):
        # A pipe may have an encoding without σ or →: a mark in their place is better than an error.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments`` and return the exit status."""
    as_json = "--json" in arguments
    try:
        with _warnings_as_notes():
            status = commands.main(list(arguments), NAME, standalone_mode=False)
    except click.Abort:
        print_error("interrupted", as_json=as_json)
        return INTERRUPTED
    except click.ClickException as error:
        print_error(error.format_message() + _where_to_look(error), as_json=as_json)
        return BAD_INPUT
    except UnclearColumns as error:
        print_error(request_in_options(error), as_json=as_json)
        return BAD_INPUT
    except TimeoutError as error:
        print_error(in_options(str(error)), as_json=as_json)
        return NOT_RECOVERED
    except (ValueError, ImportError, OSError, BoxError) as error:
        print_error(_one_line(error), as_json=as_json)
        return BAD_INPUT
    return status if isinstance(status, int) else OK


def _where_to_look(error: click.ClickException) -> str:
    """Return which help lists the names, after one that does not exist."""
    unknown = str(error.format_message()).startswith("No such ")
    context = getattr(error, "ctx", None)
    return f" '{context.command_path} --help' lists them." if unknown and context else ""


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


@contextmanager
def _warnings_as_notes() -> Iterator[None]:
    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        print_note(str(message))

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
