"""``pureneuron predict``: outputs of a model at the inputs in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rich_click as click

from pureneuron.cli.models import check_output, load_model
from pureneuron.cli.options import (
    file_options,
    force_option,
    json_option,
    path_argument,
    samples_argument,
)
from pureneuron.cli.terminal import OK, print_json, print_line
from pureneuron.samples import read_prediction_data, refuse_nonfinite, write_table
from pureneuron.typing import AnyArray, Array

__all__ = ["predict"]


@click.command()
@path_argument("model")
@samples_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="PREDICTIONS",
    help="Write the predictions to this .parquet, .csv, .npz or .npy file.",
)
@click.option(
    "--inputs", metavar="COLUMNS", help="Input columns, where they are not those of the model."
)
@file_options
@force_option
@json_option
def predict(
    model: Path,
    samples: tuple[str, ...],
    output: Path,
    inputs: str | None,
    force: bool,
    as_json: bool,
    **reading: Any,
) -> int:
    """Predict the outputs of MODEL at the inputs in SAMPLES: files, folders or patterns.

    The columns are those that the model was fitted to. If the file holds the outputs as well, the
    mean squared residual is reported.
    """
    check_output(output, force=force)
    for path in (model, *map(Path, samples)):
        if output.exists() and path.exists() and output.samefile(path):
            raise ValueError(f"{output} is also an input of this command; write to another file")
    loaded = load_model(model)
    network = loaded.network
    outputs = loaded.output_names or tuple(f"y{j}" for j in range(network.n_outputs))
    X, names, Y = read_prediction_data(
        samples, names=loaded.input_names, inputs=inputs, outputs=outputs, **reading
    )
    if X.shape[1] != network.n_inputs:
        raise ValueError(
            f"the model has {network.n_inputs} inputs, but {' '.join(samples)} gives {X.shape[1]}: "
            "name the columns with --inputs"
        )
    refuse_nonfinite("X", X, names, before="predicting")
    predicted = network.predict(X)
    write_table(
        output, dict(zip(outputs, np.ascontiguousarray(predicted.T), strict=True)), force=force
    )
    residual, rows = _residual(Y, predicted)
    if as_json:
        print_json(
            {
                "predictions": output,
                "n_rows": len(X),
                "input_names": names,
                "output_names": outputs,
                "mean_squared_residual": residual,
                "n_rows_with_outputs": rows,
            }
        )
        return OK
    print_line(f"Wrote {len(X)} rows of {', '.join(_short(outputs))} to {output}")
    if residual is not None:
        print_line(f"Mean squared residual over {rows} rows of {' '.join(samples)}: {residual:.6g}")
    return OK


def _residual(Y: AnyArray | None, predicted: Array) -> tuple[float | None, int]:
    """Return the mean squared residual over the rows of which all outputs are known."""
    if Y is None:
        return None, 0
    complete = np.isfinite(Y).all(axis=1)
    if not complete.any():
        return None, 0
    return float(np.mean((Y - predicted)[complete] ** 2)), int(complete.sum())


def _short(names: Sequence[str]) -> list[str]:
    return [*names] if len(names) <= 4 else [names[0], names[1], "…", names[-1]]
