"""What a recovery returns: plain records, and a status that says what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from pureneuron.model import TwoLayerNetwork
from pureneuron.typing import Array

__all__ = ["Recovery", "StageReport", "Status"]


class Status(Enum):
    """How a recovery ended; the value is a sentence of advice."""

    RECOVERED = "The network is identified: all tests agree with these weights."
    TOO_FEW_SAMPLES = (
        "The rows barely outnumber the unknowns, so other networks fit as well: "
        "bring more rows or ask for fewer neurons."
    )
    RANK_DEFICIENT = (
        "The moments show no gap at this number of neurons: ask for fewer neurons, bring more "
        "rows, or refine from random starts (init='random')."
    )
    NOT_CONVERGED = (
        "The optimiser stopped before it converged: raise max_iter, or start from this network "
        "(init=network)."
    )
    DEGENERATE = (
        "Some units are dead, idle, always on or coincide, so that their weights are not "
        "determined: ask for fewer neurons, or bring inputs that switch every unit."
    )
    STARTS_DISAGREE = (
        "No second start confirms the best fit, so it may be a local minimum: raise n_restarts, "
        "bring more rows, or check the number of neurons."
    )
    MISFIT = (
        "The data do not come from a network of this kind and size, or the method's assumptions "
        "fail: try more neurons, biases, inputs that are symmetric, or noise_covariance='full' if "
        "the noise of the outputs differs."
    )

    @property
    def advice(self) -> str:
        """The sentence that says what the status means and what to try."""
        return self.value


@dataclass(frozen=True)
class StageReport:
    """What one stage saw and decided.

    Attributes
    ----------
    name : str
        Which stage.
    summary : str
        Its decision in a sentence.
    figures : mapping
        The numbers behind it, by name: floats, integers or arrays.
    seconds : float
        Time it took.
    """

    name: str
    summary: str
    figures: Mapping[str, float | int | Array] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Intervals:
    """Confidence intervals; the last axis holds the lower and the upper end.

    Attributes
    ----------
    A, W, hidden_bias, output_bias, negative_slope : (m, k, 2), (k, d, 2), (k, 2), (m, 2), (2,) arrays
        Around the entries of the network.
    """

    A: Array
    W: Array
    hidden_bias: Array
    output_bias: Array
    negative_slope: Array


@dataclass(frozen=True, eq=False)
class StandardErrors:
    """Standard errors of a network in normal form, in the units of the data.

    What is not fitted has a standard error of zero; what the data leave undetermined, infinity.

    Attributes
    ----------
    A, W, hidden_bias, output_bias, negative_slope
        Of the entries of the network, arrays of the same shapes.
    kind : str
        What is assumed of the noise: "iid", "robust", "serial" or "groups".
    freedom : float
        Degrees of freedom of Student's law, by which intervals are made.
    covariance : (p, p) array
        Of A row by row, W row by row, hidden biases, output biases and the slope; where a standard
        error is infinite, of what is known.
    """

    A: Array
    W: Array
    hidden_bias: Array
    output_bias: Array
    negative_slope: float
    kind: str
    freedom: float
    covariance: Array

    @classmethod
    def of_variance(
        cls, variance: Array, covariance: Array, sizes: tuple[int, int, int], kind: str, freedom: float
    ) -> StandardErrors:
        """Take the variances of all unknowns apart; sizes are k, d and m."""
        k, d, m = sizes
        ends = np.cumsum([m * k, k * d, k, m])
        A, W, b, c, slope = np.split(np.sqrt(variance), ends)
        return cls(
            A.reshape(m, k), W.reshape(k, d), b, c, float(slope[0]), kind, freedom, covariance
        )


@dataclass(frozen=True)
class Recovery:
    """The outcome of :func:`pureneuron.recover`.

    Attributes
    ----------
    network : TwoLayerNetwork
        The estimate, in normal form.
    status : Status
        Whether it can be taken for the network behind the samples.
    reason : str
        What in particular led to the status.
    stages : tuple of StageReport
        What each stage saw and decided, in order.
    loss : float
        Mean over rows and outputs of the squared residual, weighted by the sample weights, and by
        the noise covariance where it was estimated (scaled to keep the mean noise variance).
    n_iter : int
        Gauss–Newton iterations of the descent that won.
    n_passes : int
        Passes over the data, all stages together.
    span : (d, r) array
        Orthonormal basis of the span of the inputs; rows of W are identified within it only, and
        are zero across it.
    certified : bool or None
        None until there is a certificate.
    warnings : tuple of str
        What may be wrong in spite of the status; the estimator issues them as warnings.
    notes : tuple of str
        What else there is to know.
    """

    network: TwoLayerNetwork
    status: Status
    reason: str
    stages: tuple[StageReport, ...]
    loss: float
    n_iter: int
    n_passes: int
    span: Array
    certified: bool | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """What the status means and what to try."""
        return self.status.advice

    def stage(self, name: str) -> StageReport:
        """Return the report of the stage ``name``."""
        for report in self.stages:
            if report.name == name:
                return report
        raise KeyError(f"no stage {name!r}; there are {[report.name for report in self.stages]}")

    def __str__(self) -> str:
        lines = [f"{self.status.name}: {self.reason}", self.advice, f"{self.network!r}"]
        lines += [f"  {report.name}: {report.summary}" for report in self.stages]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        lines += [f"  note: {note}" for note in self.notes]
        lines.append(
            f"  loss {self.loss:.6g} after {self.n_iter} iterations, {self.n_passes} passes"
        )
        return "\n".join(lines)
