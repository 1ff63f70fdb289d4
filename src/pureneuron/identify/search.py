"""From a box to a reading: lines until nothing is left to see, then fresh questions.

What is known is subtracted: along the next line only neurons that are still unknown have kinks, and
most lines see none. The first one sees nearly all. Neurons whose kinks lie so close together that
they are badly known are taken out of the first reading, and a line is chosen on which they lie far
apart. At the end the reading meets answers to questions at random; if it is wrong somewhere, the
next line goes from there to a place where it is right.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pureneuron.identify.choice_of_line import (
    central_line,
    ends,
    line_along,
    line_apart,
    random_line,
)
from pureneuron.identify.coarse import Spread
from pureneuron.identify.doubts import (
    badly_known,
    beside_hyperplanes,
    disproved,
    kinks_bend,
    unexplained,
    vague,
)
from pureneuron.identify.kinks import Kinks
from pureneuron.identify.line import Discontinuous, Tangled, trace
from pureneuron.identify.polish import affordable, polished
from pureneuron.identify.precision import Precision, exactness
from pureneuron.identify.questions import NotFinite, Questions
from pureneuron.identify.reading import Reading
from pureneuron.identify.refine import n_unknowns
from pureneuron.identify.units import Line, always_on_before, read_units
from pureneuron.typing import Array, BoolArray

__all__ = ["Search"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    reach : float
        Where the first line ends without bounds, times the root of the number of inputs: kinks
        farther out are not seen on it (make bench-identify).
    usual_reach : float
        The same for lines after the first.
    quiet_lines, quiet_lines_in_bounds : int
        Lines that show nothing new before the reading is checked; with bounds more, for a line
        crosses fewer hyperplanes.
    most_lines : int
        Lines after which a reading that is still wrong somewhere is given up.
    fresh, fresh_in_bounds, fresh_share : int, int, float
        Fresh questions at the end: at least so many, with bounds more, and so many for each one
        before (by definition: with 30, less than 10 % of the region is wrong, with 100 less than
        3 %, at a level of 95 %).
    few_weights, beside : int
        Entries of W up to which so many more fresh questions are asked, beside the hyperplanes:
        small networks of more hidden layers may look like one in most of the region, and kinks that
        end are where they do not (make bench-identify).
    share_of_lines : float
        Questions for lines of which the first is chosen, where rounding hides kinks, as a share of
        those for the rows of the neurons (make bench-identify).
    rereads : int
        Lines up to which neurons that are badly known are read again.
    less_exact : float
        Times as inexact as it seemed that a reading is where a line makes no sense.
    least_explained : float
        Share of the answers that must be explained for a polish.
    cautious : float
        Errors of neurons after a polish, as a share of those for answers as inexact as is allowed
        for.
    as_well : float
        Times as far off fresh answers as before that a reading without linear part may be
        (make bench-identify).
    """

    reach: float = 300.0
    usual_reach: float = 15.0
    quiet_lines: int = 1
    quiet_lines_in_bounds: int = 4
    most_lines: int = 24
    fresh: int = 30
    fresh_in_bounds: int = 100
    fresh_share: float = 0.05
    few_weights: int = 60
    beside: int = 60
    share_of_lines: float = 0.15
    rereads: int = 3
    less_exact: float = 30.0
    least_explained: float = 0.9
    cautious: float = 0.1
    as_well: float = 10.0


THRESHOLDS = Thresholds()


@dataclass
class Search:
    """A search that is going on.

    Attributes
    ----------
    questions : Questions
        The box.
    precision : Precision
        How exactly it answers.
    rng : numpy.random.Generator
        Draws lines and fresh questions.
    reading : Reading
        What has been read so far.
    fresh : (Z, Y) or None
        Fresh questions and answers.
    n_drawn : int
        How many of them were drawn at random; they come first.
    n_lines : int
        Lines so far.
    reach : float
        How far lines go without bounds.
    home : (d,) array or None
        A point near which the reading is right.
    trouble : exception or None
        What ended a line that was to show what is still unknown.
    spread : Spread or None
        Answers all over the region, where the box rounds coarsely.
    n_fresh : int or "auto"
        Fresh questions, or a few more than are usual for so many questions before.
    """

    questions: Questions
    precision: Precision
    rng: np.random.Generator
    reading: Reading
    fresh: tuple[Array, Array] | None = None
    n_drawn: int = 0
    n_lines: int = 0
    reach: float = 0.0
    home: Array | None = None
    trouble: Exception | None = None
    spread: Spread | None = None
    n_fresh: int | Literal["auto"] = "auto"

    @classmethod
    def begun(
        cls,
        questions: Questions,
        precision: Precision,
        rng: np.random.Generator,
        n_fresh: int | Literal["auto"] = "auto",
    ) -> Search:
        """Return a search that has seen nothing."""
        d, m = questions.region.n_inputs, len(precision.size)
        nothing, reach = Reading.nothing(d, m), float(THRESHOLDS.reach * np.sqrt(d))
        return cls(questions, precision, rng, nothing, reach=reach, n_fresh=n_fresh)

    @property
    def most_lines(self) -> int:
        """Lines after which a reading that is still wrong is given up."""
        return THRESHOLDS.most_lines

    def run(self) -> None:
        """Read lines until one shows nothing new."""
        self._read_first_line()
        quiet, bounded = 0, self.questions.region.is_bounded
        enough = THRESHOLDS.quiet_lines_in_bounds if bounded else THRESHOLDS.quiet_lines
        while quiet < enough and self.n_lines < THRESHOLDS.most_lines:
            quiet = 0 if self.read_line(random_line(self.questions.region, self.rng)) else quiet + 1

    def follow(self) -> bool:
        """Read a line from where the reading is wrong; False if it is nowhere, or none helps."""
        if self.n_lines >= THRESHOLDS.most_lines:
            return False
        wrong = self.wrong()
        assert self.fresh is not None
        assert self.home is not None
        Z = self.fresh[0]
        start = Z[wrong][0]
        target = self.home if wrong.all() else self.rng.choice(Z[~wrong])
        return self.read_line(line_along(start, target - start))

    def wrong(self) -> BoolArray:
        """Tell at which fresh questions the reading is wrong, (n,) bool."""
        assert self.fresh is not None
        return self._unexplained(self.reading, *self.fresh)

    def ask_fresh(self) -> None:
        """Ask fresh questions at random; and beside the hyperplanes, where weights are few."""
        region = self.questions.region
        fewest = THRESHOLDS.fresh_in_bounds if region.is_bounded else THRESHOLDS.fresh
        usual = max(fewest, int(THRESHOLDS.fresh_share * self.questions.count))
        count = usual if self.n_fresh == "auto" else self.n_fresh
        Z = region.draw(count, self.rng)
        if 0 < self.reading.W.size <= THRESHOLDS.few_weights:
            near = beside_hyperplanes(self.reading, region, THRESHOLDS.beside, self.rng)
            Z = np.concatenate([Z, near])
        self.fresh, self.n_drawn = (Z, self.questions.ask(Z)), count

    def prune(self) -> None:
        """Leave out neurons that hardly are determined, where nothing is unexplained without."""
        parts = [] if self.fresh is None else [self.fresh]
        parts += [] if self.spread is None else [(self.spread.Z, self.spread.Y)]
        Z, Y = (np.concatenate(each) for each in zip(*parts, strict=True))
        for error in sorted(self.reading.errors[vague(self.reading)])[::-1]:
            without = self.reading.kept(self.reading.errors != error)
            if not self._unexplained(without, Z, Y).any():
                self.reading = without

    def complete(self, seconds: float) -> bool:
        """Fit neurons to what lines leave unexplained; return whether that has helped."""
        before = self.reading
        if self.spread is not None:
            self.reading = self.spread.completed(before, seconds)
        return self.reading is not before

    def accuracy(self, reading: Reading | None = None, negative_slope: float = 0.0) -> float:
        """Return the largest difference to a fresh answer, relative to the size of the outputs.

        Of the reading so far, if no other one is given.
        """
        if self.fresh is None:
            return float("inf")
        Z, Y = self.fresh
        reading = self.reading if reading is None else reading
        return float(np.abs(Y - reading(Z, negative_slope)).max())

    def explains_as_well(self, reading: Reading, negative_slope: float) -> bool:
        """Tell whether a reading is as near to the fresh answers as the one so far, about."""
        if self.fresh is None:
            return True
        Z, Y = self.fresh
        off = np.abs(Y - reading(Z, negative_slope)).max(axis=1)
        before = np.abs(Y - self.reading(Z)).max(axis=1)
        allowed = self._rounding(Z, Y) + THRESHOLDS.as_well * before.max()
        return bool((off <= allowed).all())

    def bends(self) -> bool:
        """Whether the kinks of the box bend."""
        return kinks_bend(self.reading, self.questions.region, self.residual, self.rng)

    def _read_first_line(self) -> None:
        """Read the first line: of a box that rounds coarsely, the best of a few.

        Kinks that are close together are hidden there. To trace a line costs next to nothing
        against the derivatives across it, where there are many inputs.
        """
        self.n_lines += 1
        draw = random_line if self.precision.is_coarse else central_line
        line = draw(self.questions.region, self.rng)
        before, lines = self.questions.count, [(line, self._traced(line, first=True))]
        while self.precision.is_coarse:
            most = max(len(kinks.places) for _, kinks in lines)
            asked = self.questions.count - before
            if asked > THRESHOLDS.share_of_lines * most * len(line.origin):
                break
            line = draw(self.questions.region, self.rng)
            with suppress(Discontinuous, Tangled):
                lines.append((line, self._traced(line, first=True)))
        line, kinks = max(lines, key=lambda each: (len(each[1].places), each[1].least_gap))
        self.home = self._read(line, kinks, first=True)

    def read_line(self, line: Line) -> bool:
        """Look for what is unknown along a line; return whether there was anything."""
        self.n_lines += 1
        try:
            kinks = self._traced(line, first=False)
            for _ in range(2):
                false = disproved(self.reading, line, kinks)
                if not false.any():
                    break
                self.reading = self.reading.kept(~false)
                kinks = self._traced(line, first=False)
        except (Discontinuous, Tangled) as trouble:
            self.trouble = trouble
            return False
        if not len(kinks.places) and self._zero_end(line, kinks) is not None:
            return False
        self._read(line, kinks, first=False)
        return True

    def _read(self, line: Line, kinks: Kinks, *, first: bool) -> Array:
        """Read the neurons whose kinks are on a line; return a point on its first piece, (d,)."""
        zero = self._zero_end(line, kinks)
        if zero == "high":
            line, kinks = line.reversed(), kinks.reversed()
        exact = zero is not None and not first and not self.precision.is_coarse
        known = always_on_before(line, kinks, self.reading) if exact else None
        units = known or read_units(
            self.residual,
            line,
            kinks,
            share=min(0.1, self.precision.rounding ** (1.0 / 14.0)),
            blur=self._blur(line),
            base_is_zero=zero is not None and not first,
            is_coarse=self.precision.is_coarse,
            region=self.questions.region,
            rng=self.rng,
        )
        self._add(units)
        return np.asarray(line.points(np.array([kinks.pieces[0].first]))[0])

    def residual(self, Z: Array) -> tuple[Array, Array]:
        """Return what is not explained at points (n, d), (n, m), and its rounding, (n,)."""
        Y = self.questions.ask(Z)
        return Y - self.reading(Z), self._rounding(Z, Y)

    def _rounding(self, Z: Array, Y: Array) -> Array:
        return exactness(self.precision, self.questions, Z, Y)

    def _unexplained(self, reading: Reading, Z: Array, Y: Array) -> BoolArray:
        return unexplained(reading, Z, Y, self._rounding(Z, Y))

    def _traced(self, line: Line, *, first: bool) -> Kinks:
        while True:
            usual = THRESHOLDS.usual_reach * np.sqrt(len(line.origin))
            reach = self.reach if first else min(self.reach, usual)
            low, high, known = ends(self.questions, line, reach)
            nodes = np.array([low, high])
            if first and not self.questions.region.is_bounded:
                inner = max(-usual, 0.5 * low), min(usual, 0.5 * high)
                nodes = np.array([low, *inner, high])
            try:
                return self._along(line, nodes, known, 1.0)
            except (Discontinuous, Tangled):
                if first:
                    raise
                # What is known is less exact than it seemed.
                return self._along(line, nodes, known, THRESHOLDS.less_exact)
            except NotFinite:
                # Beyond a link, answers far out say nothing.
                if self.questions.link == "identity" or self.reach < 0.1:
                    raise
                self.reach *= 0.25

    def _along(
        self, line: Line, nodes: Array, known: dict[float, Array], less_exact: float
    ) -> Kinks:
        """Trace a line from ``nodes`` on; at places that are known the box is not asked again."""

        def values(t: Array) -> tuple[Array, Array]:
            Z = line.points(t)
            new = np.array([place not in known for place in t.tolist()], dtype=np.bool_)
            Y = np.empty((len(t), len(self.precision.size)))
            Y[new] = self.questions.ask(Z[new])
            for i in np.flatnonzero(~new):
                Y[i] = known[float(t[i])]
            return Y - self.reading(Z), self._rounding(Z, Y)

        return trace(
            values,
            nodes,
            step=min(0.1, self.precision.rounding**0.25),
            blur=less_exact * self._blur(line),
            rounding=self.precision.rounding,
            is_coarse=self.precision.is_coarse,
            rng=self.rng,
        )

    def _blur(self, line: Line) -> float:
        """Return how exact the reading is near the origin of a line."""
        return float(self.reading.uncertainty(line.origin[None])[0])

    def _zero_end(self, line: Line, kinks: Kinks) -> str | None:
        """Return the end of the line at which nothing is unexplained."""
        for piece, end in ((kinks.pieces[0], "low"), (kinks.pieces[-1], "high")):
            off = max(
                np.abs(piece.y_first).max() - piece.error(piece.first),
                np.abs(piece.y_last).max() - piece.error(piece.last),
            )
            if off <= 0.0:
                return end
        return None

    def _add(self, units: Reading) -> None:
        """Add neurons and linear part; leave out what is to be read again."""
        reading = self.reading.with_units(units.W, units.b, units.A, units.errors)
        self.reading = reading.with_linear(units.L, units.c).united()
        if self.precision.is_coarse:
            self._refine()
        else:
            self._polish()
        badly = badly_known(self.reading, self.questions.count)
        if badly.any() and self.n_lines <= THRESHOLDS.rereads:
            line = line_apart(self.questions.region, self.reading.kept(badly), self.rng)
            if line is not None:
                self._read_again(line, badly)

    def _read_again(self, line: Line, badly: BoolArray) -> None:
        """Read some neurons again; those that are there stay if that shows them no better."""
        before = self.reading
        self.reading = before.kept(~badly)
        self.read_line(line)
        again = self.reading.errors[np.sum(~badly) :]
        no_more = self.reading.n_neurons <= before.n_neurons
        if no_more and not again.max(initial=0.0) < before.errors[badly].max():
            self.reading = before

    def _refine(self) -> None:
        """Fit answers all over the region."""
        unknowns = n_unknowns(self.reading)
        if self.spread is None:
            self.spread = Spread.asked(self.questions, self.precision, self.rng, unknowns)
        self.spread.ask_enough(unknowns)
        self.reading = self.spread.refined(self.reading)
        if self.reading.n_neurons or not self.spread.explains_all(self.reading):
            return
        # What a linear function leaves at all these places shows rounding better than a few do.
        rounding = self.spread.left(self.reading)
        if rounding > self.precision.rounding and self.spread.leaves_rounding(self.reading):
            self.precision = replace(self.precision, rounding=rounding)
            self.spread.precision = self.precision

    def _polish(self) -> None:
        """Fit all answers with the neurons that are known worst, as many as is quick."""
        questions, reading = self.questions, self.reading
        if not questions.keeps_all or not reading.n_neurons:
            return
        Z, Y = questions.kept()
        count = affordable(reading, len(Z))
        units = np.argsort(-reading.errors)[:count]
        if not len(units):
            return
        exact, linear = self._rounding(Z, Y), bool(reading.L.any())
        # Neurons that are still to be found would bend those that are known.
        explained = ~unexplained(reading, Z, Y, exact)
        if np.mean(explained) < THRESHOLDS.least_explained:
            return
        Z, Y, exact = Z[explained], Y[explained], exact[explained]
        # The neurons that stay where they are blur what answers say of the others.
        stays = ~np.isin(np.arange(reading.n_neurons), units)
        exact = exact + reading.kept(stays).uncertainty(Z)
        new, errors = polished(reading, Z, Y, exact, units, linear=linear)
        stay = reading.errors[stays]
        errors = THRESHOLDS.cautious * errors + (np.median(stay) if len(stay) else 0.0)
        if errors.max() <= reading.errors[units].max():
            known = reading.errors.copy()
            known[units] = errors
            self.reading = replace(new, errors=known)
