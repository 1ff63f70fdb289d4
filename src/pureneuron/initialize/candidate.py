"""What a proposer proposes: a candidate, and what to ask for when it does not decide.

:meth:`Proposal.corroborated` and :meth:`Proposal.following` do the work that may not be needed, and
return another proposal: the one that was asked stays as it is. (The stream of random numbers goes
on from one to the next, so that each is asked once.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pureneuron.monitor import Monitor
from pureneuron.problem import Problem
from pureneuron.typing import Array

__all__ = ["Candidate", "Proposal", "Proposer", "Single"]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A place to start from.

    Attributes
    ----------
    W : (k, r) array
        White rows.
    A : (m, k) array or None
        Output weights that came with W; a start with them is trusted to be near a minimum.
    method : str
        For the report.
    corroborated_by : str
        What speaks for the candidate besides the descent from it; empty if nothing does. It counts
        only if that descent leaves every neuron in its place.
    scale : float or None
        Scale of its steps, where the descent that led there knows it.
    rests_on_symmetry : bool
        Whether it was found by a method that takes the inputs for symmetric.
    is_restart : bool
        Whether it counts among the random restarts.
    """

    W: Array
    A: Array | None = None
    method: str = "given"
    corroborated_by: str = ""
    scale: float | None = None
    rests_on_symmetry: bool = False
    is_restart: bool = False


class Proposal(Protocol):
    """A candidate, and how to go on."""

    @property
    def candidate(self) -> Candidate:
        """The candidate."""
        ...

    def corroborated(self) -> Proposal:
        """Look for what speaks for the candidate; return the proposal that knows it."""
        ...

    def following(self) -> Proposal | None:
        """Return the next proposal of the same proposer, or None if it has no more."""
        ...


class Proposer(Protocol):
    """A way to find candidates."""

    def first(
        self, problem: Problem, n_neurons: int, *, rng: np.random.Generator, monitor: Monitor
    ) -> Proposal | None:
        """Return the first proposal, or None where this way is closed."""
        ...


@dataclass(frozen=True, eq=False)
class Single:
    """A proposal without another."""

    candidate: Candidate

    def corroborated(self) -> Single:
        """Return it as it is."""
        return self

    def following(self) -> None:
        """Return None."""
