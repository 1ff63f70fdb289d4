"""What ``identify`` may be asked: each argument is checked before the first question."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np

from pureneuron.identify.boxes import Link
from pureneuron.options import is_integer
from pureneuron.progress import ProgressCallback

__all__ = ["Arguments"]


@dataclass(frozen=True)
class Arguments:
    """The arguments of :func:`~pureneuron.identify` that do not say where to ask, in range.

    Raises
    ------
    ValueError
        If one is out of range or of another kind.
    """

    n_neurons: int | Literal["auto"] = "auto"
    budget: int | None = None
    link: Link | Literal["auto"] = "auto"
    noise: bool | float = False
    tol: float | None = None
    n_fresh: int | Literal["auto"] = "auto"
    time_limit: float | None = None
    batch_size: int = 8192
    callback: ProgressCallback | None = None

    def __post_init__(self) -> None:
        for name, other in (("n_neurons", "auto"), ("n_fresh", "auto"), ("batch_size", None)):
            value = getattr(self, name)
            if not (is_integer(value, 1) or (other and _is_text(value, other))):
                wanted = f"at least 1 or {other!r}" if other else "at least 1"
                raise ValueError(f"{name} must be an integer of {wanted}, got {value!r}")
        if self.budget is not None and not is_integer(self.budget, 1):
            raise ValueError(f"budget must be an integer of at least 1, got {self.budget!r}")
        if not _is_text(self.link, "auto", "identity", "softmax", "sigmoid"):
            raise ValueError(
                f"link must be 'auto', 'identity', 'softmax' or 'sigmoid', got {self.link!r}"
            )
        if not (isinstance(self.noise, bool | np.bool_) or _is_positive(self.noise, or_zero=True)):
            raise ValueError(
                "noise must be True, False, or the standard deviation of the answers, got "
                f"{self.noise!r}"
            )
        for name in ("tol", "time_limit"):
            value = getattr(self, name)
            if value is not None and not _is_positive(value):
                raise ValueError(f"{name} must be a positive number, got {value!r}")
        if self.tol is not None and not self.noise:
            raise ValueError("tol is a standard error: give noise=True as well")
        if self.n_fresh != "auto" and self.noise:
            raise ValueError("n_fresh is for answers without noise: a fit is tested otherwise")
        if self.callback is not None and not callable(self.callback):
            raise ValueError(f"callback must be callable, got {self.callback!r}")


def _is_text(value: Any, *allowed: str) -> bool:
    return isinstance(value, str) and value in allowed


def _is_positive(value: Any, *, or_zero: bool = False) -> bool:
    if not isinstance(value, Real) or isinstance(value, bool) or not np.isfinite(float(value)):
        return False
    return float(value) > 0.0 or (or_zero and float(value) == 0.0)
