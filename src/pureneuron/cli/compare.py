"""``pureneuron compare``: which neuron of a model is which of another, and how near."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rich_click as click

from pureneuron.cli.models import Model, load_model
from pureneuron.cli.options import file_options, json_option, path_argument
from pureneuron.cli.terminal import OK, print_json, print_line, print_note, print_table
from pureneuron.model import NeuronMatch, TwoLayerNetwork, unit_rows
from pureneuron.samples import read_inputs, refuse_nonfinite
from pureneuron.typing import Array

__all__ = ["compare", "weight_cosines"]


@click.command()
@path_argument("model")
@path_argument("truth")
@click.option(
    "--samples",
    type=click.Path(),
    metavar="SAMPLES",
    help="Compare at the inputs in this file, folder or pattern as well: pre-activations and "
    "outputs.",
)
@click.option("--inputs", metavar="COLUMNS", help="Input columns of the samples.")
@file_options
@json_option
def compare(
    model: Path,
    truth: Path,
    samples: str | None,
    inputs: str | None,
    as_json: bool,
    **reading: Any,
) -> int:
    """Pair the neurons of MODEL with those of TRUTH and say how near they are.

    Weights are compared up to the scale that is free between A and W.
    """
    left, right = load_model(model), load_model(truth)
    X = None if samples is None else _inputs(samples, left, right, inputs, reading)
    metric = None if X is None else X.T @ X / len(X)
    match = left.network.match(right.network, metric=metric)
    # Beside a linear part either way round is right.
    network = left.network.turned_round(match.left[match.turned])
    if left.input_names and right.input_names and left.input_names != right.input_names:
        print_note(f"the inputs of {model} and {truth} have other names: compared by position")
    record = _record(network, right.network, match, X)
    if as_json:
        print_json({"model": model, "truth": truth, "samples": samples, **record})
    else:
        _print(record, with_samples=samples is not None)
    return OK


def weight_cosines(network: TwoLayerNetwork, truth: TwoLayerNetwork, match: NeuronMatch) -> Array:
    """Return the plain cosine of the rows of W of each pair, whatever metric paired them."""
    rows, others = unit_rows(network.W[match.left]), unit_rows(truth.W[match.right])
    return np.asarray(np.einsum("kd,kd->k", rows, others))


def _inputs(
    path: str, left: Model, right: Model, inputs: str | None, reading: dict[str, Any]
) -> Array:
    names = left.input_names or right.input_names
    X, names = read_inputs(path, names=names, inputs=inputs, **reading)
    X = np.asarray(X, dtype=np.float64)
    if X.shape[1] != left.network.n_inputs:
        raise ValueError(
            f"the model has {left.network.n_inputs} inputs, but {path} gives {X.shape[1]}: "
            "name the columns with --inputs"
        )
    refuse_nonfinite("X", X, names, before="comparing")
    return X


def _record(
    network: TwoLayerNetwork, truth: TwoLayerNetwork, match: NeuronMatch, X: Array | None
) -> dict[str, Any]:
    cosines = weight_cosines(network, truth, match)
    left, right = network.normalized(), truth.normalized()
    record: dict[str, Any] = {
        "pairs": {
            "model": match.left,
            "truth": match.right,
            "cosine_A": match.cosines_A,
            "cosine_W": cosines,
        },
        "error_A": match.error_A,
        "error_W": _squared_error(network, truth, match),
        "unmatched_model": match.unmatched_left,
        "unmatched_truth": match.unmatched_right,
    }
    if network.hidden_bias.any() or truth.hidden_bias.any():
        record["pairs"]["bias_model"] = left.hidden_bias[match.left]
        record["pairs"]["bias_truth"] = right.hidden_bias[match.right]
    if network.output_bias.any() or truth.output_bias.any():
        record["largest_difference_of_output_bias"] = np.abs(
            network.output_bias - truth.output_bias
        ).max()
    if network.linear.any() or truth.linear.any():
        record["largest_difference_of_linear_part"] = np.abs(network.linear - truth.linear).max()
    if network.negative_slope != truth.negative_slope:
        record["negative_slopes"] = [network.negative_slope, truth.negative_slope]
    if X is not None:
        wanted = truth.predict(X)
        record["pairs"]["correlation"] = match.cosines_W
        record["error_pre_activations"] = match.error_W
        power = float(np.mean(wanted**2))
        difference = float(np.mean((network.predict(X) - wanted) ** 2))
        record["relative_output_difference"] = np.sqrt(difference / power) if power else None
    return record


def _squared_error(network: TwoLayerNetwork, truth: TwoLayerNetwork, match: NeuronMatch) -> float:
    rows, others = unit_rows(network.W[match.left]), unit_rows(truth.W[match.right])
    return float(((rows - others) ** 2).sum())


_HEADINGS = {
    "model": "model",
    "truth": "truth",
    "cosine_A": "cosine of A",
    "cosine_W": "cosine of W",
    "correlation": "pre-activation r",
    "bias_model": "bias",
    "bias_truth": "true bias",
}


def _print(record: dict[str, Any], *, with_samples: bool) -> None:
    pairs = record["pairs"]
    names = [name for name in _HEADINGS if name in pairs]
    columns = [
        [str(value) if name in ("model", "truth") else f"{value:.6f}" for value in pairs[name]]
        for name in names
    ]
    print_table([_HEADINGS[name] for name in names], list(zip(*columns, strict=True)))
    print_line(f"Summed squared error of A {record['error_A']:.6g}, of W {record['error_W']:.6g}")
    if with_samples:
        print_line(
            f"Summed squared error of the pre-activations {record['error_pre_activations']:.6g}"
        )
        relative = record["relative_output_difference"]
        if relative is not None:
            print_line(f"The outputs differ by {relative:.3g} of their root mean square")
    if "largest_difference_of_output_bias" in record:
        print_line(f"Output biases differ by {record['largest_difference_of_output_bias']:.6g}")
    if "largest_difference_of_linear_part" in record:
        print_line(f"Linear parts differ by {record['largest_difference_of_linear_part']:.6g}")
    if "negative_slopes" in record:
        slopes = record["negative_slopes"]
        print_line(f"The negative slopes differ: {slopes[0]:g} against {slopes[1]:g}")
    for key, name in (("unmatched_model", "model"), ("unmatched_truth", "truth")):
        if len(record[key]):
            listed = ", ".join(str(index) for index in record[key])
            print_line(f"Neurons of the {name} without a partner: {listed}")
