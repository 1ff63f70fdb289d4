"""What a run has to go on with: what is fitted and where it starts, and random numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.inference import Blocks
from pureneuron.initialize import Moments, Proposer, Subsample
from pureneuron.number_of_neurons import Step
from pureneuron.options import Options
from pureneuron.problem import Problem
from pureneuron.spectral import LinearPart, LinearRank

__all__ = ["Plan", "Streams", "Thresholds"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    moments_neurons : int
        The detector works on k(k+1)/2 products of coordinates, and its null space costs k⁶: beyond
        this many neurons random starts are the quicker road, and moments are for those who ask for
        them (cost.py).
    """

    moments_neurons: int = 16


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Streams:
    """Random numbers, a stream for each step: what one draws does not depend on another."""

    rank: np.random.Generator
    slope: np.random.Generator
    starts: np.random.Generator
    moments: np.random.Generator
    tests: np.random.Generator
    inference: np.random.Generator
    polish: np.random.Generator

    @classmethod
    def spawned(cls, rng: np.random.Generator) -> Streams:
        """Spawn them (SPEC 7); a generator that cannot spawn seeds one that can."""
        try:
            return cls(*rng.spawn(7))
        except TypeError:
            return cls(*np.random.default_rng(rng.integers(2**63)).spawn(7))


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be fitted, and where to start.

    Attributes
    ----------
    problem : Problem
        The data.
    n_neurons : int
        k.
    part : LinearPart
        The linear part of the outputs.
    rank : LinearRank
        Its rank against sampling noise.
    given, subsample, moments : tuple of Proposer
        Starts before the random ones, in this order; none or one each.
    blocks : Blocks
        Rows that are independent of those of other blocks, before anything is known of the noise.
    seed : int
        For the tests: the same for every fit of a run.
    in_doubt : bool
        Whether it takes more starts than usual to believe that they agree.
    """

    problem: Problem
    n_neurons: int
    part: LinearPart
    rank: LinearRank
    given: tuple[Proposer, ...]
    subsample: tuple[Proposer, ...]
    moments: tuple[Proposer, ...]
    blocks: Blocks
    seed: int
    in_doubt: bool = False

    def stepped(self, step: Step, options: Options) -> Plan:
        """Return the plan for another size."""
        k, given = step.n_neurons, (step.start,)
        plan = replace(self, problem=step.problem, n_neurons=k, given=given, in_doubt=step.in_doubt)
        return plan.with_starts(options)

    def with_starts(self, options: Options) -> Plan:
        """Return the plan with the starts that suit its size, before the random ones."""
        automatic = options.init == "auto" and self.problem.linear_part_shows(self.n_neurons)
        subsample = (Subsample(self.part),) if automatic and options.restarts > 0 else ()
        worthwhile = automatic and self.n_neurons <= THRESHOLDS.moments_neurons
        moments = (Moments(self.part),) if options.init == "moments" or worthwhile else ()
        return replace(self, subsample=subsample, moments=moments)
