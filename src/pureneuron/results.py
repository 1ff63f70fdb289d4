"""How a run ended, as a status that says what to do next, and what each stage of it saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from pureneuron.typing import Array, IndexArray

__all__ = ["StageReport", "Status"]


class Status(Enum):
    """How a recovery ended; the value is a sentence of advice."""

    RECOVERED = "The network is identified: all tests agree with these weights."
    TOO_FEW_SAMPLES = (
        "There are too few rows, or groups or runs that are independent, for so many unknowns: "
        "bring more of them, or ask for fewer neurons."
    )
    RANK_DEFICIENT = (
        "The data do not show as many neurons, or do not show them apart: ask for fewer neurons, "
        "or bring more rows."
    )
    NOT_CONVERGED = (
        "The optimiser stopped before it converged: raise max_iter or time_limit, or start from "
        "this network (init=network)."
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
    UNCONFIRMED = (
        "The moments agree with this network, and whether the rows do, only these can tell: fit "
        "them from here (init=network)."
    )
    OUT_OF_BUDGET = (
        "The budget was spent before the box was read: this is the best so far. Raise the budget."
    )
    NOISY = (
        "The same question gets answers that differ by noise: average repeated answers, or fit a "
        "sample of questions and answers (recover, or pureneuron fit)."
    )
    NOT_DETERMINISTIC = (
        "The answers depend on more than the question: reset the state of the box before each "
        "batch of questions."
    )
    NOT_FINITE = "The box has answers that are not finite: give bounds within which all are finite."
    DISCONTINUOUS = (
        "The answers jump, as those of step functions and rounded numbers do: no network of this "
        "kind does. Ask for scores in the place of labels."
    )
    NOT_PIECEWISE_LINEAR = (
        "The answers are no piecewise linear function: other activations than rectifiers, or a "
        "link: say link='softmax' or link='sigmoid' if answers are probabilities."
    )
    DEEPER = (
        "The kinks of the answers bend, as those of networks with more than one hidden layer or "
        "with max-pooling do: one hidden layer does not make them."
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
        The numbers behind it, by name: floats, integers, words or arrays.
    seconds : float
        Time it took.
    """

    name: str
    summary: str
    figures: Mapping[str, float | int | str | Array | IndexArray] = field(default_factory=dict)
    seconds: float = 0.0
