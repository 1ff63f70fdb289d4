"""Boxes that round coarsely: answers to questions all over the region, and fits to them.

In single precision a line shows a row of W to three digits only, and hides kinks that are weak or
close together. Questions far apart determine rows to rounding, once it is known which side of each
hyperplane they are on; and what lines have left shows in them, too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lstsq

from pureneuron.identify.doubts import unexplained, vague
from pureneuron.identify.precision import Precision, exactness
from pureneuron.identify.questions import OutOfQuestions, Questions
from pureneuron.identify.reading import Reading
from pureneuron.identify.refine import beside_kinks, fitted, n_unknowns, refined
from pureneuron.recover import recover
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array

__all__ = ["Spread"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    questions, more : float, int
        Questions for each unknown, and how many more (make bench-identify).
    too_few : float
        Share of these at which more are asked for neurons that lines have shown since then.
    refinements : int
        Fits to the answers that are explained, each time that something was read.
    just_enough : float
        Numbers in these answers for each unknown below which they are not fitted.
    much_better : float
        Share of the error of a reading that must be left for another one to be tried further.
    most_left : int
        Neurons that are fitted at once to what lines leave (make bench-identify).
    of_rounding : float
        Error of a reading that explains all, in units of the rounding (make bench-identify).
    looked_beside, beside, same : int, float, float
        Places at which most is left that are asked beside; how far, as a share of the way to the
        middle; share of it that must be left there, too, for it to be no rounding (make
        bench-identify).
    for_fit : float
        Answers for each unknown of a fit that knows of no line.
    cautious : float
        Standard errors that rows of such a fit may be off.
    """

    questions: float = 4.0
    more: int = 30
    too_few: float = 0.5
    refinements: int = 3
    just_enough: float = 1.5
    much_better: float = 0.5
    most_left: int = 4
    of_rounding: float = 5.0
    looked_beside: int = 20
    beside: float = 0.003
    same: float = 0.5
    for_fit: float = 12.0
    cautious: float = 5.0


THRESHOLDS = Thresholds()


@dataclass
class Spread:
    """Questions all over the region, and their answers.

    Attributes
    ----------
    questions : Questions
        The box.
    precision : Precision
        How exactly it answers.
    rng : numpy.random.Generator
        Draws questions and starts.
    Z, Y : (n, d) and (n, m) arrays
        Questions and answers so far.
    only_rounding : bool or None
        Whether what a linear function leaves is rounding; None where that has not been asked.
    """

    questions: Questions
    precision: Precision
    rng: np.random.Generator
    Z: Array
    Y: Array
    only_rounding: bool | None = None

    @classmethod
    def asked(
        cls, questions: Questions, precision: Precision, rng: np.random.Generator, unknowns: int
    ) -> Spread:
        """Ask enough questions for so many unknowns."""
        Z = questions.region.draw(_enough(unknowns, len(precision.size)), rng)
        return cls(questions, precision, rng, Z, questions.ask(Z))

    def ask_enough(self, unknowns: int) -> None:
        """Ask more where there are too few answers for so many unknowns."""
        enough = _enough(unknowns, self.Y.shape[1])
        if len(self.Z) < THRESHOLDS.too_few * enough:
            self.ask(self.questions.region.draw(enough - len(self.Z), self.rng))

    def ask(self, Z: Array) -> None:
        """Ask some more."""
        Y = self.questions.ask(Z)
        self.Z, self.Y = np.concatenate([self.Z, Z]), np.concatenate([self.Y, Y])

    def left(self, reading: Reading) -> float:
        """Return the root mean square of what a reading does not explain."""
        return float(np.sqrt(np.mean((self.Y - reading(self.Z)) ** 2)))

    def refined(self, reading: Reading) -> Reading:
        """Fit a reading to the answers, as far as it explains them."""
        if not reading.n_neurons:
            return self._linear(reading)
        if not self.questions.region.is_bounded:
            # Few questions may be on one side of a hyperplane that is far out.
            self.ask(beside_kinks(reading, self.Z, self.rng))
        Z, Y = self.Z, self.Y
        exact = exactness(self.precision, self.questions, Z, Y)
        for _ in range(THRESHOLDS.refinements):
            explained = ~unexplained(reading, Z, Y, exact)
            if np.sum(explained) * Y.shape[1] < THRESHOLDS.just_enough * n_unknowns(reading):
                break
            new = refined(reading, Z[explained], Y[explained])
            # One neuron that is known badly blurs all that is read after it.
            gain = _ratio(new.blur, reading.blur)
            if not reading.blur:
                # With one input a row of W is known as it is, and a bias is not.
                gain = _ratio(self.left(new), self.left(reading))
            # With a neuron missing, or one that is none, the fit gets worse and not better.
            if gain < 1.0:
                reading = new
            if gain > THRESHOLDS.much_better:
                break
        return reading

    def _linear(self, reading: Reading) -> Reading:
        """Fit a linear function, if that explains all answers; otherwise return the reading."""
        extended = np.column_stack([self.Z, np.ones(len(self.Z))])
        slope: Array = lstsq(extended, self.Y - reading(self.Z))[0]
        new = reading.with_linear(slope[:-1].T, slope[-1])
        return new if self.explains_all(new) else reading

    def completed(self, reading: Reading, seconds: float) -> Reading:
        """Fit neurons to what a reading leaves unexplained, where rounding hides their kinks.

        First one, and if that does not help more at once; and again for what is left then. Where
        that does not explain all, more at once from the beginning. Those that are badly known in
        the end are left out: the others are more exact for them, and so the next line sees more.

        Parameters
        ----------
        reading : Reading
            What lines have shown.
        seconds : float
            Most time.

        Returns
        -------
        Reading
            One that explains more or is more exact; the same if there is none.
        """
        end, best = time.perf_counter() + seconds, reading
        for count in range(1, THRESHOLDS.most_left + 1):
            trial = self._grown(reading, count, end)
            if self.left(trial) < THRESHOLDS.much_better * self.left(best):
                best = trial
            if self.explains_all(best) or time.perf_counter() >= end:
                break
        known = ~vague(best)
        if not known.all() and known.sum() >= reading.n_neurons:
            best = best.kept(known)
        return best

    def _grown(self, reading: Reading, count: int, end: float) -> Reading:
        """Fit so many neurons to what is left, then one or two, as long as that helps."""
        most = max(count, 2)
        while count <= most and not self.explains_all(reading):
            if (seconds := end - time.perf_counter()) <= 0.0:
                break
            left = fitted(self.Z, self.Y - reading(self.Z), count, seconds, self.rng)
            if left is None:
                break
            trial = reading.with_units(left.W, left.b, left.A, left.errors)
            trial = trial.with_linear(left.L, left.c)
            for _ in range(2):  # The second time it is asked beside their hyperplanes.
                trial = self.refined(trial)
            helps = self.left(trial) < THRESHOLDS.much_better * self.left(reading)
            reading, count, most = (trial, 1, 2) if helps else (reading, count + 1, most)
        return reading

    def explains_all(self, reading: Reading) -> bool:
        """Whether a reading leaves no more than rounding."""
        return self.left(reading) <= THRESHOLDS.of_rounding * self.precision.rounding

    def leaves_rounding(self, reading: Reading) -> bool:
        """Whether what a linear reading leaves is rounding and no neuron; it is asked once.

        Rounding is another one beside the places where most is left. What a neuron adds is the same
        there, about.
        """
        if self.only_rounding is None:
            left = self.Y - reading(self.Z)
            most = np.argsort(-np.abs(left).max(axis=1))[: THRESHOLDS.looked_beside]
            beside, left = (1.0 - THRESHOLDS.beside) * self.Z[most], left[most]
            self.ask(beside)
            again = self.Y[-len(most) :] - reading(beside)
            self.only_rounding = bool(np.sum(left * again) <= THRESHOLDS.same * np.sum(left**2))
        return self.only_rounding

    def fitted_anew(self, unknowns: int, seconds: float) -> tuple[Reading | None, str]:
        """Fit a network to answers at random, where lines cannot show it.

        Parameters
        ----------
        unknowns : int
            Of a network of about the same size.
        seconds : float
            Most time.

        Returns
        -------
        reading : Reading or None
            The network if the fit is certified.
        said : str
            How it went.
        """
        wanted = int(THRESHOLDS.for_fit * unknowns / self.Y.shape[1])
        try:
            self.ask(self.questions.region.draw(max(0, wanted - len(self.Z)), self.rng))
            fit = recover(
                ArraySamples(self.questions.region.to_inputs(self.Z), self.Y),
                fit_hidden_bias=True,
                fit_intercept=True,
                time_limit=seconds,
                rng=self.rng,
            )
        except (TimeoutError, OutOfQuestions):
            return None, "not finished"
        said = f"{fit.status.name} with {fit.network.n_neurons} neurons"
        errors = fit.standard_errors
        if not fit.certified or errors is None:
            return None, said
        reading = Reading.of(fit.network, self.questions.region)
        rows = np.linalg.norm(errors.W, axis=1)
        return replace(reading, errors=THRESHOLDS.cautious * rows), said


def _ratio(new: float, old: float) -> float:
    """Return how many times as large as before; 1 if both are zero."""
    return new / old if old else (np.inf if new else 1.0)


def _enough(unknowns: int, n_outputs: int) -> int:
    """Return how many questions are enough for so many unknowns."""
    return int(THRESHOLDS.questions * unknowns / n_outputs) + THRESHOLDS.more
