"""``pureneuron diagnose``: what the moment method would find in a file of samples."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import rich_click as click

from pureneuron.cli.options import (
    column_options,
    json_option,
    neurons_option,
    path_argument,
    seed_option,
)
from pureneuron.cli.output import OK, print_json, print_stages, stage_records
from pureneuron.cli.wording import telling_options
from pureneuron.diagnosis import diagnose as diagnose_samples
from pureneuron.samples import read_samples

__all__ = ["diagnose"]


@click.command()
@path_argument("samples")
@neurons_option("takes the rank of A W")
@column_options
@click.option(
    "--negative-slope",
    type=click.FloatRange(-1.0, 1.0, min_open=True, max_open=True),
    default=0.0,
    show_default=True,
    help="Slope of the rectifier on its negative side.",
)
@seed_option
@json_option
def diagnose(
    samples: Path,
    n_neurons: int | Literal["auto"],
    inputs: str | None,
    outputs: str | None,
    weight: str | None,
    negative_slope: float,
    seed: int,
    as_json: bool,
) -> int:
    """Say what the moment method finds in SAMPLES, without a fit.

    Rows and span of the inputs, whether they look symmetric, the rank of A W against its sampling
    noise, the gap of the pure neuron detector, whether biases show, how well the neurons are
    separated, and what error to expect from how many rows.
    """
    data = read_samples(samples, inputs=inputs, outputs=outputs, weight=weight)
    with telling_options():
        stages = diagnose_samples(data, n_neurons, negative_slope=negative_slope, rng=seed)
    if as_json:
        print_json({"samples": samples, "stages": stage_records(stages)})
    else:
        print_stages(stages)
    return OK
