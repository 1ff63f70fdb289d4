"""``--report`` and the shape in which inputs are shown."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from pureneuron.cli.models import check_output
from pureneuron.cli.terminal import print_line
from pureneuron.cli.wording import in_options
from pureneuron.plot.fitted import check_shape
from pureneuron.recovery import Recovery
from pureneuron.report import check_installed, write_report

__all__ = ["WantedReport", "image_shape_option", "lags_option", "report_options"]

F = TypeVar("F", bound=Callable[..., Any])

_ENDINGS = (".html", ".htm")


@dataclass(frozen=True)
class WantedReport:
    """A report that is to be written.

    Attributes
    ----------
    path : Path
        Where to.
    image_shape, lags
        As :meth:`pureneuron.recovery.Recovery.report` takes them.
    """

    path: Path
    image_shape: tuple[int, int] | None = None
    lags: int | None = None

    def check(self, *, force: bool) -> None:
        """Refuse, before any work is done, a report that could not be written after it."""
        check_output(self.path, force=force, endings=_ENDINGS)
        check_installed()

    def check_inputs(self, n_inputs: int) -> None:
        """Refuse a shape that the inputs do not have."""
        check_shape(n_inputs, self.image_shape, self.lags)

    def write(self, recovery: Recovery, *, quiet: bool = False) -> None:
        """Write it, with the command line that repeats it."""
        recovery = replace(recovery, call=_to_repeat(sys.argv[1:]))
        write_report(
            recovery,
            self.path,
            image_shape=self.image_shape,
            lags=self.lags,
            worded=in_options,
        )
        if not quiet:
            print_line(f"Wrote the report to {self.path}")


def _to_repeat(arguments: Sequence[str]) -> str:
    """Return the command line that does the same again; by then its files are there."""
    force = [] if "--force" in arguments else ["--force"]
    return shlex.join(["pureneuron", *arguments, *force])


def report_options(command: F) -> F:
    """Add ``--report``, ``--image-shape`` and ``--lags``; the command takes a ``report``."""

    @wraps(command)
    def with_report(
        report: Path | None, image_shape: tuple[int, int] | None, lags: int | None, **values: Any
    ) -> Any:
        if report is None and (image_shape is not None or lags is not None):
            raise click.UsageError(
                "--image-shape and --lags say how --report shows inputs: add --report PAGE"
            )
        wanted = None if report is None else WantedReport(report, image_shape, lags)
        if wanted is not None:
            wanted.check(force=values["force"])
        return command(report=wanted, **values)

    option = click.option(
        "--report",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="PAGE",
        help="Write a report, one .html page to look at and to send.",
    )
    return option(image_shape_option(lags_option(with_report)))  # type: ignore[return-value]


def image_shape_option(command: F) -> F:
    """Add ``--image-shape``."""
    return click.option(
        "--image-shape",
        callback=_height_and_width,
        metavar="HEIGHTxWIDTH",
        help="Inputs are an image of this shape: units are shown as images, 8x8.",
    )(command)


def lags_option(command: F) -> F:
    """Add ``--lags``."""
    return click.option(
        "--lags",
        type=click.IntRange(min=1),
        metavar="N",
        help="Inputs are N lags of one or several stimuli, all of the first lag first: units are "
        "shown over lags and places.",
    )(command)


def _height_and_width(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    if value is None:
        return None
    found = re.fullmatch(r"(\d+)[x×](\d+)", value)
    if found is None or "0" in found.groups():
        raise click.BadParameter(
            f"height and width are expected, such as 8x8, got {value!r}", context, parameter
        )
    return int(found[1]), int(found[2])
