"""What reading a box returns."""

from __future__ import annotations

from dataclasses import dataclass

from pureneuron.model import counted
from pureneuron.recovery import Recovery
from pureneuron.results import Status
from pureneuron.summary import number

__all__ = ["Identification", "largest_share"]

_ADVICE = {
    Status.RECOVERED: "The network is identified: it answers fresh questions as the box does.",
    Status.NOT_CONVERGED: "The reading was interrupted: let it go on to its end.",
    Status.MISFIT: (
        "Some answers are not those of the network that was read: look at narrower bounds, another "
        "center or scale, or another seed."
    ),
}


def largest_share(n_fresh: int, level: float = 0.95) -> float:
    """Return the largest share p of a region that may be wrong where ``n_fresh`` answers are right.

    Questions at random are all right with probability ``(1 - p)^n_fresh``, and this is 1 - level.
    """
    return float(1.0 - (1.0 - level) ** (1.0 / n_fresh))


@dataclass(frozen=True)
class Identification(Recovery):
    """The outcome of :func:`pureneuron.identify`: a recovery, and what it took.

    Attributes
    ----------
    n_questions : int
        Questions that were asked.
    accuracy : float
        Largest difference between the network and the box at fresh questions, relative to the
        root mean square of the output about its mean; infinity if none were asked.
    rounding : float
        What the box itself is exact to, in the same units: that limits the accuracy. Infinity if
        the run ended before it was seen.
    n_fresh : int
        Fresh questions at random that were asked at the end.
    """

    n_questions: int = 0
    accuracy: float = float("inf")
    rounding: float = 0.0
    n_fresh: int = 0

    @property
    def advice(self) -> str:
        """What the status means and what to try."""
        return _ADVICE.get(self.status, self.status.advice)

    @property
    def why_no_errors(self) -> str:
        """Why there are no standard errors; empty where there are."""
        if self.standard_errors is not None:
            return ""
        return "the answers have no noise: weights are exact up to the rounding of the box"

    @property
    def largest_share_wrong(self) -> float | None:
        """Share of the region in which the network may be wrong, at most, at a level of 95 %.

        What the fresh questions say if all were answered rightly; 1 where some were not. None where
        none were asked, as of boxes with noise: there tests and standard errors speak.
        """
        if not self.n_fresh:
            return None
        return largest_share(self.n_fresh) if self.certified else 1.0

    def effort(self) -> str:
        """Return what the run took, in words."""
        questions = counted(self.n_questions, "question")
        return f"{questions} in {counted(self.n_passes, 'call')} of the box"

    def facts(self) -> list[tuple[str, str]]:
        """Return what there is to know first, as names and values."""
        network = self.network
        if self.n_fresh == 0 and self.standard_errors is not None:
            return [*super().facts(), ("Questions", str(self.n_questions))]
        facts = [
            ("Status", self.status.name),
            ("Questions", str(self.n_questions)),
            ("Fresh questions", str(self.n_fresh)),
            ("Largest error", number(self.accuracy)),
            ("Rounding", number(self.rounding)),
            ("Inputs", str(network.n_inputs)),
            ("Neurons", str(network.n_neurons)),
            ("Outputs", str(network.n_outputs)),
        ]
        if network.negative_slope:
            facts.append(("Negative slope", number(network.negative_slope)))
        return facts

    def __str__(self) -> str:
        lines = [f"{self.status.name}: {self.reason}"]
        if self.status is not Status.RECOVERED:
            lines.append(self.advice)
        lines.append(f"{self.network!r}")
        lines += [f"  {report.name}: {report.summary}" for report in self.stages]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join([*lines, f"  {self.n_questions} questions"])
