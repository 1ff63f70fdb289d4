"""What a source of answers becomes: a function, and what is known about it before it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.typing import Array

__all__ = ["ENDINGS", "Box", "BoxError", "Link"]

Link: TypeAlias = Literal["identity", "softmax", "sigmoid"]
"""What stands between the outputs of the network and the answers."""

ENDINGS: Mapping[str, tuple[Link, Callable[[Array], Array]]] = MappingProxyType(
    {
        "Softmax": ("softmax", np.asarray),
        # Back to probabilities, so that there is one kind of softmax for whoever reads the box.
        "LogSoftmax": ("softmax", np.exp),
        "Sigmoid": ("sigmoid", np.asarray),
    }
)
"""Last steps that are no part of the network: the link, and what turns answers into its values.

PyTorch and ONNX call them by the same names.
"""


class BoxError(RuntimeError):
    """A box gave no usable answer."""


@dataclass(frozen=True)
class Box:
    """A source of answers.

    Attributes
    ----------
    function : callable
        Maps an (n, d) float64 array of at least one row to answers, (n,) or (n, m) array-like.
    n_inputs : int or None
        Number of inputs d; None where the source does not say.
    link : {"identity", "softmax", "sigmoid"}
        What stands between the outputs of the network and the answers: with "softmax" and "sigmoid"
        answers are probabilities.
    name : str
        What messages call the box.
    output_names : tuple of str or None
        Names of the answers, where the source has them.
    """

    function: Callable[[Array], ArrayLike]
    n_inputs: int | None
    link: Link
    name: str
    output_names: tuple[str, ...] | None
