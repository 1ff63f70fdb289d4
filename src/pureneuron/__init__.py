"""Identification of two-layer ReLU networks: the weights themselves, from samples."""

from pureneuron.estimator import PureNeuronRegressor
from pureneuron.network import TwoLayerNetwork
from pureneuron.pipeline import recover

__all__ = ["PureNeuronRegressor", "TwoLayerNetwork", "recover"]
