"""Which line to look along, at random or where some neurons show well; and how far it goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.identify.questions import NotFinite, Questions
from pureneuron.identify.reading import Reading
from pureneuron.identify.region import Region
from pureneuron.identify.units import Line
from pureneuron.typing import Array

__all__ = ["central_line", "ends", "line_along", "line_apart", "random_line"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    tried : int
        Lines of which the one is chosen that shows neurons best.
    far : float
        How far out their kinks may be, on the scale of arcsinh (make bench-identify).
    central : float
        How far from the centre a line that is to cross most hyperplanes begins, relative to the
        points of the region: kinks are as far out as that, mostly (make bench-identify).
    """

    tried: int = 100
    far: float = 3.0
    central: float = 0.5


THRESHOLDS = Thresholds()


def line_along(origin: Array, direction: Array) -> Line:
    """Return the line through a point (d,) in a direction (d,) of any length."""
    return Line(origin, direction / np.linalg.norm(direction))


def random_line(region: Region, rng: np.random.Generator) -> Line:
    """Return a line through the region; within bounds, through two of its points."""
    origin = region.draw(1, rng)[0]
    if region.is_bounded:
        return line_along(origin, region.draw(1, rng)[0] - origin)
    return line_along(origin, rng.standard_normal(region.n_inputs))


def central_line(region: Region, rng: np.random.Generator) -> Line:
    """Return a line near the centre: fewer hyperplanes cross it beyond its ends.

    Behind a link a line is short, and what is not crossed has to be found on another one.
    """
    line = random_line(region, rng)
    if region.is_bounded:
        return line
    return Line(THRESHOLDS.central * line.origin, line.direction)


def line_apart(region: Region, units: Reading, rng: np.random.Generator) -> Line | None:
    """Return a line on which these neurons have kinks far apart, and turn on one way.

    It is within the span of their rows: there kinks are strong, and others far between. A kink
    beyond the bounds would not be seen, and its neuron be lost: None if there is no such line.
    """
    best, widest = None if region.is_bounded else random_line(region, rng), -1.0
    rows = units.W / np.linalg.norm(units.W, axis=1)[:, None]
    for _ in range(THRESHOLDS.tried):
        origin = region.draw(1, rng)[0]
        line = line_along(origin, rng.standard_normal(len(rows)) @ rows)
        rate = units.W @ line.direction
        places = -units.preactivations(line.origin[None])[0] / rate
        low, high = region.ends(line.origin, line.direction, np.inf)
        if places.min() <= low or places.max() >= high:
            continue
        places = np.arcsinh(places)
        gap = float(np.diff(np.sort(places)).min(initial=np.inf))
        gap = min(gap, 1.0) + (1.0 if abs(np.sign(rate).sum()) == len(rate) else 0.0)
        if gap > widest and np.abs(places).max() < THRESHOLDS.far:
            best, widest = line, gap
    return best


def ends(questions: Questions, line: Line, reach: float) -> tuple[float, float, dict[float, Array]]:
    """Return how far a line may be followed, and what was answered (m,) at some places.

    Beyond a link it may be followed as far as answers say something.
    """
    low, high = questions.region.ends(line.origin, line.direction, reach)
    if questions.link == "identity":
        return low, high, {}
    answers = dict(_answered(questions, line, end) for end in (low, high))
    low, high = sorted(answers)
    return low, high, answers


def _answered(questions: Questions, line: Line, end: float) -> tuple[float, Array]:
    """Return the first of ``end``, half of it, … at which the box answers, and the answer."""
    while True:
        try:
            return end, questions.ask(line.points(np.array([end])))[0]
        except NotFinite:
            if abs(end) < 0.1:
                raise
            end *= 0.5
