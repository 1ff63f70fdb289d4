"""How exactly the box answers: whether it is smooth, what rounding hides, whether it repeats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

import numpy as np

from pureneuron.identify.questions import NotFinite, Questions
from pureneuron.typing import Array, BoolArray

__all__ = ["Precision", "curved_share", "exactness", "probe", "repeats"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    places : int
        Places that are looked at (make bench-identify).
    distance : float
        Of the five questions at a place, in the coordinates of the region (make bench-identify).
    above_rounding : float
        Times the rounding that a second difference must be to show curvature.
    steps : float
        Last digit, relative to the answers, from which on they jump rather than being rounded.
    most_digits : int
        Decimal digits up to which numbers have been rounded: others have 16 or 17 (by definition).
    of_inputs : float
        Change of the outputs, in units of their size, for one of the inputs by their scale.
    coarser : float
        Times the usual rounding of an output from which on it counts less.
    safety, coarse_safety : float
        Times the rounding that an answer may be off: it is known from a few questions only, and is
        not the same everywhere; of coarse rounding more is known (make bench-identify).
    coarse : float
        Rounding from which on neurons are fitted to questions far apart (make bench-identify).
    noise : float
        Difference of two answers to the same question, relative to their size, up to which it is
        rounding: single precision has some 1e-6 (make bench-identify).
    repetitions : int
        Times that one question is asked in a call, in two calls, to see how answers differ.
    constant : float
        Spread of answers, relative to the largest, up to which they are one number (rounding).
    farther, more_places : tuple of float, int
        Where outputs that seem to be constant are asked as well, times as far as usual, and at how
        many places each (make bench-identify).
    drift : float
        Correlation of these answers, with their order or each with the one before, from which on
        they depend on what was asked before: of 32 independent ones, hardly ever (by definition).
    """

    places: int = 3
    distance: float = 1e-3
    above_rounding: float = 30.0
    most_digits: int = 14
    steps: float = 1e-3
    coarser: float = 3.0
    of_inputs: float = 0.3
    safety: float = 30.0
    coarse_safety: float = 8.0
    coarse: float = 1e-10
    noise: float = 1e-5
    repetitions: int = 16
    constant: float = 1e-12
    farther: tuple[float, ...] = (1.0, 4.0, 16.0)
    more_places: int = 8
    drift: float = 0.7


THRESHOLDS = Thresholds()
_DOUBLE = 4.0 * float(np.finfo(np.float64).eps)  # least rounding of a sum of a few products


@dataclass(frozen=True, eq=False)
class Precision:
    """What the first questions show.

    Attributes
    ----------
    rounding : float
        Standard deviation of the error of an answer, relative to its size.
    size : (m,) array
        Root mean square of the answers about their mean.
    curved : float
        Share of places at which the function is curved.
    places, answers : (p, d) and (p, m) arrays
        Places that were asked at, and the answers, in units of their size.
    """

    rounding: float
    size: Array
    curved: float
    places: Array
    answers: Array

    @property
    def is_coarse(self) -> bool:
        """Whether rounding is large against what a step beside a line shows."""
        return self.rounding > THRESHOLDS.coarse

    def tolerance(self, Z: Array) -> Array:
        """Return how exact answers at points (n, d) are, (n,)."""
        far = np.linalg.norm(Z, axis=1) / np.sqrt(Z.shape[1])
        safety = THRESHOLDS.coarse_safety if self.is_coarse else THRESHOLDS.safety
        return np.asarray(safety * self.rounding * np.maximum(1.0, far))

    def __str__(self) -> str:
        text = f"answers are exact to {self.rounding:.2g} of their size"
        return text + (f", curved at {self.curved:.0%} of the places" if self.curved else "")


def probe(questions: Questions, rng: np.random.Generator) -> Precision:
    """Ask five equidistant questions at each of a few places."""
    region, places = questions.region, THRESHOLDS.places
    centres = 0.9 * region.draw(places, rng)
    Y = _around(questions, centres, rng)
    size = _size(questions, Y[2], rng)
    size = size * _coarser(Y / size)
    Y = Y / size
    near = Y[1] - 2.0 * Y[2] + Y[3]
    largest = max(float(np.abs(Y).max()), 1.0)
    grain = _least(questions, largest)
    # Far from zero inputs are rounded as well.
    far = float(np.max(np.abs(region.center) / region.scale))
    grain = max(grain, THRESHOLDS.of_inputs * np.finfo(np.float64).eps * far)
    if questions.link == "identity" and questions.first_answers is not None:
        digit = _last_digit(questions.first_answers) / float(size.max())
        grain = max(grain, digit if digit < THRESHOLDS.steps else 0.0)
    return Precision(
        rounding=max(float(np.median(np.abs(near))) / np.sqrt(6.0), grain),
        size=size,
        curved=float(np.mean(_curved(Y, _DOUBLE * largest))),
        places=centres,
        answers=Y[2],
    )


def regauged(precision: Precision, questions: Questions) -> Precision:
    """Return the precision of a box whose answers, since the first ones, may have been far larger.

    A neuron that was off there may be so strong that its products round by more than was seen.
    """
    Z, Y = questions.kept()
    far = np.maximum(1.0, np.linalg.norm(Z, axis=1) / np.sqrt(Z.shape[1]))
    largest = float(np.max(np.abs(Y).max(axis=1) / far))
    return replace(precision, rounding=max(precision.rounding, _least(questions, largest)))


def _least(questions: Questions, largest: float) -> float:
    """Return the least rounding of answers of this size."""
    return max(_DOUBLE, 0.5 * questions.granularity) * largest


def curved_share(
    questions: Questions, precision: Precision, Z: Array, rng: np.random.Generator
) -> float:
    """Return the share of places (n, d), within the bounds, at which the box is curved."""
    inside = 0.99 * Z if questions.region.is_bounded else Z
    return float(np.mean(_curved(_around(questions, inside, rng), precision.rounding)))


def _around(questions: Questions, centres: Array, rng: np.random.Generator) -> Array:
    """Ask five equidistant questions about each of the places (p, d); return (5, p, m) answers."""
    directions = rng.standard_normal(centres.shape)
    directions *= THRESHOLDS.distance / np.linalg.norm(directions, axis=1)[:, None]
    Z = centres + np.arange(-2.0, 3.0)[:, None, None] * directions
    return questions.ask(Z.reshape(-1, centres.shape[1])).reshape(5, len(centres), -1)


def _curved(Y: Array, least: float) -> BoolArray:
    """Tell at which places answers (5, p, m) that are exact to ``least`` are curved, (p,).

    The second difference at twice the distance is four times as large where there is curvature, in
    most outputs; next to a kink and for mere rounding the ratio is anything.
    """
    near, wide = Y[1] - 2.0 * Y[2] + Y[3], Y[0] - 2.0 * Y[2] + Y[4]
    seen = np.abs(near) > THRESHOLDS.above_rounding * least
    ratio = np.where(seen, wide, 0.0) / np.where(seen, near, 1.0)
    return np.asarray(np.median(np.abs(ratio - 4.0), axis=1) < 0.5)


def _size(questions: Questions, Y: Array, rng: np.random.Generator) -> Array:
    """Return the size of the outputs (m,), for answers (p, m) at a few places.

    A neuron that is seldom on is at none of them, maybe. So where an output does not vary, it is
    asked farther out as well, and what is seen there counts as near as a linear function allows.
    """
    region, size = questions.region, _spread(Y)
    for far in THRESHOLDS.farther:
        if (size > 0.0).all():
            break
        stretch = 1.0 if region.is_bounded else far
        try:
            beyond = questions.ask(stretch * region.draw(THRESHOLDS.more_places, rng))
        except NotFinite:  # Lines will tell whether that is within reach.
            break
        size = np.where(size > 0.0, size, _spread(np.concatenate([Y, beyond])) / stretch)
    return np.where(size > 0.0, size, 1.0)


def _spread(Y: Array) -> Array:
    """Return the root mean square of answers (n, m) about their mean, (m,); 0 for rounding."""
    largest = np.abs(Y).max(axis=0)
    # Squares of numbers such as 1e-200 and 1e200 are none.
    scaled = Y / np.where(largest > 0.0, largest, 1.0)
    spread = np.sqrt(np.mean((scaled - scaled.mean(axis=0)) ** 2, axis=0))
    return np.asarray(np.where(spread > THRESHOLDS.constant, spread * largest, 0.0))


def exactness(precision: Precision, questions: Questions, Z: Array, Y: Array) -> Array:
    """Return how exact the answers Y (n, m) to questions Z (n, d) are, (n,).

    A neuron may be on where nothing was asked at first, and outputs larger there than their size.
    """
    safety = THRESHOLDS.coarse_safety if precision.is_coarse else THRESHOLDS.safety
    own = safety * questions.granularity * np.abs(Y).max(axis=1, initial=0.0)
    return np.asarray(np.maximum(precision.tolerance(Z), own) * questions.loss_of_digits(Y))


def _last_digit(answers: Array) -> float:
    """Return what the last decimal digit of numbers that are written with few stands for; or 0."""
    numbers = [Decimal(repr(float(value))).as_tuple() for value in answers.ravel()]
    if max(len(number.digits) for number in numbers) > THRESHOLDS.most_digits:
        return 0.0
    varied = len(set(answers.ravel().tolist())) > 2
    return float(10.0 ** np.median([number.exponent for number in numbers])) if varied else 0.0


def _coarser(Y: Array) -> Array:
    """Return how much coarser than usual outputs are rounded, (m,), for answers (5, p, m).

    An output that hardly varies is rounding, mostly. It is not to drown the others.
    """
    rounding = np.median(np.abs(Y[1] - 2.0 * Y[2] + Y[3]), axis=0)
    usual = np.median(rounding)
    if usual == 0.0:
        return np.ones(Y.shape[2])
    return np.asarray(np.maximum(1.0, rounding / (THRESHOLDS.coarser * usual)))


def repeats(
    questions: Questions, precision: Precision
) -> tuple[Literal["", "noise", "state"], float]:
    """Ask again what was asked first.

    Returns
    -------
    kind : "", "noise" or "state"
        Nothing, if the answers are the same; whether their differences look independent.
    size : float
        Root mean square of the differences.
    """
    again = questions.ask(precision.places)
    off = float(np.sqrt(np.mean((again - precision.answers) ** 2)))
    usual = THRESHOLDS.noise * max(1.0, float(np.abs(precision.answers).max()))
    if off <= usual:
        return "", off
    count = THRESHOLDS.repetitions
    Z = np.repeat(precision.places[:1], count, axis=0)
    answers = np.concatenate([questions.ask(Z), questions.ask(Z)])
    y = answers[:, int(np.argmax(answers.std(axis=0)))]
    within = max(y[:count].std(), y[count:].std())
    if within <= 0.1 * y.std():
        return "state", off
    order = np.arange(len(y))
    drifts = abs(np.corrcoef(order, y)[0, 1]), abs(np.corrcoef(y[1:], y[:-1])[0, 1])
    return ("state" if max(drifts) > THRESHOLDS.drift else "noise"), off
