"""``pureneuron solve``: from moments to a network, without the samples."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import rich_click as click

from pureneuron.cli.models import MODEL_ENDING, check_output, save_model
from pureneuron.cli.options import (
    force_option,
    json_option,
    model_option,
    neurons_option,
    path_argument,
    seed_option,
    slope_option,
)
from pureneuron.cli.recovery import exit_status, print_saved, print_verdict, recovery_record
from pureneuron.cli.terminal import OK, print_json, print_line
from pureneuron.cli.wording import in_options, telling_options
from pureneuron.moments import load_moments, solve_moments
from pureneuron.results import Status

__all__ = ["solve"]


@click.command()
@path_argument("moments")
@neurons_option("takes the rank of A W")
@model_option
@slope_option
@seed_option
@force_option
@json_option
@click.option("--quiet", is_flag=True, help="The status alone.")
def solve(
    moments: Path,
    n_neurons: int | Literal["auto"],
    output: Path | None,
    negative_slope: float,
    seed: int,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Make the moment estimate from MOMENTS, a file that 'pureneuron moments' or 'merge' wrote.

    It is what 'pureneuron fit --init moments --no-refine' gives for the same rows, and not the
    maximum-likelihood fit.
    """
    if output is not None:
        check_output(output, force=force, endings=(MODEL_ENDING,))
    loaded = load_moments(moments)
    with telling_options():
        recovery = solve_moments(loaded, n_neurons, negative_slope=negative_slope, rng=seed)
    if output is not None:
        save_model(
            recovery.network,
            output,
            input_names=loaded.input_names,
            output_names=loaded.output_names,
            status=recovery.status.name,
            loss=None,
        )
    if as_json:
        names = {"input_names": loaded.input_names, "output_names": loaded.output_names}
        print_json({**recovery_record(recovery), **names, "moments": moments, "model": output})
    elif quiet:
        print_line(f"{recovery.status.name}: {in_options(recovery.reason)}")
    else:
        print_verdict(recovery)
        print_line(f"{recovery.network!r}")
        if output is None:
            print_line("Nothing is saved; -o model.safetensors would write the network")
        else:
            print_saved(recovery, output)
    # More than that moments do not say of any network.
    return OK if recovery.status is Status.UNCONFIRMED else exit_status(recovery.status)
