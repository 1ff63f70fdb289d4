"""What a proposer proposes: a candidate, and what to ask for when it does not decide.

A proposal is a value. :meth:`Proposal.corroborated` and :meth:`Proposal.following` do the work that
may not be needed, and return another proposal: nothing changes behind the caller's back.
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
        For the report: "given", "subsample", "moments" or "random".
    corroborated_by : str
        What speaks for the candidate besides the descent from it; empty if nothing does. It counts
        only if that descent leaves every neuron in its place.
    scale : float or None
        Scale of its steps, where the descent that led there knows it.
    """

    W: Array
    A: Array | None = None
    method: str = "random"
    corroborated_by: str = ""
    scale: float | None = None


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


@dataclass(frozen=True)
class Single:
    """A proposal without another."""

    candidate: Candidate

    def corroborated(self) -> Single:
        """Return it as it is."""
        return self

    def following(self) -> None:
        """Return None."""
