"""``pureneuron merge``: moments of several files added up."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from pureneuron.cli.models import MODEL_ENDING, check_output
from pureneuron.cli.moments import moments_output, report_moments
from pureneuron.cli.options import force_option, json_option
from pureneuron.cli.terminal import OK
from pureneuron.moments import SampleMoments, load_moments, save_moments

__all__ = ["merge"]


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@moments_output
@force_option
@json_option
def merge(files: tuple[Path, ...], output: Path, force: bool, as_json: bool) -> int:
    """Add up the moments in FILES, as 'pureneuron moments' and this command write them.

    The order does not matter. Files of other columns, and those that share a part, are refused.
    """
    check_output(output, force=force, endings=(MODEL_ENDING,))
    merged: SampleMoments | None = None
    for path in files:
        part = load_moments(path)
        try:
            merged = part if merged is None else merged + part
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    assert merged is not None
    save_moments(merged, output)
    report_moments(merged, output, as_json=as_json)
    return OK
