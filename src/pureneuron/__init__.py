"""Identification of two-layer ReLU networks: the weights themselves, from samples.

What the package offers is imported when it is first asked for: the command line answers ``--help``
without loading NumPy.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pureneuron.estimator import PureNeuronRegressor
    from pureneuron.identify.identify import identify
    from pureneuron.model import TwoLayerNetwork
    from pureneuron.recover import recover

__all__ = ["PureNeuronRegressor", "TwoLayerNetwork", "identify", "recover"]

_MODULES = {
    "PureNeuronRegressor": "estimator",
    "TwoLayerNetwork": "model",
    "identify": "identify",
    "recover": "recover",
}


class _Package(ModuleType):
    """The package, where ``recover`` and ``identify`` are always the functions.

    Whatever imports a submodule makes it an attribute of the package, and two of them bear the name
    of the function they are about.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType) and name in __all__:
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    if name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    elif name == "__version__":
        # It stands in pyproject.toml; to look it up takes time.
        from importlib.metadata import version

        value = version(__name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    setattr(sys.modules[__name__], name, value)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
