"""Symmetric laws of the inputs: x and −x are equally likely, which is what the moments rest on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.typing import Array

__all__ = ["LAWS", "Law", "symmetric_inputs", "symmetrize"]

Law: TypeAlias = Callable[[np.random.Generator, tuple[int, int]], Array]
"""``law(rng, (n, d))`` to n independent rows whose distribution is symmetric about zero."""


def _gaussian(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return rng.standard_normal(shape)


def _rademacher(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return np.asarray(2.0 * rng.integers(0, 2, size=shape) - 1.0)


def _student_t3(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return rng.standard_t(3, size=shape)


def _student_t5(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return rng.standard_t(5, size=shape)


def _laplace(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return rng.laplace(size=shape)


def _uniform(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return rng.uniform(-1.0, 1.0, size=shape)


def _mixture(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return rng.standard_normal(shape) + _rademacher(rng, (shape[0], 1))


LAWS: Mapping[str, Law] = MappingProxyType(
    {
        "gaussian": _gaussian,
        "rademacher": _rademacher,
        "student_t3": _student_t3,
        "student_t5": _student_t5,
        "laplace": _laplace,
        "uniform": _uniform,
        "mixture": _mixture,
    }
)
"""The laws by name; a new one is a function and a line here."""


def symmetric_inputs(
    n_rows: int,
    n_inputs: int,
    law: str = "gaussian",
    *,
    rng: np.random.Generator | int | None = None,
) -> Array:
    """Draw inputs from a symmetric law.

    Parameters
    ----------
    n_rows, n_inputs : int
        Sizes n and d.
    law : str
        One of the keys of ``LAWS``. The entries of a row are independent, in their usual scale:

        - ``"gaussian"``: standard normal, variance 1;
        - ``"rademacher"``: −1 or 1, variance 1;
        - ``"student_t3"``: Student's t with 3 degrees of freedom, variance 3, no fourth moment;
        - ``"student_t5"``: Student's t with 5 degrees of freedom, variance 5/3;
        - ``"laplace"``: density ``exp(−|x|)/2``, variance 2;
        - ``"uniform"``: between −1 and 1, variance 1/3;
        - ``"mixture"``: not independent: two Gaussians of identity covariance, equally likely,
          centred at (1, …, 1) and at (−1, …, −1); second moments ``I + 11ᵀ``.
    rng : Generator or int, optional
        Source of randomness, or its seed.

    Returns
    -------
    (n, d) array

    Raises
    ------
    ValueError
        If there is no such law.
    """
    if law not in LAWS:
        raise ValueError(f"there is no input law {law!r}; the laws are {', '.join(LAWS)}")
    return LAWS[law](np.random.default_rng(rng), (n_rows, n_inputs))


@overload
def symmetrize(X: ArrayLike) -> Array: ...


@overload
def symmetrize(X: ArrayLike, label: Callable[[Array], Array]) -> tuple[Array, Array]: ...


def symmetrize(
    X: ArrayLike, label: Callable[[Array], Array] | None = None
) -> Array | tuple[Array, Array]:
    """Make any inputs symmetric: stack X on top of −X.

    Outputs at −X cannot be had from outputs at X, so the system must be asked: pass it as
    ``label``, for instance ``symmetrize(X, network.predict)``.

    Parameters
    ----------
    X : (n, d) array-like
        Inputs, usually with their mean subtracted.
    label : callable, optional
        Maps (2n, d) inputs to (2n, m) outputs.

    Returns
    -------
    X : (2n, d) array
        Row n + i is the negation of row i.
    Y : array
        ``label(X)``; only where ``label`` is given.
    """
    X = np.asarray(X, dtype=np.float64)
    mirrored = np.concatenate([X, 0.0 - X])  # 0 − x, not −x: a zero keeps its sign
    return mirrored if label is None else (mirrored, label(mirrored))
