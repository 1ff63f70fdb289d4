"""A run that reads a box: precision, lines, fresh questions, orientation, verdict."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from pureneuron.identify.boxes import Box
from pureneuron.identify.identification import Identification, largest_share
from pureneuron.identify.line import Discontinuous, Tangled
from pureneuron.identify.orientation import oriented
from pureneuron.identify.precision import Precision, curved_share, probe, regauged, repeats
from pureneuron.identify.questions import NotFinite, OutOfQuestions, Questions
from pureneuron.identify.reading import Reading
from pureneuron.identify.refine import n_unknowns
from pureneuron.identify.search import Search
from pureneuron.monitor import OutOfTime
from pureneuron.results import StageReport, Status
from pureneuron.row_sample import RowSample

__all__ = ["Run", "output_names"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    accurate, beyond_rounding : float
        Largest difference to a fresh answer at which a reading is certified; and the same in units
        of the rounding, where that is more (make bench-identify).
    curved, most_looked_at : float, int
        Share of places with curvature from which on a box is no piecewise linear function; and at
        most so many are looked at where answers are unexplained.
    attempts, coarse_attempts : int
        First lines that are tried; of boxes that round coarsely, more (make bench-identify).
    seconds_of_fit : float
        Time for fits where lines have failed; longer where all before has taken longer.
    mostly_wrong : float
        Share of fresh answers from which on it is not coarse rounding that they are off by.
    lines_before_doubt : int
        Lines after which a reading that is wrong makes one ask whether kinks bend (make
        bench-identify).
    """

    accurate: float = 1e-5
    beyond_rounding: float = 300.0
    curved: float = 0.6
    most_looked_at: int = 8
    lines_before_doubt: int = 4
    mostly_wrong: float = 0.5
    attempts: int = 2
    coarse_attempts: int = 3
    seconds_of_fit: float = 10.0


THRESHOLDS = Thresholds()


@dataclass
class Run:
    """A run that is going on; whatever ends it, what has been read so far is at hand."""

    questions: Questions
    rng: np.random.Generator
    n_fresh: int | Literal["auto"] = "auto"
    precision: Precision | None = None
    search: Search | None = None
    stages: list[StageReport] = field(default_factory=list)
    seconds_of_fits: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def ended(self) -> tuple[Status, str]:
        """Read the box; return the status and what led to it."""
        try:
            return self._named()
        except OutOfQuestions:
            asked = self.questions.count
            return Status.OUT_OF_BUDGET, f"{asked} questions were asked, and more are needed"
        except NotFinite as error:
            return Status.NOT_FINITE, str(error)
        except OutOfTime as limit:
            return Status.NOT_CONVERGED, f"ended by {limit} before the box was read"
        except KeyboardInterrupt:
            if self.search is None:
                raise
            return Status.NOT_CONVERGED, "interrupted before the box was read"

    def _named(self) -> tuple[Status, str]:
        """Read the box; name what it is where it is no piecewise linear function."""
        try:
            return self._read()
        except Discontinuous:
            status, reason = Status.DISCONTINUOUS, "the answers jump along a line"
        except Tangled:
            status = Status.NOT_PIECEWISE_LINEAR
            reason = "no linear pieces are found along a line"
        return self._unless_unsteady(status, reason)

    def _read(self) -> tuple[Status, str]:
        questions = self.questions
        with Stage(self, "precision") as stage:
            self.precision = precision = probe(questions, self.rng)
            questions.output_scale = precision.size
            stage.said = str(precision)
        if unsteady := self._unsteady():
            return unsteady
        if precision.curved >= THRESHOLDS.curved:
            reason = f"the answers are curved at {precision.curved:.0%} of the places looked at"
            return Status.NOT_PIECEWISE_LINEAR, reason
        attempts = THRESHOLDS.coarse_attempts if precision.is_coarse else THRESHOLDS.attempts
        for attempt in range(attempts, 0, -1):
            verdict = self._attempt(precision, is_last=attempt == 1)
            if verdict is not None:
                break
            precision = self.precision = regauged(precision, questions)
        assert verdict is not None
        if precision.is_coarse and verdict[0] is Status.MISFIT:
            return self._by_fit(verdict)
        return verdict

    def _by_fit(self, verdict: tuple[Status, str]) -> tuple[Status, str]:
        """Fit a network to answers at random, where lines cannot show it for coarse rounding."""
        search = self.search
        assert search is not None
        if search.spread is None:
            return verdict
        with Stage(self, "fit") as stage:
            unknowns = n_unknowns(search.reading)
            reading, stage.said = search.spread.fitted_anew(unknowns, self._enough_seconds)
        if reading is None:
            return verdict
        search.reading = reading
        search.ask_fresh()
        return verdict if search.wrong().any() else self._certified(search)

    def _attempt(self, precision: Precision, *, is_last: bool) -> tuple[Status, str] | None:
        """Read the box from a first line on; None if another one may do better.

        On some lines kinks are too close together, the more so for a box that rounds coarsely.
        """
        before = self.search
        self.search = search = Search.begun(self.questions, precision, self.rng, self.n_fresh)
        search.spread = None if before is None else before.spread
        try:
            with Stage(self, "lines") as stage:
                search.run()
                stage.said = f"{search.reading.n_neurons} neurons on {search.n_lines} lines"
            with Stage(self, "fresh questions") as stage:
                search.ask_fresh()
                verdict = self._checked(search)
                if precision.is_coarse and self._in_doubt(verdict) and self._completed(search):
                    verdict = self._checked(search)
                count = 0 if search.fresh is None else len(search.fresh[0])
                stage.said = f"{count} asked, largest relative error {search.accuracy():.2g}"
        except (Discontinuous, Tangled):
            if is_last:
                raise
            return None
        return None if self._in_doubt(verdict) and not is_last else verdict

    @property
    def _enough_seconds(self) -> float:
        """Time for fits: as much again as the rest has taken, or a little."""
        others = time.perf_counter() - self.started - self.seconds_of_fits
        return max(THRESHOLDS.seconds_of_fit, others)

    def _completed(self, search: Search) -> bool:
        """Fit what lines have left; return whether the reading is more exact for it."""
        start = time.perf_counter()
        more_exact = search.complete(self._enough_seconds - self.seconds_of_fits)
        self.seconds_of_fits += time.perf_counter() - start
        return more_exact

    def _in_doubt(self, verdict: tuple[Status, str]) -> bool:
        """Whether a box that gets this verdict may be read better in another way."""
        assert self.precision is not None
        coarse = self.precision.is_coarse and verdict[0] is Status.DEEPER
        return coarse or verdict[0] is Status.MISFIT

    def _checked(self, search: Search) -> tuple[Status, str]:
        """Follow what is wrong at fresh questions until nothing is."""
        while bool(search.wrong().any()):
            wrong = float(search.wrong().mean())
            if isinstance(search.trouble, Tangled) and (curved := self._curved(search)):
                return self._unless_unsteady(Status.NOT_PIECEWISE_LINEAR, curved)
            # A neuron that was read wrongly shows on the next lines, and is no kink that bends.
            doubtful = search.n_lines > THRESHOLDS.lines_before_doubt
            if doubtful and search.bends():
                if search.precision.is_coarse and wrong < THRESHOLDS.mostly_wrong:
                    return Status.MISFIT, "the box rounds too coarsely to be read here"
                return self._unless_unsteady(
                    Status.DEEPER, f"neurons end, and {wrong:.0%} of fresh answers are unexplained"
                )
            if not search.follow() and search.n_lines >= search.most_lines:
                return self._unexplained(search, wrong)
            if not search.wrong().any():
                search.ask_fresh()
        return self._certified(search)

    def _curved(self, search: Search) -> str:
        """Tell why the box is no piecewise linear function where no line helps; or nothing."""
        assert search.fresh is not None
        search.trouble = None
        Z = search.fresh[0][search.wrong()][: THRESHOLDS.most_looked_at]
        share = curved_share(self.questions, search.precision, Z, self.rng)
        if share < THRESHOLDS.curved:
            return ""
        return f"the answers are curved at {share:.0%} of the places where they are unexplained"

    def _certified(self, search: Search) -> tuple[Status, str]:
        """Decide on a reading that explains all fresh answers."""
        if unsteady := self._unsteady():
            return unsteady
        search.prune()
        rounding = search.precision.rounding
        if search.accuracy() > max(THRESHOLDS.accurate, THRESHOLDS.beyond_rounding * rounding):
            return Status.MISFIT, "what was read is too inexact to be relied on"
        count = search.n_drawn
        return Status.RECOVERED, (
            f"the network answers {count} fresh questions as the box does, to "
            f"{search.accuracy():.2g} of the outputs: less than {largest_share(count):.2g} of the "
            "region is wrong, at a level of 95 %"
        )

    def _unexplained(self, search: Search, wrong: float) -> tuple[Status, str]:
        if isinstance(search.trouble, Discontinuous):
            return self._unless_unsteady(Status.DISCONTINUOUS, "the answers jump along a line")
        reason = f"{wrong:.0%} of fresh answers are not explained by what was read"
        return self._unless_unsteady(Status.MISFIT, reason)

    def _unsteady(self) -> tuple[Status, str] | None:
        """Ask again what was asked first; None if the answers are the same."""
        assert self.precision is not None
        kind, size = repeats(self.questions, self.precision)
        if kind == "":
            return None
        reason = f"the same question gets answers that differ by {size:.2g} of the outputs"
        return (Status.NOISY if kind == "noise" else Status.NOT_DETERMINISTIC), reason

    def _unless_unsteady(self, status: Status, reason: str) -> tuple[Status, str]:
        try:
            return self._unsteady() or (status, reason)
        except OutOfQuestions:
            return status, reason

    @property
    def _rounding(self) -> float:
        """What the box is exact to; infinity before that has been seen."""
        if self.search is not None:
            return self.search.precision.rounding
        return np.inf if self.precision is None else self.precision.rounding

    def identification(
        self, status: Status, reason: str, box: Box, n_neurons: int | Literal["auto"]
    ) -> Identification:
        """Return what has been read, in the user's units."""
        questions, search = self.questions, self.search
        d, m = questions.region.n_inputs, questions.n_outputs or 1
        reading, slope = Reading.nothing(d, m), 0.0
        notes: list[str] = []
        if search is not None:
            with Stage(self, "orientation") as stage:
                reading, slope = oriented(search.reading, search.explains_as_well)
                stage.said = _orientation(reading, slope)
            reading = reading.by_effect()
        if reading.L.any():
            notes.append(
                "there is a linear part beside the neurons: neurons that are always on within the "
                "region add to it, and either way round a neuron is the same beside it"
            )
        if n_neurons != "auto" and reading.n_neurons != n_neurons:
            notes.append(
                f"{n_neurons} neurons were asked for, and {reading.n_neurons} are seen here"
            )
        fresh = None if search is None else search.fresh
        loss, rows = 0.0, None
        output_scale = np.broadcast_to(questions.output_scale, m)
        if search is not None and fresh is not None:
            answers = fresh[1] * output_scale
            off = answers - reading(fresh[0], slope) * output_scale
            with np.errstate(over="ignore"):  # Outputs may be as large as numbers are.
                loss = float(np.mean(off**2))
            rows = RowSample(np.arange(len(off)), answers, answers - off, len(off))
        names = tuple(f"x{j}" for j in range(d))
        return Identification(
            network=reading.scaled(output_scale).network(questions.region, slope),
            status=status,
            reason=reason,
            stages=tuple(self.stages),
            loss=loss,
            n_iter=0 if search is None else search.n_lines,
            n_passes=questions.n_calls,
            span=np.eye(d),
            input_names=names,
            output_names=output_names(box, questions),
            bic=float("-inf"),
            rows=rows,
            notes=tuple(notes),
            n_questions=questions.count,
            accuracy=float("inf") if search is None else search.accuracy(reading, slope),
            rounding=self._rounding,
            n_fresh=0 if search is None else search.n_drawn,
        )


@dataclass
class Stage:
    """Times a stage and keeps what it says."""

    run: Run
    name: str
    said: str = "not finished"
    _start: float = 0.0
    _before: int = 0

    def __enter__(self) -> Stage:
        self.run.questions.stage = self.name
        self._start, self._before = time.perf_counter(), self.run.questions.count
        return self

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self._start
        asked = self.run.questions.count - self._before
        figures: dict[str, float | int | str] = {"questions": asked}
        report = StageReport(self.name, self.said, figures, seconds)
        self.run.stages = [each for each in self.run.stages if each.name != self.name]
        self.run.stages.append(report)


def _orientation(reading: Reading, slope: float) -> str:
    if reading.L.any():
        return "a linear part is left"
    return f"no linear part is left; negative slope {slope:.6g}"


def output_names(box: Box, questions: Questions) -> tuple[str, ...]:
    """Return the names that the box gives its answers, or y0, y1, …."""
    return box.output_names or tuple(f"y{j}" for j in range(questions.n_outputs or 1))
