"""Arrays of other libraries, and where they lie: to NumPy and back, and onto a GPU."""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np

from pureneuron.typing import AnyArray

__all__ = [
    "check_device",
    "is_numpy",
    "is_on_device",
    "native",
    "onto",
    "refuse_apart",
    "to_numpy",
]

_NUMPY = (np.ndarray, np.generic, float, int)


def is_numpy(value: object) -> bool:
    """Tell whether a value is an array or a number of NumPy's, or of Python's own."""
    return isinstance(value, _NUMPY)


def is_on_device(array: object) -> bool:
    """Tell whether an array lies elsewhere than in main memory: on a GPU, for instance."""
    if is_numpy(array) or not array_api_compat.is_array_api_obj(array):
        return False
    return "cpu" not in str(array_api_compat.device(array)).lower()


def refuse_apart(**arrays: AnyArray | None) -> None:
    """Refuse arrays of different libraries, or on different devices.

    Parameters
    ----------
    **arrays : array or None
        By their names; None is passed over.

    Raises
    ------
    ValueError
        If they are not together; the message says where two of them lie.
    """
    places = {name: _place_of(M) for name, M in arrays.items() if M is not None}
    (first, here), *others = places.items()
    for name, there in others:
        if there != here:
            raise ValueError(
                f"{first} is an array of {' on '.join(here)}, and {name} of {' on '.join(there)}: "
                "bring them together"
            )


def _place_of(array: AnyArray) -> tuple[str, str]:
    """Name the library of an array, and its device."""
    if is_numpy(array):
        return "numpy", "cpu"  # Subclasses are of other modules.
    return type(array).__module__.split(".")[0], str(array_api_compat.device(array))


def to_numpy(array: AnyArray) -> Any:
    """Return an array of any library, on any device, as one of NumPy; numbers stay numbers."""
    if is_numpy(array):
        return array
    if array_api_compat.is_torch_array(array):
        return array.detach().cpu().numpy()
    if array_api_compat.is_cupy_array(array):
        return array.get()
    try:
        return np.from_dlpack(array)
    except (BufferError, RuntimeError, TypeError, ValueError):
        return np.asarray(array)


def native(params: tuple[Any, ...], like: AnyArray) -> tuple[Any, ...]:
    """Bring NumPy parameters, in tuples and lists too, to the library and device of ``like``."""
    return params if isinstance(like, np.ndarray) else tuple(_native(each, like) for each in params)


def _native(param: Any, like: AnyArray) -> Any:
    if isinstance(param, tuple | list):
        return type(param)(_native(each, like) for each in param)
    if not isinstance(param, np.ndarray):
        return param
    xp = array_api_compat.array_namespace(like)
    # A copy: PyTorch takes neither arrays that must not be written nor negative strides.
    return xp.asarray(np.array(param, order="C"), device=array_api_compat.device(like))


def check_device(device: str) -> None:
    """Refuse a device that PyTorch does not have here, or that has no double precision.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    ValueError
        If there is no such device.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError(f"device={device!r} needs PyTorch: pip install torch") from error
    try:
        torch.zeros(1, dtype=torch.float64, device=device)
    # Which one depends on the device: none of the kind, none at all, or no double precision.
    except (AssertionError, NotImplementedError, RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device={device!r} cannot be used by PyTorch: {reason}") from error


def onto(array: AnyArray, device: str) -> AnyArray:
    """Return an array as a tensor of PyTorch's on a device, such as "cuda" or "cuda:1"."""
    import torch

    tensor = torch.from_numpy(np.array(to_numpy(array), order="C"))
    if torch.device(device).type == "cuda":
        # From pinned memory the copy goes on while the next rows are read.
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
