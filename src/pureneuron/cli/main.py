"""The command group, and the one place where errors become an exit status.

Exit statuses: 0, the network is recovered (or the command did what it was asked); 1, it ran and
says that the network is not recovered; 2, bad usage or bad input; 130, interrupted.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from typing import NoReturn, TextIO

import rich_click as click

from pureneuron.cli.examples import ALL, GROUPS, HELP
from pureneuron.cli.terminal import BAD_INPUT, INTERRUPTED, OK, print_error, print_note

__all__ = ["commands", "imported", "main", "run"]

NAME = "pureneuron"  # Also where it runs as python -m pureneuron.


class _Commands(click.RichGroup):
    """The subcommands: a list of names and summaries, and what runs is imported.

    The numerics take seconds to import; help and completion do not wait for them.
    """

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, listed, rest = super().resolve_command(ctx, args)
        return name, None if listed is None else imported(str(listed.name)), rest


def imported(name: str) -> click.Command:
    """Return the subcommand ``name`` with all that it needs."""
    command: click.Command = getattr(import_module(f"pureneuron.cli.{name}"), name)
    command.epilog = HELP[name].epilog
    return command


@click.group(
    cls=_Commands,
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


for name, its_help in HELP.items():
    commands.add_command(click.RichCommand(name=name, short_help=its_help.summary))


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
    except Exception as error:
        from pureneuron.cli.errors import EXPECTED, line_and_status

        if not isinstance(error, EXPECTED):
            raise
        text, status = line_and_status(error)
        print_error(text, as_json=as_json)
    return status if isinstance(status, int) else OK


def _where_to_look(error: click.ClickException) -> str:
    """Return which help lists the names, after one that does not exist."""
    unknown = str(error.format_message()).startswith("No such ")
    context = getattr(error, "ctx", None)
    return f" '{context.command_path} --help' lists them." if unknown and context else ""


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
