"""What is doubtful in a reading: what it does not explain, what is known badly, kinks that bend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pureneuron.identify.kinks import Kinks
from pureneuron.identify.polish import affordable
from pureneuron.identify.reading import Reading
from pureneuron.identify.region import Region
from pureneuron.identify.units import Line
from pureneuron.typing import Array, BoolArray

__all__ = [
    "badly_known",
    "beside_hyperplanes",
    "disproved",
    "kinks_bend",
    "unexplained",
    "vague",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    same_place, near_place : float
        Distance of a kink to that of a neuron, relative to its place, at which they are the same:
        what the errors of the neuron allow for, between these (make bench-identify).
    surely : float
        Times its error that a neuron, or a reading, may be off (make bench-identify).
    same_jump : float
        Share of the kink of a neuron that makes one at its place more than its error.
    vague : float
        Error of a row of W from which on its neuron is hardly determined.
    exact : float
        Error of a row of W that is good enough (make bench-identify).
    inexact : float
        The same, estimated with caution, where steps on all answers follow.
    above_median : float
        Times the median error at which a neuron is badly known (make bench-identify).
    again, worthwhile : float
        Error of a row that is read once more, in units of how inexact the others make it; and how
        many times as large the present one must be.
    aside : float
        Distance from a hyperplane of questions that are asked beside it (make bench-identify).
    most_tested, step_across : int, float
        Neurons whose kinks are looked at elsewhere, and the length of the steps.
    bent, mostly : float
        Share of a kink that must be missing there, and share of the kinks (make bench-identify).
    """

    same_place: float = 1e-6
    near_place: float = 1e-2
    surely: float = 5.0
    same_jump: float = 1e-2
    vague: float = 1e-2
    exact: float = 1e-8
    inexact: float = 2e-7
    above_median: float = 10.0
    again: float = 12.0
    worthwhile: float = 10.0
    aside: float = 0.1
    most_tested: int = 20
    step_across: float = 1e-3
    bent: float = 0.1
    mostly: float = 0.3


THRESHOLDS = Thresholds()


def disproved(reading: Reading, line: Line, kinks: Kinks) -> BoolArray:
    """Tell which neurons of the reading have a kink on a line that the box has not, (k,).

    ``kinks`` are those of what is unexplained: one at the place of a neuron undoes it.
    """
    false = np.zeros(reading.n_neurons, dtype=np.bool_)
    if not len(kinks.places) or not reading.n_neurons:
        return false
    rate = reading.W @ line.direction
    with np.errstate(divide="ignore"):
        known = -reading.preactivations(line.origin[None])[0] / rate
    jumps = np.linalg.norm(reading.A, axis=0) * np.abs(rate)
    length = np.linalg.norm(reading.W, axis=1)
    inexact = THRESHOLDS.surely * reading.errors * length / np.maximum(np.abs(rate), 1e-300)
    inexact = np.clip(inexact, THRESHOLDS.same_place, THRESHOLDS.near_place)
    for place, jump in zip(kinks.places, kinks.jumps, strict=True):
        i = int(np.argmin(np.abs(known - place)))
        same = abs(known[i] - place) <= inexact[i] * np.hypot(1.0, place)
        false[i] |= same and float(np.linalg.norm(jump)) > THRESHOLDS.same_jump * jumps[i]
    return false


def unexplained(reading: Reading, Z: Array, Y: Array, exact: Array) -> BoolArray:
    """Tell which answers Y (n, m) to questions Z (n, d), exact to (n,), are not explained, (n,)."""
    allowed = exact + THRESHOLDS.surely * reading.uncertainty(Z)
    return np.asarray(np.abs(Y - reading(Z)).max(axis=1) > allowed)


def beside_hyperplanes(
    reading: Reading, region: Region, count: int, rng: np.random.Generator
) -> Array:
    """Draw points beside the hyperplanes of neurons, those within the bounds, (n, d)."""
    Z = region.draw(count, rng)
    units = rng.integers(reading.n_neurons, size=count)
    W = reading.W[units]
    length = np.linalg.norm(W, axis=1)
    distance = reading.preactivations(Z)[np.arange(count), units] / length
    move = THRESHOLDS.aside * rng.choice([-1.0, 1.0], count) - distance
    Z += (move / length)[:, None] * W
    return Z[region.contains(Z)]


def vague(reading: Reading) -> BoolArray:
    """Tell which neurons hardly are determined, (k,)."""
    return np.asarray(reading.errors > THRESHOLDS.vague)


def badly_known(reading: Reading, n_questions: int) -> BoolArray:
    """Tell which neurons another line would show better, now that others are known, (k,)."""
    if reading.n_neurons < 3:
        return np.zeros(reading.n_neurons, dtype=np.bool_)
    median = float(np.median(reading.errors))
    badly = reading.errors > max(THRESHOLDS.exact, THRESHOLDS.above_median * median)
    if affordable(reading, n_questions) == reading.n_neurons:
        # Steps on all answers will make the most of another line.
        return np.asarray(badly & (reading.errors > THRESHOLDS.inexact))
    effects = np.linalg.norm(reading.A, axis=0) * np.linalg.norm(reading.W, axis=1)
    # Those that are not worth another line blur the others as well.
    for _ in range(2):
        blur = reading.kept(~badly).blur
        again = THRESHOLDS.again * blur / np.maximum(effects, 1e-300)
        badly &= reading.errors > THRESHOLDS.worthwhile * again
    return np.asarray(badly)


def kinks_bend(
    reading: Reading,
    region: Region,
    residual: Callable[[Array], tuple[Array, Array]],
    rng: np.random.Generator,
) -> bool:
    """Tell whether the kinks of the box bend: whether neurons are none where they were not seen.

    At points drawn on the hyperplanes of some neurons, what is unexplained must not bend.

    Parameters
    ----------
    reading : Reading
        What is known.
    region : Region
        Where points are drawn.
    residual : callable
        Returns what is unexplained at points (n, d), and how exact that is; it asks the box.
    rng : numpy.random.Generator
        Draws neurons and points.
    """
    if not reading.n_neurons:
        return False
    count = min(reading.n_neurons, THRESHOLDS.most_tested)
    units = rng.choice(reading.n_neurons, count, replace=False)
    W, b, A = reading.W[units], reading.b[units], reading.A[:, units]
    length = np.linalg.norm(W, axis=1)
    Z = region.draw(count, rng)
    Z -= ((np.sum(Z * W, axis=1) + b) / length**2)[:, None] * W
    step = THRESHOLDS.step_across * W / length[:, None]
    within = region.contains(Z - step) & region.contains(Z + step)
    Z, step, A, length = Z[within], step[within], A[:, within], length[within]
    count = len(Z)
    if not count:
        return False
    Y, rounding = residual(np.concatenate([Z - step, Z, Z + step]))
    before, at, behind = Y.reshape(3, count, -1)
    bend = np.linalg.norm(before - 2.0 * at + behind, axis=1)
    expected = np.linalg.norm(A, axis=0) * length * THRESHOLDS.step_across
    exact = 4.0 * rounding.reshape(3, count).max(axis=0)
    seen = expected > 10.0 * exact
    if not seen.any():
        return False
    bent = bend > THRESHOLDS.bent * expected + exact
    return bool(np.mean(bent[seen]) > THRESHOLDS.mostly)
