"""Some rows beside what a network predicts for them: what pictures of a fit are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.model import TwoLayerNetwork
from pureneuron.samples import Batch, Leaf, Samples, Sum, to_numpy
from pureneuron.samples.protocol import taken_rows
from pureneuron.samples.thinning import Kept, Thinning
from pureneuron.typing import Array, IndexArray

__all__ = ["RowSample", "Thresholds"]


@dataclass(frozen=True)
class Thresholds:
    """How much is held.

    Attributes
    ----------
    rows, entries : int
        Most rows, and most outputs of them: more would not be told apart in a picture, and would
        make pickles of a recovery long (by definition).
    fewest : int
        Rows that are held whatever the number of outputs.
    """

    rows: int = 2000
    entries: int = 100_000
    fewest: int = 200


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class RowSample:
    """Random rows in their order.

    Attributes
    ----------
    index : (r,) array of int
        Their numbers among all rows.
    outputs, predictions : (r, m) arrays
        What was measured, and what the network predicts.
    n_rows : int
        Number of all rows.
    """

    index: IndexArray
    outputs: Array
    predictions: Array
    n_rows: int

    @property
    def residuals(self) -> Array:
        """Outputs minus predictions, (r, m)."""
        return self.outputs - self.predictions

    @classmethod
    def of(cls, samples: Samples, network: TwoLayerNetwork) -> RowSample:
        """Draw rows of samples of which nothing is known, in one or two passes."""
        n_rows = int(samples.reduce(_count)["rows"])
        held = samples if samples.in_memory else Thinning(THRESHOLDS.rows).taken(samples, n_rows)
        kept = held if isinstance(held, Kept) else None
        drawn = cls.drawn(samples, n_rows, kept, network)
        assert drawn is not None
        return drawn

    @classmethod
    def drawn(
        cls, samples: Samples, n_rows: int, kept: Kept | None, network: TwoLayerNetwork
    ) -> RowSample | None:
        """Draw about as many rows as a picture shows; those without weight are left out.

        For pictures alone no pass is made over rows that do not lie in memory: there is None where
        none are kept either.

        Parameters
        ----------
        samples : Samples
            All rows.
        n_rows : int
            How many they are.
        kept : Kept or None
            Random rows that are at hand.
        network : TwoLayerNetwork
            Predicts their outputs.
        """
        count = int(np.clip(THRESHOLDS.entries // network.n_outputs, THRESHOLDS.fewest, None))
        count = min(count, THRESHOLDS.rows)
        if samples.in_memory:
            kept = Thinning(count).taken(samples, n_rows)
        elif kept is None:
            return None
        chosen = kept.some(count)
        rows = chosen.samples.reduce(taken_rows, np.arange(len(chosen)))
        X, Y = (np.asarray(to_numpy(rows[name]), dtype=np.float64) for name in ("X", "Y"))
        counts = to_numpy(rows["weight"]) > 0.0 if "weight" in rows else np.ones(len(X), bool)
        return cls(chosen.numbers[counts], Y[counts], network.predict(X[counts]), n_rows)


def _count(batch: Batch) -> dict[str, Leaf]:
    return {"rows": Sum(np.array(float(batch.X.shape[0])))}
