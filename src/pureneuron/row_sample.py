"""Some rows beside what a network predicts for them: what pictures of a fit are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.model import TwoLayerNetwork
from pureneuron.problem.rows import weight_sums
from pureneuron.samples import Samples
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
    def drawn(
        cls,
        samples: Samples,
        network: TwoLayerNetwork,
        *,
        n_rows: int | None = None,
        kept: Kept | None = None,
    ) -> RowSample:
        """Draw about as many rows as a picture shows; those without weight are left out.

        Parameters
        ----------
        samples : Samples
            All rows.
        network : TwoLayerNetwork
            Predicts their outputs.
        n_rows : int, optional
            How many there are; a pass counts them if that is left out.
        kept : Kept, optional
            Random rows that are at hand; a pass takes some if that is left out.
        """
        if n_rows is None:
            n_rows = int(samples.reduce(weight_sums)["rows"])
        count = max(THRESHOLDS.entries // network.n_outputs, THRESHOLDS.fewest)
        count = min(count, THRESHOLDS.rows)
        chosen = (kept or Thinning(count).taken(samples, n_rows)).some(count)
        rows = chosen.samples.reduce(taken_rows, np.arange(len(chosen)))
        X, Y = (np.asarray(to_numpy(rows[name]), dtype=np.float64) for name in ("X", "Y"))
        counts = to_numpy(rows["weight"]) > 0.0 if "weight" in rows else np.ones(len(X), bool)
        return cls(chosen.numbers[counts], Y[counts], network.predict(X[counts]), n_rows)
