"""A network that the user gives, or that an earlier step has found or suggests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.initialize.candidate import Candidate, Single
from pureneuron.model import TwoLayerNetwork
from pureneuron.monitor import Monitor
from pureneuron.optimize import Fit
from pureneuron.problem import Problem
from pureneuron.typing import Array

__all__ = ["Fitted", "Given", "Suggested"]


@dataclass(frozen=True)
class Given:
    """Propose a network, in the units of the data."""

    network: TwoLayerNetwork

    def first(
        self, problem: Problem, n_neurons: int, *, rng: np.random.Generator, monitor: Monitor
    ) -> Single:
        """Return the network as a candidate."""
        W, A = problem.coordinates(self.network)
        return Single(Candidate(W, A, "given"))


@dataclass(frozen=True, eq=False)
class Fitted:
    """Propose what an earlier step has found, in the same white coordinates."""

    fit: Fit
    method: str

    def first(
        self, problem: Problem, n_neurons: int, *, rng: np.random.Generator, monitor: Monitor
    ) -> Single:
        """Return the fit as a candidate."""
        return Single(Candidate(self.fit.point.W, self.fit.point.A, self.method))


@dataclass(frozen=True, eq=False)
class Suggested:
    """Propose white rows (k, r) that an earlier step suggests, without output weights."""

    W: Array
    method: str

    def first(
        self, problem: Problem, n_neurons: int, *, rng: np.random.Generator, monitor: Monitor
    ) -> Single:
        """Return the rows as a candidate."""
        return Single(Candidate(self.W, None, self.method))
