"""``pureneuron moments``: sums of products of a file of samples, to be merged and solved later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from pureneuron.cli.models import MODEL_ENDING, check_output
from pureneuron.cli.options import (
    column_options,
    file_options,
    force_option,
    json_option,
    memory_option,
    samples_argument,
)
from pureneuron.cli.terminal import OK, print_json, print_line
from pureneuron.moments import SampleMoments, gather_moments, save_moments
from pureneuron.samples import read_samples

__all__ = ["moments", "moments_output", "report_moments"]

moments_output = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="MOMENTS",
    help=f"Write the moments to this {MODEL_ENDING} file.",
)


@click.command()
@samples_argument
@moments_output
@column_options
@file_options
@memory_option
@force_option
@json_option
def moments(
    samples: tuple[str, ...], output: Path, force: bool, as_json: bool, **reading: Any
) -> int:
    """Gather the moments of SAMPLES, files, folders or patterns, in one pass.

    They hold all that 'pureneuron solve' needs: the samples may stay where they are. 'pureneuron
    merge' adds up the moments of several machines.
    """
    check_output(output, force=force, endings=(MODEL_ENDING,))
    gathered = gather_moments(read_samples(list(samples), **reading))
    save_moments(gathered, output)
    report_moments(gathered, output, as_json=as_json)
    return OK


def report_moments(moments: SampleMoments, path: Path, *, as_json: bool) -> None:
    """Print what a file of moments holds."""
    record: dict[str, Any] = {
        "moments": path,
        "n_rows": moments.n_rows,
        "total_weight": moments.total,
        "input_names": moments.input_names,
        "output_names": moments.output_names,
        "parts": moments.parts,
    }
    if as_json:
        print_json(record)
        return
    parts = "1 part" if len(moments.parts) == 1 else f"{len(moments.parts)} parts"
    print_line(
        f"Wrote the moments of {moments.n_rows} rows, {moments.n_inputs} inputs and "
        f"{moments.n_outputs} outputs, in {parts}, to {path}"
    )
