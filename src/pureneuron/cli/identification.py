"""How what was read off a box is shown: as text, and in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from pureneuron.cli.models import save_model
from pureneuron.cli.recovery import (
    MOST_NEURONS,
    network_record,
    print_recovery,
    print_saved,
    print_verdict,
    recovery_record,
    stage_records,
)
from pureneuron.cli.terminal import print_line, print_table
from pureneuron.cli.wording import in_options
from pureneuron.identify import Identification
from pureneuron.identify.boxes import Link
from pureneuron.model import TwoLayerNetwork
from pureneuron.typing import Array

__all__ = [
    "identification_record",
    "print_identification",
    "questions_line",
    "save_identification",
]

_REMARKS: dict[Link, str] = {
    "identity": "",
    "softmax": "Behind a softmax the outputs are known up to a function that all of them share: "
    "their mean is taken as zero",
    "sigmoid": "The outputs are what stands before the sigmoid",
}


def n_parameters(network: TwoLayerNetwork) -> int:
    """Return how many numbers make the network: W and its biases, A, the biases of the outputs."""
    return int(network.W.size + network.n_neurons + network.A.size + network.n_outputs)


def identification_record(found: Identification, link: Link) -> dict[str, Any]:
    """Return an identification for JSON; an accuracy that is not known becomes null."""
    count = n_parameters(found.network)
    fitted = {} if found.standard_errors is None else recovery_record(found)
    return fitted | {
        "status": found.status,
        "reason": in_options(found.reason),
        "advice": in_options(found.advice),
        "certified": found.certified,
        "n_questions": found.n_questions,
        "n_parameters": count,
        "questions_per_parameter": found.n_questions / count,
        "accuracy": found.accuracy,
        "rounding": found.rounding,
        "n_fresh": found.n_fresh,
        "largest_share_wrong": found.largest_share_wrong,
        "n_neurons": found.network.n_neurons,
        "link": link,
        "warnings": [in_options(warning) for warning in found.warnings],
        "notes": [in_options(note) for note in found.notes],
        "network": network_record(found.network),
        "stages": stage_records(found.stages),
    }


def print_identification(found: Identification, link: Link, *, saved: Path | None = None) -> None:
    """Print an identification: the status first, then the questions, the network and its units."""
    if found.standard_errors is not None:
        print_recovery(found, saved=saved)
        print_line(questions_line(found))
        return
    network = found.network.normalized()
    print_verdict(found)
    print_line(questions_line(found))
    if found.n_fresh:
        print_line(
            f"Largest difference {found.accuracy:.2g} at {found.n_fresh} fresh questions, relative "
            "to the spread of the outputs"
        )
    else:
        print_line("No fresh questions were asked, so nothing is known of the accuracy")
    if isfinite(found.rounding):
        print_line(f"The box itself is exact to {found.rounding:.2g}")
    if _REMARKS[link]:
        print_line(_REMARKS[link])
    print_line(f"{network!r}")
    print_line(f"Linear part: {_linear_part(network, found.input_names, found.output_names)}")
    print_line(f"Negative slope: {network.negative_slope:.6g}")
    _print_units(network, found.input_names, found.output_names)
    if saved is not None:
        print_saved(found, saved)


def save_identification(found: Identification, path: Path) -> None:
    """Write the network, and what is known about it where the format has a place for that."""
    save_model(
        found.network,
        path,
        input_names=found.input_names,
        output_names=found.output_names,
        status=found.status.name,
        accuracy=found.accuracy if isfinite(found.accuracy) else None,
        n_questions=found.n_questions,
    )


def questions_line(found: Identification) -> str:
    """Return how many questions were asked, and how many that is a parameter."""
    asked = f"{found.n_questions} questions"
    if not found.network.n_neurons:
        return asked
    count = n_parameters(found.network)
    return f"{asked}, {found.n_questions / count:.2f} for each of {count} parameters"


def _linear_part(network: TwoLayerNetwork, inputs: Sequence[str], outputs: Sequence[str]) -> str:
    if not network.linear.any():
        return "none"
    j, i = np.unravel_index(int(np.abs(network.linear).argmax()), network.linear.shape)
    of = f" of output {outputs[int(j)]}" if network.n_outputs > 1 else ""
    return f"largest {network.linear[j, i]:.6g} ({inputs[int(i)]}{of})"


def _print_units(network: TwoLayerNetwork, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    if not network.n_neurons:
        return
    print_line()
    print_line("Neurons (rows of W at unit length)")
    several = network.n_outputs > 1
    headings = ["neuron", "bias", "largest of W", *(["length of A"] if several else [])]
    rows = []
    for a in range(min(network.n_neurons, MOST_NEURONS)):
        column = network.A[:, a]
        cells = [str(a), f"{network.hidden_bias[a]:.6g}", _largest(network.W[a], inputs)]
        cells += [f"{np.linalg.norm(column):.6g}"] if several else []
        rows.append((*cells, _largest(column, outputs) if several else f"{column[0]:.6g}"))
    print_table([*headings, "largest of A" if several else "A"], rows)
    if network.n_neurons > len(rows):
        print_line(f"and {network.n_neurons - len(rows)} neurons more, see --json")


def _largest(values: Array, names: Sequence[str]) -> str:
    """Return the value of the largest size, and whose it is."""
    index = int(np.abs(values).argmax())
    return f"{values[index]:.6g} ({names[index]})"
