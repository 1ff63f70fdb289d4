"""What ``identify`` may be asked: each argument is checked before the first question."""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal

import numpy as np

from pureneuron.identify.boxes import Link
from pureneuron.options import is_integer
from pureneuron.progress import ProgressCallback

__all__ = ["check_arguments"]


def check_arguments(
    *,
    n_neurons: int | Literal["auto"],
    budget: int | None,
    link: Link | Literal["auto"],
    noise: bool | float,
    tol: float | None,
    n_fresh: int | Literal["auto"],
    time_limit: float | None,
    batch_size: int,
    callback: ProgressCallback | None,
) -> None:
    """Refuse arguments of :func:`~pureneuron.identify` that are out of range or of another kind.

    Those that say where to ask are checked by :class:`~pureneuron.identify.region.Region`.

    Raises
    ------
    ValueError
        If there is one.
    """
    for name, number in (("n_neurons", n_neurons), ("n_fresh", n_fresh)):
        if not (_is_text(number, "auto") or is_integer(number, 1)):
            raise ValueError(f"{name} must be an integer of at least 1 or 'auto', got {number!r}")
    if budget is not None and not is_integer(budget, 1):
        raise ValueError(f"budget must be an integer of at least 1, got {budget!r}")
    if not is_integer(batch_size, 1):
        raise ValueError(f"batch_size must be an integer of at least 1, got {batch_size!r}")
    if not _is_text(link, "auto", "identity", "softmax", "sigmoid"):
        raise ValueError(f"link must be 'auto', 'identity', 'softmax' or 'sigmoid', got {link!r}")
    if not (isinstance(noise, bool | np.bool_) or _is_positive(noise, or_zero=True)):
        raise ValueError(
            f"noise must be True, False, or the standard deviation of the answers, got {noise!r}"
        )
    for name, size in (("tol", tol), ("time_limit", time_limit)):
        if size is not None and not _is_positive(size):
            raise ValueError(f"{name} must be a positive number, got {size!r}")
    if tol is not None and not noise:
        raise ValueError("tol is a standard error: give noise=True as well")
    if n_fresh != "auto" and noise:
        raise ValueError("n_fresh is for answers without noise: a fit is tested otherwise")
    if callback is not None and not callable(callback):
        raise ValueError(f"callback must be callable, got {callback!r}")


def _is_text(value: Any, *allowed: str) -> bool:
    return isinstance(value, str) and value in allowed


def _is_positive(value: Any, *, or_zero: bool = False) -> bool:
    if not isinstance(value, Real) or isinstance(value, bool) or not np.isfinite(float(value)):
        return False
    return float(value) > 0.0 or (or_zero and float(value) == 0.0)
