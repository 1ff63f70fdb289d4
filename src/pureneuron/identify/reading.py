"""What has been read of the network so far, in the coordinates of the region."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.identify.region import Region
from pureneuron.model import TwoLayerNetwork
from pureneuron.typing import Array, BoolArray

__all__ = ["Reading"]


@dataclass(frozen=True, eq=False)
class Reading:
    """A network ``A σ(W z + b) + L z + c``.

    Attributes
    ----------
    W, b, A, L, c : arrays of shapes (k, d), (k,), (m, k), (m, d), (m,)
        Its weights.
    errors : (k,) array
        About how far off each row of W is, relative to its length.
    """

    W: Array
    b: Array
    A: Array
    L: Array
    c: Array
    errors: Array

    @classmethod
    def nothing(cls, n_inputs: int, n_outputs: int) -> Reading:
        """Return the network that is zero."""
        d, m = n_inputs, n_outputs
        shapes = (0, d), (0,), (m, 0), (m, d), (m,), (0,)
        return cls(*(np.zeros(shape) for shape in shapes))

    @classmethod
    def of(cls, network: TwoLayerNetwork, region: Region) -> Reading:
        """Return a network of the user's units in the coordinates of a region."""
        W, L = network.W * region.scale, network.linear * region.scale
        b = network.hidden_bias + network.W @ region.center
        c = network.output_bias + network.linear @ region.center
        return cls(W, b, network.A, L, c, np.zeros(len(W)))

    @property
    def n_neurons(self) -> int:
        """Number of neurons, k."""
        return len(self.W)

    def preactivations(self, Z: Array) -> Array:
        """Return W z + b, (n, k)."""
        return Z @ self.W.T + self.b

    def __call__(self, Z: Array, negative_slope: float = 0.0) -> Array:
        """Return the outputs (n, m) at points (n, d)."""
        pre = self.preactivations(Z)
        hidden = np.maximum(pre, 0.0)
        if negative_slope:
            hidden += negative_slope * np.minimum(pre, 0.0)
        return np.asarray(hidden @ self.A.T + Z @ self.L.T + self.c)

    def uncertainty(self, Z: Array) -> Array:
        """Return about how far off the outputs are, (n,), for errors in the rows of W."""
        effects = np.linalg.norm(self.A, axis=0) * np.linalg.norm(self.W, axis=1) * self.errors
        # Errors of the entries are independent: they add up as they do at a typical point.
        far = np.linalg.norm(Z, axis=1) / np.sqrt(Z.shape[1])
        return np.asarray(np.linalg.norm(effects) * (1.0 + far))

    @property
    def blur(self) -> float:
        """How far off the outputs are in the middle of the region."""
        return float(self.uncertainty(np.zeros((1, self.W.shape[1])))[0])

    def with_units(self, W: Array, b: Array, A: Array, errors: Array) -> Reading:
        """Return the network with more neurons."""
        return replace(
            self,
            W=np.vstack([self.W, W]),
            b=np.concatenate([self.b, b]),
            A=np.hstack([self.A, A]),
            errors=np.concatenate([self.errors, errors]),
        )

    def with_linear(self, L: Array, c: Array) -> Reading:
        """Return the network with more of a linear part."""
        return replace(self, L=self.L + L, c=self.c + c)

    def kept(self, which: BoolArray) -> Reading:
        """Return the network of some of the neurons."""
        return replace(
            self,
            W=self.W[which],
            b=self.b[which],
            A=self.A[:, which],
            errors=self.errors[which],
        )

    def united(self) -> Reading:
        """Return the same function with neurons of the same hyperplane united, idle ones left out.

        Neurons count as the same within their errors.
        """
        scale = np.sqrt(np.sum(self.W**2, axis=1) + self.b**2)
        rows = np.column_stack([self.W, self.b]) / scale[:, None]
        reading, idle = self, np.zeros(self.n_neurons, dtype=np.bool_)
        cosines = rows @ rows.T
        near = np.argwhere(np.triu(np.abs(cosines) > 1.0 - 1e-6, 1))
        for i, j in near:
            sign = np.sign(cosines[i, j])
            apart = np.linalg.norm(rows[i] - sign * rows[j])
            if idle[i] or apart > 10.0 * (self.errors[i] + self.errors[j]) + 1e-12:
                continue
            if sign < 0.0:
                reading = reading.turned(np.arange(self.n_neurons) == j)
            A = reading.A.copy()
            A[:, i] += A[:, j] * scale[j] / scale[i]
            errors = reading.errors.copy()
            errors[i] = min(errors[i], errors[j])
            idle[j] = True
            reading = replace(reading, A=A, errors=errors)
        effects = np.linalg.norm(reading.A, axis=0) * scale
        before = np.linalg.norm(self.A, axis=0) * scale
        gone = effects <= (1e-9 + 10.0 * self.errors) * before
        return reading.kept(~(idle | gone))

    def turned(self, which: BoolArray) -> Reading:
        """Return the same function with some neurons turned round: σ(z) = z + σ(−z)."""
        moved, sign = self.A * which, np.where(which, -1.0, 1.0)
        return replace(
            self,
            W=self.W * sign[:, None],
            b=self.b * sign,
            L=self.L + moved @ self.W,
            c=self.c + moved @ self.b,
        )

    def by_effect(self) -> Reading:
        """Return the neurons in order, those with the largest effect first."""
        order = np.argsort(-np.linalg.norm(self.A, axis=0) * np.linalg.norm(self.W, axis=1))
        return replace(
            self,
            W=self.W[order],
            b=self.b[order],
            A=self.A[:, order],
            errors=self.errors[order],
        )

    def scaled(self, size: Array) -> Reading:
        """Return the network whose outputs are ``size`` (m,) times as large."""
        A, L = self.A * size[:, None], self.L * size[:, None]
        return replace(self, A=A, L=L, c=self.c * size)

    def network(self, region: Region, negative_slope: float = 0.0) -> TwoLayerNetwork:
        """Return the network in the user's units, in normal form."""
        W, L = self.W / region.scale, self.L / region.scale
        return TwoLayerNetwork(
            self.A,
            W,
            self.b - W @ region.center,
            self.c - L @ region.center,
            negative_slope,
            linear=L,
        ).normalized()
