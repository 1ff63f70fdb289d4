"""``pureneuron diagnose``: what the moment method would find in a file of samples."""

from __future__ import annotations

from typing import Any, Literal

import rich_click as click

from pureneuron.cli.options import (
    column_options,
    file_options,
    json_option,
    memory_option,
    neurons_option,
    samples_argument,
    seed_option,
    slope_option,
)
from pureneuron.cli.recovery import print_stages, stage_records
from pureneuron.cli.terminal import OK, print_json, print_note
from pureneuron.cli.wording import telling_options
from pureneuron.diagnosis import diagnose as diagnose_samples
from pureneuron.samples import read_samples

__all__ = ["diagnose"]


@click.command()
@samples_argument
@neurons_option("takes the rank of A W")
@column_options
@file_options
@memory_option
@slope_option
@seed_option
@json_option
def diagnose(
    samples: tuple[str, ...],
    n_neurons: int | Literal["auto"],
    negative_slope: float,
    seed: int,
    as_json: bool,
    **reading: Any,
) -> int:
    """Say what the moment method finds in SAMPLES, without a fit.

    Rows and span of the inputs, whether they look symmetric, the rank of A W against its sampling
    noise, the gap of the pure neuron detector, whether biases show, how well the neurons are
    separated, and what error to expect from how many rows.
    """
    data = read_samples(samples, **reading)
    for note in data.notes:
        print_note(note)
    with telling_options():
        stages = diagnose_samples(data, n_neurons, negative_slope=negative_slope, rng=seed)
    if as_json:
        print_json({"samples": samples, "notes": data.notes, "stages": stage_records(stages)})
    else:
        print_stages(stages)
    return OK
