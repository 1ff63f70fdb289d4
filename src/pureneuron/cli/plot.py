"""``pureneuron plot``: a picture of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rich_click as click

from pureneuron import plot as pictures
from pureneuron.cli.models import Model, check_output, load_model
from pureneuron.cli.options import column_options, file_options, force_option, path_argument
from pureneuron.cli.output import OK, print_line
from pureneuron.cli.reporting import image_shape_option, lags_option
from pureneuron.model import TwoLayerNetwork
from pureneuron.row_sample import RowSample
from pureneuron.samples import read_samples
from pureneuron.samples.writing import complete_file

__all__ = ["plot"]

_ENDINGS = (".png", ".svg", ".pdf")


class _Named:
    """A network with the names of its columns, as pictures take it."""

    standard_errors, stages = None, ()

    def __init__(self, model: Model, rows: RowSample | None = None) -> None:
        network = model.network
        self.network, self.rows = network, rows
        self.input_names = model.input_names or [f"x{i}" for i in range(network.n_inputs)]
        self.output_names = model.output_names or [f"y{j}" for j in range(network.n_outputs)]


@click.group()
def plot() -> None:
    """Draw a picture of MODEL, a .safetensors file: a .png, .svg or .pdf file.

    Exit status 0: drawn; 2: bad input.
    """


def _output_option(name: str) -> Callable[[Any], Any]:
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="PICTURE",
        default=Path(f"{name}.png"),
        show_default=True,
        help="Where to write the picture.",
    )


@plot.command()
@path_argument("model")
@_output_option("units")
@click.option("--neurons", metavar="NUMBERS", help="Which units, 0,3,5; all if left out.")
@image_shape_option
@lags_option
@force_option
def units(model: Path, output: Path, neurons: str | None, force: bool, **shape: Any) -> int:
    """Draw the units of MODEL: as bars, as images, or over lags and places."""
    check_output(output, force=force, endings=_ENDINGS)
    chosen = None if neurons is None else _numbers(neurons)
    return _written(pictures.units(_Named(load_model(model)), neurons=chosen, **shape), output)


@plot.command()
@path_argument("model")
@_output_option("mixing")
@force_option
def mixing(model: Path, output: Path, force: bool) -> int:
    """Draw what each unit of MODEL adds to each output."""
    check_output(output, force=force, endings=_ENDINGS)
    return _written(pictures.mixing(_Named(load_model(model))), output)


@plot.command()
@path_argument("model")
@click.argument("samples", nargs=-1, required=True)
@_output_option("residuals")
@click.option("--of", metavar="COLUMN", help="Which output; the first if left out.")
@column_options
@file_options
@force_option
def residuals(
    model: Path, samples: Sequence[str], output: Path, of: str | None, force: bool, **reading: Any
) -> int:
    """Draw what MODEL leaves of SAMPLES: against the fit, in row order, and its distribution."""
    check_output(output, force=force, endings=_ENDINGS)
    known = load_model(model)
    for name, names in (("inputs", known.input_names), ("outputs", known.output_names)):
        if reading[name] is None and names is not None:
            reading[name] = list(names)
    found = read_samples(list(samples), **reading)
    rows = RowSample.drawn(found, known.network)
    named = _Named(known, rows)
    number = 0 if of is None else _position(of, named.output_names)
    return _written(pictures.residuals(named, output=number), output)


@plot.command()
@path_argument("model")
@path_argument("truth")
@_output_option("comparison")
@image_shape_option
@force_option
def compare(model: Path, truth: Path, output: Path, force: bool, **shape: Any) -> int:
    """Draw each unit of MODEL below the matching unit of TRUTH, another model."""
    check_output(output, force=force, endings=_ENDINGS)
    true: TwoLayerNetwork = load_model(truth).network
    return _written(pictures.compare(_Named(load_model(model)), true, **shape), output)


def _written(display: Any, path: Path) -> int:
    with complete_file(path) as part:
        display.figure_.savefig(part, format=path.suffix[1:].lower(), dpi=150)
    print_line(f"Wrote the picture to {path}")
    return OK


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise click.UsageError(f"--neurons takes numbers such as 0,3,5, not {text!r}") from None


def _position(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise ValueError(f"there is no output {name!r}; there are {', '.join(map(repr, names))}")
    return int(np.flatnonzero(np.array(names, dtype=object) == name)[0])
