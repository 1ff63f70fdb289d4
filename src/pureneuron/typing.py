"""The array types that the whole package speaks of."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
"""A float64 array; every sum, network and result is made of these."""

IndexArray: TypeAlias = NDArray[np.intp]
"""An integer array that indexes neurons or rows."""

BoolArray: TypeAlias = NDArray[np.bool_]
"""An array of truth values, one a neuron, row or block."""

AnyArray: TypeAlias = Any
"""An array of any Array API library, as kernels receive and return them."""

__all__ = ["AnyArray", "Array", "BoolArray", "IndexArray"]
