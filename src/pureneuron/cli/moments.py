"""``pureneuron moments``: sums of products of a file of samples, to be merged and solved later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from pureneuron.cli.models import MODEL_ENDING, check_output
from pureneuron.cli.options import column_options, force_option, json_option
from pureneuron.cli.output import OK, print_json, print_line
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
@click.argument("samples", nargs=-1, required=True, type=click.Path(path_type=Path))
@moments_output
@column_options
@force_option
@json_option
def moments(
    samples: tuple[Path, ...],
    output: Path,
    inputs: str | None,
    outputs: str | None,
    weight: str | None,
    force: bool,
    as_json: bool,
) -> int:
    """Gather the moments of SAMPLES, one file or several, in one pass.

    They hold all that 'pureneuron solve' needs: the samples may stay where they are. 'pureneuron
    merge' adds up the moments of several machines.
    """
    check_output(output, force=force, endings=(MODEL_ENDING,))
    gathered: SampleMoments | None = None
    for path in samples:
        data = read_samples(path, inputs=inputs, outputs=outputs, weight=weight)
        part = gather_moments(data)
        try:
            gathered = part if gathered is None else gathered + part
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    assert gathered is not None
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
