"""Asking the box: counted, in batches, in coordinates about the region of interest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pureneuron.identify.boxes import Link
from pureneuron.identify.region import Region
from pureneuron.monitor import Monitor
from pureneuron.progress import Progress
from pureneuron.typing import Array, BoolArray

__all__ = ["NotFinite", "OutOfQuestions", "Questions"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    small, telling : float, int
        Probability below which numbers are finer than the grid of those near one, and how many
        that are on it tell that all are (rounding).
    least, least_single : float
        Least probability, and least that is left to one, that says something where all are on that
        grid, in double and in single precision (make bench-identify).
    """

    small: float = 0.03
    telling: int = 8
    least: float = 1e-9
    least_single: float = 1e-4


THRESHOLDS = Thresholds()


class OutOfQuestions(Exception):
    """The budget does not allow the next questions."""


class NotFinite(Exception):
    """The box has answered with something that is not a finite number."""


@dataclass
class Questions:
    """The box, and what has been asked of it.

    What changes in a run: the count, and the questions with their answers as far as they are kept.

    Attributes
    ----------
    function : callable
        Maps inputs (n, d) to answers (n,) or (n, m).
    region : Region
        Brings points to the user's coordinates.
    link : str
        What stands between the outputs of the network and the answers.
    budget : int or None
        Most questions.
    batch_size : int
        Most questions a call.
    most_kept : int
        Most numbers that are kept of questions and answers.
    monitor : Monitor
        Told of the questions asked; it knows the time limit.
    stage : str
        What they are for; the callback hears it.
    count : int
        Questions so far.
    n_calls : int
        Calls so far.
    n_outputs : int or None
        m; None before the first answer.
    is_vector : bool
        Whether answers have shape (n,).
    output_scale : (m,) array or float
        Outputs are divided by it.
    """

    function: Callable[[Array], Any]
    region: Region
    link: Link = "identity"
    budget: int | None = None
    batch_size: int = 8192
    most_kept: int = 20_000_000
    monitor: Monitor = field(default_factory=Monitor)
    stage: str = "asking"
    count: int = 0
    n_calls: int = 0
    n_outputs: int | None = None
    is_vector: bool = False
    output_scale: Array | float = 1.0
    _kept: list[tuple[Array, Array]] = field(default_factory=list)
    _numbers: int = 0
    _is_single: bool = True
    _is_half: bool = True
    _first_answer: float = np.nan
    _varies: bool = False
    _small: Array | int = 0
    _finer: BoolArray | bool = False
    first_answers: Array | None = None

    def ask(self, Z: Array) -> Array:
        """Return the outputs (n, m) of the network at points ``Z`` (n, d) of the region.

        Raises
        ------
        OutOfQuestions
            If the budget does not allow so many questions; none is asked then.
        OutOfTime
            If the time limit has passed.
        NotFinite
            If an answer is not finite, or no probability where probabilities are expected.
        ValueError
            If the answers have another shape than they should.
        """
        if self.budget is not None and self.count + len(Z) > self.budget:
            raise OutOfQuestions
        parts = [
            self._ask(Z[first : first + self.batch_size])
            for first in range(0, len(Z), self.batch_size)
        ]
        if not parts:
            return np.zeros((0, self.n_outputs or 0))
        return np.concatenate(parts) / self.output_scale

    def _ask(self, Z: Array) -> Array:
        self.monitor.check_time()
        X = self.region.to_inputs(Z)
        answers = self._array(self.function(X), len(Z))
        self.count += len(Z)
        self.n_calls += 1
        if self.monitor.callback is not None:
            self.monitor.callback(Progress(self.stage, iteration=self.count))
        checked = self._checked(answers, len(Z))
        self._note_precision(checked)
        if self.first_answers is None:
            self.first_answers = checked
        Y = unlinked(checked, self.link, *self._range)
        if not np.isfinite(Y).all():
            at = X[np.flatnonzero(~np.isfinite(Y).all(axis=1))[0]]
            shown = np.array2string(at, precision=6, threshold=8, separator=", ")
            raise NotFinite(f"the answer to x = {shown} is {self._wrong_with(checked)}")
        if self._numbers + Z.size + Y.size <= self.most_kept:
            self._kept.append((np.array(Z), Y))
            self._numbers += Z.size + Y.size
        else:
            self._numbers = self.most_kept + 1
        return Y

    def _array(self, answers: Any, n: int) -> np.ndarray:
        try:
            return np.array(answers)  # a box may use its array again
        except ValueError:
            raise self._of_other_shape(n, "rows of different lengths") from None

    def _of_other_shape(self, n: int, found: str) -> ValueError:
        expected = "(n,) or (n, m)" if self.n_outputs is None else f"(n, {self.n_outputs})"
        return ValueError(
            f"the function must map inputs of shape {(n, self.region.n_inputs)} to answers of "
            f"shape {expected}, one row an input, got {found}"
        )

    def _wrong_with(self, answers: Array) -> str:
        if not np.isfinite(answers).all() or self.link == "identity":
            return "not finite"
        return f"no probability between 0 and 1, as behind a {self.link}, or is too near 0 or 1"

    def _note_precision(self, answers: Array) -> None:
        """Note whether all answers are numbers of single or half precision, and differ at all."""
        with np.errstate(over="ignore"):
            single, half = (answers.astype(kind) for kind in (np.float32, np.float16))
        self._is_single &= np.array_equal(single, answers, equal_nan=True)
        self._is_half &= np.array_equal(half, answers, equal_nan=True)
        if np.isnan(self._first_answer):
            self._first_answer = float(answers.flat[0])
        self._varies |= bool(np.any(answers != self._first_answer))
        if self.link != "identity":
            small = (answers > 0.0) & (answers < THRESHOLDS.small)
            grid = np.where(small, answers, 0.0) / (0.25 * self.granularity)
            self._small = self._small + small.sum(axis=0)
            self._finer = self._finer | np.any(grid != np.rint(grid), axis=0)

    @property
    def _absolute(self) -> BoolArray:
        """Tell of which outputs small probabilities are no finer than those near one, (m,).

        They are what is left of a sum, and exact to rounding of that.
        """
        enough = np.asarray(self._small) >= THRESHOLDS.telling
        return np.asarray(enough & np.logical_not(self._finer))

    @property
    def _range(self) -> tuple[Array, float]:
        """The least (m,) and the largest probability that says something."""
        single = self._seems_single
        known = THRESHOLDS.least_single if single else THRESHOLDS.least
        # Smaller numbers have lost digits, as they come close to the least that there is.
        least = 1e-36 if single else 1e-290
        return np.where(self._absolute, known, least), 1.0 - THRESHOLDS.least

    @property
    def granularity(self) -> float:
        """Machine epsilon of the type that the answers have.

        A box in single precision may show no rounding where it is looked for, and yet round.
        """
        return float(np.finfo(np.float32 if self._seems_single else np.float64).eps)

    @property
    def _seems_single(self) -> bool:
        """Whether the answers are numbers of single precision, as far as has been seen."""
        # A constant such as 3 may be of any precision.
        return self._is_single and (self._varies or not self._is_half)

    def _checked(self, answers: Any, n: int) -> Array:
        """Return the answers as a matrix of float64."""
        if np.iscomplexobj(answers) or not np.issubdtype(answers.dtype, np.number):
            raise ValueError(f"the function must return real numbers, got {answers.dtype} values")
        if n == 1 and (answers.ndim == 0 or (answers.ndim == 1 and len(answers) > 1)):
            answers = answers.reshape(1, -1)  # Of a function that squeezes what it returns.
        if answers.ndim not in (1, 2) or len(answers) != n:
            raise self._of_other_shape(n, f"shape {answers.shape}")
        Y = np.asarray(answers, dtype=np.float64).reshape(n, -1)
        if self.n_outputs is None:
            self.n_outputs, self.is_vector = Y.shape[1], answers.ndim == 1
            if self.n_outputs == 0:
                raise ValueError("the function returns no outputs")
        elif self.n_outputs != Y.shape[1]:
            raise ValueError(
                f"the function returned {self.n_outputs} outputs first, and {Y.shape[1]} now"
            )
        return Y

    def loss_of_digits(self, Y: Array) -> Array:
        """Return how much less exact than others the outputs (n, m) are for the link, (n,)."""
        if self.link == "identity":
            return np.ones(len(Y))
        logits, absolute = np.clip(Y * self.output_scale, -50.0, 50.0), self._absolute
        if self.link == "softmax":
            if not absolute.any():
                return np.ones(len(Y))
            odds = np.exp(np.clip(logits, -25.0, 25.0))
            return np.asarray(
                1.0 + np.max(absolute * odds.sum(axis=1, keepdims=True) / odds, axis=1)
            )
        # A probability near one is known to rounding, what is left to one is not; nor is a small
        # one that is what is left of a sum.
        lost = np.exp(logits) + absolute * np.exp(-logits)
        return np.asarray(1.0 + lost.max(axis=1))

    @property
    def keeps_all(self) -> bool:
        """Whether all questions and answers are kept."""
        return self._numbers <= self.most_kept

    def kept(self) -> tuple[Array, Array]:
        """Return the questions (n, d), in the coordinates of the region, and answers (n, m)."""
        Z, Y = zip(*self._kept, strict=True)
        return np.concatenate(Z), np.concatenate(Y) / self.output_scale


def unlinked(Y: Array, link: Link, least: Array, largest: float) -> Array:
    """Undo the link: from probabilities to outputs; NaN where they say nothing.

    That is below ``least`` (m,), or, behind a sigmoid, above ``largest``.

    Softmax loses a constant that all outputs share: outputs with mean zero are returned.
    """
    if link == "identity":
        return Y
    with np.errstate(divide="ignore", invalid="ignore"):
        if link == "sigmoid":
            sure = (Y < least) | (Y > largest)
            return np.where(sure, np.nan, np.log(Y) - np.log1p(-Y))
        logits = np.where(Y < least, np.nan, np.log(Y))
        return np.asarray(logits - logits.mean(axis=1, keepdims=True))
