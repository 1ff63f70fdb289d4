"""Identification of two-layer ReLU networks: the weights themselves, from samples."""

from pureneuron.estimator import PureNeuronRegressor
from pureneuron.identify import identify
from pureneuron.model import TwoLayerNetwork
from pureneuron.recover import recover

__all__ = ["PureNeuronRegressor", "TwoLayerNetwork", "identify", "recover"]


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # The version stands in pyproject.toml; to look it up takes time that an import need not take.
    from importlib.metadata import version

    return version(__name__)
