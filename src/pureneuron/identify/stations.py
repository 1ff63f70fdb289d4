"""At which pieces of a line to ask for derivatives across it, and what they say of the neurons.

The derivative along a direction q across the line is, on a piece at t,

    D q = G q + Σ_{i: t_i < t} a_i (w_i · q),

with the same G on all pieces. Its differences from piece to piece do without G. But where nothing
stands beside the neurons, G is that of those that are on to the left of their kinks: it is known
once it is known which these are, and a piece less is enough. The slope on the first piece tells:
it is ``−Σ a_i`` over them, one number for each output, and of all choices next to none fits by
chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pureneuron.identify.kinks import Kinks
from pureneuron.identify.orientation import exact_choice
from pureneuron.linalg import svd
from pureneuron.typing import Array, BoolArray, IndexArray

__all__ = ["THRESHOLDS", "Stations", "condition"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    ill_conditioned : float
        Condition number of what stations say of neurons, columns of unit length, beyond which
        there are more of them (make bench-identify).
    dependent : float
        Singular value of that, relative to the largest, that is zero (rounding).
    most_chosen : int
        Neurons up to which all choices of those that are on to the left are compared.
    bits : float
        Bits that a choice must be known by beyond those that it has.
    tries : int
        Random places of the stations that are tried before there is one more, which costs a
        question in each direction (make bench-identify).
    """

    ill_conditioned: float = 100.0
    dependent: float = 1e-12
    most_chosen: int = 34
    bits: float = 20.0
    tries: int = 100


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Stations:
    """Pieces at which derivatives are asked for.

    Attributes
    ----------
    ends : (p,) integer array
        Their numbers: how many kinks are to their left.
    jumps, inexact : (m, K) and (K,) arrays
        a_i, and how far off they may be.
    combined : (e, p) array
        Combinations of the derivatives that G has no part in.
    share : (e, K) array
        What of each neuron is in them.
    left : (K,) array of bool, or None
        Neurons that are on to the left of their kinks, where nothing stands beside the neurons;
        None where that is not known.
    """

    ends: IndexArray
    jumps: Array
    inexact: Array
    combined: Array
    share: Array
    left: BoolArray | None = None

    @classmethod
    def along(
        cls, kinks: Kinks, *, base_is_zero: bool, is_coarse: bool, rng: np.random.Generator
    ) -> Stations:
        """Choose stations: as few as tell the neurons apart.

        Parameters
        ----------
        kinks : Kinks
            Of the line.
        base_is_zero : bool
            Whether the function is known to be zero left of all kinks.
        is_coarse : bool
            Whether rounding is so large that it counts more than questions that are saved.
        rng : numpy.random.Generator
            Draws places to try.
        """
        usual = cls._by_differences(kinks)
        if base_is_zero or is_coarse or not len(kinks.places):
            return usual
        left = _on_to_the_left(kinks)
        if left is None:
            return usual
        fewer = cls._beside_nothing(kinks, left, len(usual.ends), rng)
        return fewer or replace(usual, left=left)

    @classmethod
    def _by_differences(cls, kinks: Kinks) -> Stations:
        ends = _groups(kinks)
        p, K = len(ends), len(kinks.places)
        combined = np.eye(p)[1:] - np.eye(p)[:-1]
        number = np.arange(K)
        share = (ends[:-1, None] <= number) & (number < ends[1:, None])
        return cls(ends, kinks.jumps.T, kinks.jump_errors, combined, share.astype(np.float64))

    @classmethod
    def _beside_nothing(
        cls, kinks: Kinks, left: BoolArray, most: int, rng: np.random.Generator
    ) -> Stations | None:
        """Choose fewer than ``most`` stations, for neurons that nothing stands beside.

        Of those that tell the neurons apart the ones that show them most exactly: a step from a
        narrow piece is short, and what it shows inexact.
        """
        A, inexact, number = kinks.jumps.T, kinks.jump_errors, np.arange(len(left))
        room = np.minimum(kinks.widths, 1.0)
        for trials in _few(kinks, most, rng):
            best, least = None, np.inf
            for ends in trials:
                share = (number < ends[:, None]).astype(np.float64) - left
                stations = cls(ends, A, inexact, np.eye(len(ends)), share, left)
                ill = condition(stations._matrix)
                if ill <= THRESHOLDS.ill_conditioned and ill / room[ends].min() < least:
                    best, least = stations, ill / float(room[ends].min())
            if best is not None:
                return best
        return None

    def together(self) -> Stations | None:
        """Return what derivatives say at a point where all neurons are on.

        None where a piece of the line says as much, where it is not known which side that is on, or
        where outputs do not tell all neurons apart.
        """
        if self.left is None or len(self.ends) == 1:
            return None
        sign = np.where(self.left, -1.0, 1.0)
        # The point is on no piece of the line: no end stands for it.
        one = replace(self, ends=self.ends[:0], combined=np.eye(1), share=sign[None])
        return one if condition(one._matrix) <= THRESHOLDS.ill_conditioned else None

    @property
    def _matrix(self) -> Array:
        """What the combinations, one below the other, have of each neuron, (e m, K)."""
        each = self.share[:, None, :] * self.jumps
        return np.asarray(each.reshape(len(self.share) * len(self.jumps), self.jumps.shape[1]))

    @cached_property
    def _inverse(self) -> Array:
        """Its inverse from the left, (K, e, m)."""
        M, (m, K) = self._matrix, self.jumps.shape
        size = np.linalg.norm(M, axis=0)
        size = np.where(size > 0.0, size, 1.0)
        U, s, Vt = svd(M / size, full_matrices=False)
        kept = s > THRESHOLDS.dependent * s.max(initial=0.0)
        inverse = (Vt[kept].T / s[kept]) @ U[:, kept].T / size[:, None]
        return np.asarray(inverse.reshape(K, len(self.combined), m))

    def solve(self, D: Array) -> Array:
        """Return what is across the line of each row of W, (K, q), for derivatives (p, m, q)."""
        return np.tensordot(self._inverse, np.tensordot(self.combined, D, 1), 2)

    def inconsistent(self, D: Array, across: Array, allowed: Array) -> BoolArray:
        """Tell which derivatives are not those of these neurons, (p, q).

        With an output to spare that shows a step that has crossed the hyperplane of a neuron
        without a kink on this line.

        Parameters
        ----------
        D, across : (p, m, q) and (K, q) arrays
            Derivatives, and what is across the line of each row of W.
        allowed : (p, q) array
            How exact derivatives are.
        """
        E = np.tensordot(self.combined, D, 1)
        left = np.abs(E - (self._matrix @ across).reshape(E.shape)).max(axis=1)
        allowed = np.abs(self.combined) @ allowed
        allowed = allowed + np.abs(self.share) @ (self.inexact[:, None] * np.abs(across))
        off = left > 2.0 * allowed
        return np.asarray(np.abs(self.combined).T @ off > 0.0)

    def errors(self, W: Array, inexact: Array) -> Array:
        """Return about how far off rows are, (K,), relative to their length.

        Parameters
        ----------
        W : (K, d) array
            The rows.
        inexact : (p,) array
            How far off derivatives are, all directions together.
        """
        by_piece = np.einsum("kem,ep->kpm", self._inverse, self.combined)
        off = np.linalg.norm(by_piece, axis=2) @ inexact
        return np.asarray(off / np.linalg.norm(W, axis=1))


def _on_to_the_left(kinks: Kinks) -> BoolArray | None:
    """Tell which neurons are on to the left of their kinks, if nothing stands beside them.

    None if no choice of them explains the slope of the first piece, or more than one might.
    """
    A, slope = kinks.jumps.T, kinks.pieces[0].slope
    K = A.shape[1]
    error = float(kinks.pieces[0].slope_error + np.linalg.norm(kinks.jump_errors))
    s = np.linalg.svd(A, compute_uv=False)
    bits = float(np.sum(np.log2(np.maximum(s / error, 1.0))))
    if bits < K + THRESHOLDS.bits:
        return None
    if np.sum(s > s[0] / THRESHOLDS.ill_conditioned) == K:
        left = np.linalg.lstsq(A, -slope, rcond=None)[0] > 0.5
    elif K <= THRESHOLDS.most_chosen:
        choice = exact_choice(A, -slope, error / float(np.abs(A).max()))
        if choice is None:
            return None
        left = choice
    else:
        return None
    return left if np.abs(A @ left + slope).max() <= error else None


def _few(kinks: Kinks, most: int, rng: np.random.Generator) -> Iterator[list[IndexArray]]:
    """Yield stations to choose from: ever more of them, but fewer than ``most``."""
    K = len(kinks.places)
    rank = max(_rank(kinks.jumps.T), 1)
    for count in range(max(-(-K // rank), 1), most):
        if count == 1:
            yield [np.array([end]) for end in (0, K)]
        elif count == K:
            yield [np.delete(np.arange(K + 1), i) for i in range(K + 1)]
        else:
            evenly, off = np.linspace(0.0, K, count), 0.5 * K / count
            moved = evenly + off * rng.uniform(-1.0, 1.0, (THRESHOLDS.tries, count))
            rounded = np.clip(np.rint(np.vstack([evenly, moved])), 0, K).astype(np.intp)
            yield [ends for ends in rounded if len(np.unique(ends)) == count]


def condition(M: Array) -> float:
    """Return the condition number of a matrix, columns of unit length."""
    size = np.linalg.norm(M, axis=0)
    if len(M) < M.shape[1] or not size.all():
        return np.inf
    s = np.linalg.svd(M / size, compute_uv=False)
    return float(s[0] / s[-1]) if s[-1] > 0.0 else np.inf


def _rank(A: Array) -> int:
    """Return how many neurons outputs can tell apart."""
    s = np.linalg.svd(A / np.linalg.norm(A, axis=0), compute_uv=False)
    return int(np.sum(s > s[0] / THRESHOLDS.ill_conditioned))


def _groups(kinks: Kinks) -> IndexArray:
    """Return stations between which there are groups of neurons, from 0 to all.

    Each next one is as far as the a_i between stay well conditioned, and of the last few the
    widest piece.
    """
    A, width = kinks.jumps.T, kinks.widths
    K = A.shape[1]
    unit = A / np.linalg.norm(A, axis=0)
    rank = _rank(A) if K else 1
    # With an output to spare an answer that does not fit betrays itself.
    spared = rank > 2 and not (rank == K and K < len(A) - 1)
    largest = rank - 1 if spared else rank
    ends = [0]
    while ends[-1] < K:
        begin = ends[-1]
        most = begin + 1
        while most < min(begin + largest, K):
            s = np.linalg.svd(unit[:, begin : most + 1], compute_uv=False)
            if s[0] > THRESHOLDS.ill_conditioned * s[-1]:
                break
            most += 1
        if most < K:
            # A narrower choice must not cost a station.
            fewest = K - largest * -(-(K - most) // largest)
            least = max(begin + 1, most - (most - begin) // 4, fewest)
            most = least + int(np.argmax(width[least : most + 1]))
        ends.append(most)
    return np.array(ends)
