"""``pureneuron plot``: a picture of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import rich_click as click

from pureneuron import plot as pictures
from pureneuron.cli.models import Model, check_output, check_sizes, columns_of, load_model
from pureneuron.cli.options import (
    column_options,
    file_options,
    force_option,
    json_option,
    path_argument,
    samples_argument,
)
from pureneuron.cli.reporting import image_shape_option, lags_option
from pureneuron.cli.terminal import OK, print_json, print_line
from pureneuron.cli.wording import telling_options
from pureneuron.plot.fitted import names_of
from pureneuron.row_sample import RowSample
from pureneuron.samples import read_samples
from pureneuron.samples.writing import complete_file

__all__ = ["plot", "save_picture"]

_ENDINGS = (".png", ".svg", ".pdf")


class _Named:
    """A network with the names of its columns, as pictures take it."""

    standard_errors, stages = None, ()

    def __init__(self, model: Model, rows: RowSample | None = None) -> None:
        inputs, outputs = names_of(model.network)
        self.network, self.rows = model.network, rows
        self.input_names = model.input_names or inputs
        self.output_names = model.output_names or outputs


@click.group()
def plot() -> None:
    """Draw a picture of MODEL, a .safetensors file: a .png, .svg or .pdf file.

    The spectrum and the tests of numbers of neurons are not in MODEL: a report draws them.
    """


def _draws(name: str) -> Callable[[Callable[..., Any]], Callable[..., int]]:
    """Make a command of a function that draws: it gets -o, --force and --json, and writes."""

    def command(draw: Callable[..., Any]) -> Callable[..., int]:
        @wraps(draw)
        def written(output: Path, force: bool, as_json: bool, **values: Any) -> int:
            check_output(output, force=force, endings=_ENDINGS)
            with telling_options():
                display = draw(**values)
            save_picture(display, output)
            if as_json:
                print_json({"picture": output})
            else:
                print_line(f"Wrote the picture to {output}")
            return OK

        output = click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="PICTURE",
            default=Path(f"{name}.png"),
            show_default=True,
            help="Where to write the picture.",
        )
        return output(force_option(json_option(written)))

    return command


@plot.command()
@path_argument("model")
@click.option("--neurons", metavar="NUMBERS", help="Which units, 0,3,5; all if left out.")
@image_shape_option
@lags_option
@_draws("units")
def units(model: Path, neurons: str | None, **shape: Any) -> pictures.UnitsDisplay:
    """Draw the units of MODEL: as bars, as images, or over lags and places."""
    chosen = None if neurons is None else _numbers(neurons)
    return pictures.units(_Named(load_model(model)), neurons=chosen, **shape)


@plot.command()
@path_argument("model")
@_draws("mixing")
def mixing(model: Path) -> pictures.MixingDisplay:
    """Draw what each unit of MODEL adds to each output."""
    return pictures.mixing(_Named(load_model(model)))


@plot.command()
@path_argument("model")
@image_shape_option
@lags_option
@_draws("linear")
def linear(model: Path, **shape: Any) -> pictures.LinearDisplay:
    """Draw the linear part of MODEL: what inputs add to each output past the units."""
    return pictures.linear(_Named(load_model(model)), **shape)


@plot.command()
@path_argument("model")
@samples_argument
@click.option("--of", metavar="COLUMN", help="Which output; the first if left out.")
@column_options
@file_options
@_draws("residuals")
def residuals(
    model: Path, samples: Sequence[str], of: str | None, **reading: Any
) -> pictures.ResidualsDisplay:
    """Draw what MODEL leaves of SAMPLES: against the fit, in row order, and its distribution."""
    known = load_model(model)
    found = read_samples(list(samples), **columns_of(known, reading))
    check_sizes(known, found, samples)
    named = _Named(known, RowSample.drawn(found, known.network))
    number = 0 if of is None else _position(of, named.output_names)
    return pictures.residuals(named, output=number)


@plot.command()
@path_argument("model")
@path_argument("truth")
@image_shape_option
@_draws("comparison")
def compare(
    model: Path, truth: Path, image_shape: tuple[int, int] | None
) -> pictures.CompareDisplay:
    """Draw each unit of MODEL below the matching unit of TRUTH, another model."""
    true = load_model(truth).network
    return pictures.compare(_Named(load_model(model)), true, image_shape=image_shape)


def save_picture(display: Any, path: Path) -> None:
    """Write what a display has drawn, and close it: pyplot would keep it."""
    import matplotlib.pyplot as plt

    with complete_file(path) as part:
        display.figure_.savefig(part, format=path.suffix[1:].lower(), dpi=150)
    plt.close(display.figure_)


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise click.UsageError(f"--neurons takes numbers such as 0,3,5, not {text!r}") from None


def _position(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise ValueError(f"there is no output {name!r}; there are {', '.join(map(repr, names))}")
    return int(np.flatnonzero(np.array(names, dtype=object) == name)[0])
