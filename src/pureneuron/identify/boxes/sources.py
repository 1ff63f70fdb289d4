"""The one door to boxes: whatever is to be read, as a box."""

from __future__ import annotations

import os
from pathlib import Path

from sklearn.base import BaseEstimator

from pureneuron.identify.boxes.box import Box
from pureneuron.identify.boxes.onnx import onnx_box
from pureneuron.identify.boxes.sklearn import estimator_box
from pureneuron.identify.boxes.torch import is_torch_module, module_box
from pureneuron.model import TwoLayerNetwork

__all__ = ["box_of"]

_ACCEPTED = (
    "a function, a torch.nn.Module, a fitted scikit-learn regressor or classifier, the path of an "
    ".onnx file or a TwoLayerNetwork is expected (command_box makes a box of a program)"
)


def box_of(source: object) -> Box:
    """Make a box of what is to be read.

    Parameters
    ----------
    source : callable, torch.nn.Module, scikit-learn estimator, str or Path, TwoLayerNetwork, Box
        A callable maps an (n, d) float64 array to answers, (n,) or (n, m). A module is asked in
        eval mode, on the device and in the type of its parameters. A regressor is asked for its
        predictions, a classifier for its probabilities, and for its decision function where it has
        none. A path must end in .onnx. A box comes back as it is.

    Returns
    -------
    Box
        The source as a function of NumPy arrays.

    Raises
    ------
    TypeError
        If the source is nothing of that kind.
    ValueError
        If an estimator is not fitted, or a file is not ONNX or has no matrix as input and output.
    FileNotFoundError
        If there is no such file.
    ImportError
        If onnxruntime is needed and not installed.
    """
    if isinstance(source, Box):
        return source
    if isinstance(source, TwoLayerNetwork):
        return Box(source.predict, source.n_inputs, "identity", repr(source), None)
    if isinstance(source, str | os.PathLike):
        path = Path(os.fsdecode(source))
        if path.suffix.lower() != ".onnx":
            raise TypeError(f"{str(source)!r} is no .onnx file: {_ACCEPTED}")
        return onnx_box(path)
    if isinstance(source, type):
        # Callable, too, but what it would answer with is an object of that class.
        raise TypeError(f"the class {source.__name__} is no box, an object of it may be")
    # Before callables: modules are callable, and know more than a function does.
    if is_torch_module(source):
        return module_box(source)
    if isinstance(source, BaseEstimator):
        return estimator_box(source)
    if callable(source):
        name = getattr(source, "__name__", type(source).__name__)
        return Box(source, None, "identity", name, None)
    raise TypeError(f"got {type(source).__name__}: {_ACCEPTED}")
