"""The first pass over any data: what is wrong with them, second moments, and some of the rows.

Outputs are centred where an intercept is fitted, and their means are known only when the pass is
over. So sums are taken about the means of the first rows, and moved afterwards, which is exact but
for rounding. Where these rows turn out not to be like the others, a second pass is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import array_api_compat
import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.problem.second_moments import SecondMoments, second_moment_sums, second_moments
from pureneuron.problem.validation import Seen, is_refused, judged, ranges, refuse_no_columns
from pureneuron.samples import Batch, First, Leaf, Samples
from pureneuron.samples.thinning import Kept, Thinning
from pureneuron.typing import Array

__all__ = ["Sampling", "Survey", "scaled_weights", "survey"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    first_rows : int
        Rows that are looked at before the pass.
    most_drift : float
        Distance of the means from those of the first rows, against the spread, from which on sums
        about them lose digits that count (rounding).
    most_growth : float
        Largest weight against the largest of the first rows, or the inverse, from which on squares
        of weights may overflow (rounding).
    kept_entries, kept_rows : int
        Entries of X and Y that are kept of rows that do not lie in memory, and the fewest rows
        (make bench-scale).
    runs, run : int
        Runs of consecutive rows that are kept besides, and their length (calibration).
    """

    first_rows: int = 1000
    most_drift: float = 1e3
    most_growth: float = 1e50
    kept_entries: int = 2_000_000
    kept_rows: int = 20_000
    runs: int = 12
    run: int = 250


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Sampling:
    """What is kept of rows that do not lie in memory.

    Attributes
    ----------
    rows, runs : Thinning
        Single rows, to search on; and runs of consecutive rows, which show what noise remembers.
    """

    rows: Thinning
    runs: Thinning

    @classmethod
    def of(cls, samples: Samples) -> Sampling:
        """Return how much suits samples of this width."""
        width = samples.n_inputs + samples.n_outputs
        count = max(THRESHOLDS.kept_rows, THRESHOLDS.kept_entries // width)
        runs = Thinning(THRESHOLDS.runs, THRESHOLDS.run, "runs", samples.n_rows)
        return cls(Thinning(count, n_rows=samples.n_rows), runs)


@dataclass(frozen=True, eq=False)
class Survey:
    """What the first pass leaves to know.

    Attributes
    ----------
    seen : Seen
        The largest weight, and whether there are groups.
    centre : (m,) array or None
        Weighted means of the outputs; None where they are not to be centred.
    moments : SecondMoments
        Weights relative to their largest; outputs about the centre.
    rows, runs : Kept or None
        What was kept of the rows.
    """

    seen: Seen
    centre: Array | None
    moments: SecondMoments
    rows: Kept | None = None
    runs: Kept | None = None


def survey(
    samples: Samples, *, constant_input: bool, centred: bool, sampling: Sampling | None = None
) -> Survey:
    """Validate samples and gather their second moments, in one pass.

    Parameters
    ----------
    samples : Samples
        The data.
    constant_input : bool
        Whether an input is appended that is always 1.
    centred : bool
        Whether the means of the outputs are subtracted.
    sampling : Sampling, optional
        What is kept of the rows; nothing if left out.

    Raises
    ------
    ValueError
        As :func:`~pureneuron.problem.validation.check_samples`.
    """
    refuse_no_columns(samples)
    guess, unit = _first_guess(samples, centred)
    sums = samples.reduce(_survey_sums, constant_input, guess, unit, sampling)
    seen = judged(sums, samples)
    n_rows = int(sums["rows"])
    scaled, centre = samples.derive(scaled_weights, seen.largest_weight), guess
    growth = seen.largest_weight / unit
    if 1.0 / THRESHOLDS.most_growth < growth < THRESHOLDS.most_growth:
        moments = SecondMoments.of_sums(sums)
        moments = replace(moments, total=moments.total / growth)
    else:
        moments = second_moments(scaled, constant_input=constant_input, centre=centre)
    if centre is not None and _are_far(moments):
        centre = centre + moments.y
        moments = second_moments(scaled, constant_input=constant_input, centre=centre)
    if centre is not None:
        centre, moments = centre + moments.y, moments.with_centred_outputs()
    if sampling is None:
        return Survey(seen, centre, moments)
    rows, runs = (each.kept(sums, n_rows, samples) for each in (sampling.rows, sampling.runs))
    return Survey(seen, centre, moments, rows, runs)


def _first_guess(samples: Samples, centred: bool) -> tuple[Array | None, float]:
    """Return about where the outputs lie, and about the largest weight."""
    first = samples.head(THRESHOLDS.first_rows).reduce(_first_sums)
    largest = float(first.get("weight", 1.0))
    unit = max(largest, 1e-200) if np.isfinite(largest) and largest > 0.0 else 1.0
    if not centred:
        return None, unit
    mean = np.asarray(first.get("outputs", np.zeros(samples.n_outputs)), np.float64)
    return np.where(np.isfinite(mean), mean, 0.0), unit


def _are_far(moments: SecondMoments) -> bool:
    """Whether outputs lie far from what they were measured from, against their spread."""
    variance = np.maximum(np.diag(moments.yy) - moments.y**2, 0.0)
    return bool(np.any(moments.y**2 > THRESHOLDS.most_drift**2 * variance))


def scaled_weights(batch: Batch, largest: float) -> Batch:
    """Divide the weights by ``largest``."""
    weight = batch.weight
    return batch if weight is None else replace(batch, weight=weight / largest)


def _in_unit(batch: Batch, unit: float) -> Batch:
    """Divide the weights by about their largest; far larger ones will need another pass."""
    if batch.weight is None:
        return batch
    xp = array_api_compat.array_namespace(batch.weight)
    weight = xp.astype(batch.weight, xp.float64, copy=False)
    limit = THRESHOLDS.most_growth * unit
    return replace(batch, weight=xp.clip(weight, 0.0, limit) / unit)


def _first_sums(batch: Batch) -> dict[str, Leaf]:
    Y = np.asarray(to_numpy(batch.Y), np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        parts: dict[str, Leaf] = {"outputs": First(Y.mean(axis=0))}
    if batch.weight is not None:
        parts["weight"] = First(np.max(np.asarray(to_numpy(batch.weight), np.float64)))
    return parts


def _survey_sums(
    batch: Batch,
    constant_input: bool,
    centre: Array | None,
    unit: float,
    sampling: Sampling | None,
) -> Mapping[str, Leaf]:
    parts = ranges(batch)
    # What will be refused has no sums: they might overflow before it is.
    if is_refused(parts):
        return parts
    parts |= second_moment_sums(_in_unit(batch, unit), constant_input, centre)
    if sampling is not None:
        parts |= sampling.rows.leaves(batch) | sampling.runs.leaves(batch)
    return parts
