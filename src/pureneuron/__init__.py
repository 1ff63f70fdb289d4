"""Identification of two-layer ReLU networks: the weights themselves, from samples."""

from pureneuron.estimator import PureNeuronRegressor
from pureneuron.identify import identify
from pureneuron.model import TwoLayerNetwork
from pureneuron.recover import recover

__all__ = ["PureNeuronRegressor", "TwoLayerNetwork", "identify", "recover"]
