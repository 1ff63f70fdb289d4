"""What pictures are made of: a network alone, what a run has found, or a fitted estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from sklearn.utils.validation import check_is_fitted

from pureneuron.model import TwoLayerNetwork, visible
from pureneuron.results import StageReport
from pureneuron.row_sample import RowSample
from pureneuron.standard_errors import StandardErrors
from pureneuron.summary import student
from pureneuron.typing import Array

__all__ = [
    "Fitted",
    "Found",
    "check_shape",
    "errors_to_draw",
    "found_in",
    "half_width",
    "names_of",
    "network_of",
    "report_of",
    "smaller_p_value",
    "tested_numbers",
]

_LEVEL = 0.95  # of the intervals that are drawn


class Found(Protocol):
    """What pictures read of a recovery or an identification."""

    @property
    def network(self) -> TwoLayerNetwork:
        """The estimate."""

    @property
    def standard_errors(self) -> StandardErrors | None:
        """Of its entries."""

    @property
    def stages(self) -> tuple[StageReport, ...]:
        """What each stage saw."""

    @property
    def input_names(self) -> Sequence[str]:
        """Names of the inputs."""

    @property
    def output_names(self) -> Sequence[str]:
        """Names of the outputs."""

    @property
    def rows(self) -> RowSample | None:
        """Some rows beside what the network predicts."""


Fitted: TypeAlias = Any  # a TwoLayerNetwork, a Found, or an estimator that has a recovery_


def found_in(fitted: Fitted) -> Found | None:
    """Return what a run has found, or None for a network alone.

    Raises
    ------
    TypeError
        If it is none of these.
    sklearn.exceptions.NotFittedError
        If it is an estimator that is not fitted.
    """
    if isinstance(fitted, TwoLayerNetwork):
        return None
    found = getattr(fitted, "recovery_", fitted)
    if not hasattr(found, "network") or not hasattr(found, "stages"):
        if hasattr(fitted, "steps"):
            raise TypeError("give the last step of the pipeline: pipeline[-1]")
        if hasattr(fitted, "fit"):
            check_is_fitted(fitted, "recovery_")
        raise TypeError(
            "a network, a recovery, an identification or a fitted estimator is expected, got "
            f"{type(fitted).__name__}"
        )
    return found


def network_of(fitted: Fitted) -> TwoLayerNetwork:
    """Return the network."""
    found = found_in(fitted)
    return fitted if found is None else found.network


def names_of(fitted: Fitted) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of inputs and outputs; x0, x1, … and y0, y1, … of a network alone."""
    found, network = found_in(fitted), network_of(fitted)
    if found is not None:
        return tuple(map(visible, found.input_names)), tuple(map(visible, found.output_names))
    inputs = tuple(f"x{i}" for i in range(network.n_inputs))
    return inputs, tuple(f"y{j}" for j in range(network.n_outputs))


def report_of(fitted: Fitted, stage: str) -> StageReport | None:
    """Return what a stage has said, or None."""
    found = found_in(fitted)
    stages = () if found is None else found.stages
    return next((each for each in stages if each.name == stage), None)


def tested_numbers(fitted: Fitted) -> dict[int, float]:
    """Return what the test for an omitted unit says of each number of neurons, as p-values."""
    inference, tried = report_of(fitted, "inference"), report_of(fitted, "number of neurons")
    k, known = network_of(fitted).n_neurons, dict[int, float]()
    if tried is not None:
        sizes, p_values = (np.asarray(tried.figures[n]) for n in ("n_neurons", "p_values"))
        known = {int(size): float(p) for size, p in zip(sizes, p_values, strict=True)}
    tests = {} if inference is None else inference.figures
    if "omitted_unit_p_value" in tests:
        known[k] = float(np.asarray(tests["omitted_unit_p_value"]))
    return {size: p for size, p in known.items() if np.isfinite(p)}


def smaller_p_value(fitted: Fitted) -> float | None:
    """Return what the test says that asks whether one neuron less would do, as a p-value."""
    inference = report_of(fitted, "inference")
    tests = {} if inference is None else inference.figures
    p_value = float(np.asarray(tests.get("smaller_p_value", np.nan)))
    return p_value if np.isfinite(p_value) and network_of(fitted).n_neurons > 1 else None


def errors_to_draw(
    fitted: Fitted, image_shape: tuple[int, int] | None, lags: int | None
) -> StandardErrors | None:
    """Return the standard errors, where there are any and the picture has a place for them."""
    # An image has no intervals, and errors of many weights take as long as some fits.
    if image_shape is not None or lags is not None:
        return None
    found = found_in(fitted)
    return None if found is None else found.standard_errors


def half_width(errors: StandardErrors, of: Array) -> Array:
    """Return half of the widths of 95 % intervals, from standard errors."""
    return student(errors.freedom, 0.5 + _LEVEL / 2.0) * of


def check_shape(d: int, image_shape: tuple[int, int] | None, lags: int | None) -> None:
    """Refuse a shape that ``d`` inputs do not have."""
    if image_shape is not None and lags is not None:
        raise ValueError("give image_shape or lags, not both")
    if image_shape is not None and (len(image_shape) != 2 or np.prod(image_shape) != d):
        shape = "×".join(map(str, image_shape))
        raise ValueError(f"image_shape {shape} does not hold the {d} inputs")
    if lags is not None and (lags < 1 or d % lags):
        raise ValueError(f"lags={lags} does not divide the {d} inputs")
