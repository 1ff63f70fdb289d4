"""``pureneuron report``: the page of a model and the samples that it was fitted to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rich_click as click

from pureneuron.cli.models import check_sizes, columns_of, load_model
from pureneuron.cli.options import (
    column_options,
    file_options,
    force_option,
    groups_option,
    json_option,
    memory_option,
    path_argument,
    samples_argument,
    seed_option,
)
from pureneuron.cli.recovery import exit_status, recovery_record
from pureneuron.cli.reporting import WantedReport, image_shape_option, lags_option
from pureneuron.cli.terminal import print_json, print_line, print_note, terminal_progress
from pureneuron.cli.wording import in_options, telling_options
from pureneuron.model import TwoLayerNetwork
from pureneuron.recover import recover
from pureneuron.samples import read_samples

__all__ = ["report"]

_MOVED = 0.01  # of a row of W at unit length, from which on it is worth a word


@click.command()
@path_argument("model")
@samples_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PAGE",
    default=Path("report.html"),
    show_default=True,
    help="Where to write the page.",
)
@image_shape_option
@lags_option
@column_options
@groups_option
@file_options
@memory_option
@click.option(
    "--errors",
    type=click.Choice(["auto", "iid", "robust", "serial"]),
    default="auto",
    show_default=True,
    help="What is assumed of the noise, as in fit.",
)
@seed_option
@force_option
@json_option
def report(
    model: Path,
    samples: tuple[str, ...],
    output: Path,
    image_shape: tuple[int, int] | None,
    lags: int | None,
    errors: Any,
    seed: int,
    force: bool,
    as_json: bool,
    **reading: Any,
) -> int:
    """Write a report of MODEL, a .safetensors file, on the SAMPLES that it was fitted to.

    The fit is made again from the weights of the model, which takes a few passes, since the tests
    and the standard errors need the samples.
    """
    wanted = WantedReport(output, image_shape, lags)
    wanted.check(force=force)
    known = load_model(model)
    wanted.check_inputs(known.network.n_inputs)
    found = read_samples(list(samples), **columns_of(known, reading))
    check_sizes(known, found, samples)
    for note in getattr(found, "notes", ()):
        print_note(note)
    network = known.network
    with terminal_progress(wanted=not as_json) as callback, telling_options():
        recovery = recover(
            found,
            network.n_neurons,
            init=network,
            fit_hidden_bias=bool(network.hidden_bias.any()),
            fit_intercept=bool(network.output_bias.any()),
            fit_linear=bool(network.linear.any()),
            negative_slope=network.negative_slope,
            errors=errors,
            rng=seed,
            callback=callback,
        )
    moved = _moved(network, recovery.network)
    if moved > _MOVED:
        print_note(
            f"{model} is not the best network for these samples: rows of W at unit length move by "
            f"up to {moved:.2g} in a fit, and the report is of that fit"
        )
    wanted.write(recovery, quiet=as_json)
    if as_json:
        print_json({**recovery_record(recovery), "report": output, "moved": moved})
    else:
        print_line(f"{recovery.status.name}: {in_options(recovery.reason)}")
    return exit_status(recovery.status)


def _moved(before: TwoLayerNetwork, after: TwoLayerNetwork) -> float:
    """Return how far a row of W has moved, rows at unit length; infinity if there are others."""
    if before.n_neurons != after.n_neurons:
        return float("inf")
    match = before.normalized().match(after)
    return float(np.sqrt(np.max(match.errors_W, initial=0.0)))
