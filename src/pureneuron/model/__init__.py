"""The model as values: network, activation, likelihood; pairing of neurons; file formats."""

from pureneuron.model.activation import Activation, GaussianKernels, LeakyReLU, ThresholdKernels
from pureneuron.model.likelihood import Gaussian, Likelihood
from pureneuron.model.matching import NeuronMatch, match_neurons, unit_rows
from pureneuron.model.names import counted, visible
from pureneuron.model.network import TwoLayerNetwork, load_network, save_network
from pureneuron.model.safetensors import load_metadata

__all__ = [
    "Activation",
    "Gaussian",
    "GaussianKernels",
    "LeakyReLU",
    "Likelihood",
    "NeuronMatch",
    "ThresholdKernels",
    "TwoLayerNetwork",
    "counted",
    "load_metadata",
    "load_network",
    "match_neurons",
    "save_network",
    "unit_rows",
    "visible",
]
