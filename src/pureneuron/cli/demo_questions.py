"""The second part of the demo: the same classifier, read off its answers to chosen questions.

No file and no noise here. The classifier is a function, once of its ten logits and once of the ten
probabilities that a softmax makes of them, and nothing else of it is known. The units that are read
then meet the true ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.special import softmax

from pureneuron.cli.identification import identification_record, questions_line
from pureneuron.cli.terminal import print_line, print_table
from pureneuron.cli.wording import in_options
from pureneuron.identify import Identification, identify
from pureneuron.identify.boxes import Link
from pureneuron.model import TwoLayerNetwork
from pureneuron.progress import ProgressCallback
from pureneuron.typing import Array

__all__ = ["Readout", "print_readouts", "read_classifier", "readout_records"]


@dataclass(frozen=True)
class Thresholds:
    """What the demo must reach to call itself a success (by definition; make demo).

    Attributes
    ----------
    difference : float
        Largest difference of any weight from the true one, in normal form, columns of A relative
        to their length.
    """

    difference: float = 1e-6


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Readout:
    """The classifier as it was read, beside the true one.

    Attributes
    ----------
    found : Identification
        What was read.
    link : str
        What stood between the logits and the answers.
    seconds : float
        Time it took.
    units : mapping
        For each pair of units their numbers, "unit" and "true_unit", and the largest differences of
        "W", "bias" and "A".
    beside : float
        Largest difference of what stands beside the units: output biases and linear part.
    exact : bool
        Whether it is certified, has as many units as the truth, and no difference is too large.
    """

    found: Identification
    link: Link
    seconds: float
    units: Mapping[str, Array]
    beside: float
    exact: bool


def read_classifier(
    truth: TwoLayerNetwork, *, seed: int, callback: ProgressCallback | None = None
) -> dict[str, Readout]:
    """Read the classifier from its logits, and from its probabilities."""
    return {
        "logits": _read(truth.predict, "identity", truth, seed, callback),
        "probabilities": _read(
            partial(_probabilities, truth), "softmax", _centred(truth), seed, callback
        ),
    }


def readout_records(readouts: Mapping[str, Readout]) -> dict[str, Any]:
    """Return what was read for JSON."""
    return {
        name: {
            **identification_record(readout.found, readout.link),
            "units": readout.units,
            "difference_beside": readout.beside,
            "exact": readout.exact,
            "seconds": readout.seconds,
        }
        for name, readout in readouts.items()
    }


def print_readouts(readouts: Mapping[str, Readout], truth: TwoLayerNetwork) -> None:
    """Print what was read, and each unit beside the true one."""
    for name, readout in readouts.items():
        found = readout.found
        exact = "every" if readout.exact else "NOT every"
        print_line(f"From {name}: {found.status.name}: {in_options(found.reason)}")
        if not found.certified:
            print_line(in_options(found.advice))
        print_line(f"  {questions_line(found)}, {readout.seconds:.1f} s")
        print_line(f"  {exact} weight is right to {THRESHOLDS.difference:g}")
    print_line()
    print_line("Largest difference of each unit from the true one", style="bold")
    sides = [_by_true_unit(readout) for readout in readouts.values()]
    rows = [
        (str(j), *(cell for side in sides for cell in side.get(j, ("", "NOT read"))))
        for j in range(truth.n_neurons)
    ]
    largest = (
        ("", f"{_largest(readout.units).max(initial=0.0):.1e}") for readout in readouts.values()
    )
    rows.append(("largest", *(cell for cells in largest for cell in cells)))
    print_table(("true", *(cell for name in readouts for cell in ("unit", f"from {name}"))), rows)
    print_line("In normal form: rows of W at unit length, columns of A relative to their length.")
    print_line("Probabilities tell logits up to a number that all ten share.")


def _read(
    function: Callable[[Array], Array],
    link: Link,
    truth: TwoLayerNetwork,
    seed: int,
    callback: ProgressCallback | None,
) -> Readout:
    start = time.perf_counter()
    found = identify(function, truth.n_inputs, link=link, rng=seed, callback=callback)
    seconds = time.perf_counter() - start
    units, beside = _differences(found.network, truth)
    largest = float(_largest(units).max(initial=0.0))
    exact = (
        found.certified
        and found.network.n_neurons == truth.n_neurons
        and max(largest, beside) <= THRESHOLDS.difference
    )
    return Readout(found, link, seconds, units, beside, exact)


def _differences(
    network: TwoLayerNetwork, truth: TwoLayerNetwork
) -> tuple[dict[str, Array], float]:
    """Return the largest differences of each pair of units, and of what is beside them."""
    match = network.match(truth)
    # Beside a linear part either way round is right.
    network = network.turned_round(match.left[match.turned])
    beside = max(
        float(np.abs(network.output_bias - truth.output_bias).max()),
        float(np.abs(network.linear - truth.linear).max()),
    )
    network, truth = network.normalized(), truth.normalized()
    network, partners = network.permuted(match.left), truth.permuted(match.right)
    lengths = np.linalg.norm(partners.A, axis=0)
    units = {
        "unit": match.left,
        "true_unit": match.right,
        "W": np.abs(network.W - partners.W).max(axis=1),
        "bias": np.abs(network.hidden_bias - partners.hidden_bias),
        "A": np.abs(network.A - partners.A).max(axis=0) / lengths,
    }
    return units, beside


def _probabilities(truth: TwoLayerNetwork, X: Array) -> Array:
    return np.asarray(softmax(truth.predict(X), axis=1))


def _centred(truth: TwoLayerNetwork) -> TwoLayerNetwork:
    """Return the network whose outputs have the mean zero: all that probabilities know."""
    return TwoLayerNetwork(
        A=truth.A - truth.A.mean(axis=0),
        W=truth.W,
        hidden_bias=truth.hidden_bias,
        output_bias=truth.output_bias - truth.output_bias.mean(),
        negative_slope=truth.negative_slope,
        linear=truth.linear - truth.linear.mean(axis=0),
    )


def _largest(units: Mapping[str, Array]) -> Array:
    """Return the largest difference of each unit, whatever weight it is of."""
    return np.asarray(np.max([units[name] for name in ("W", "bias", "A")], axis=0))


def _by_true_unit(readout: Readout) -> dict[int, tuple[str, str]]:
    """Return the number of the unit that was read, and its difference, by the true unit's."""
    units = readout.units
    pairs = zip(units["true_unit"], units["unit"], _largest(units), strict=True)
    return {int(j): (str(i), f"{difference:.1e}") for j, i, difference in pairs}
