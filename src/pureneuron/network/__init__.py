"""The two-layer network as a value, the pairing of neurons, and file formats, one a module."""

from pureneuron.network.matching import NeuronMatch, match_neurons, unit_rows
from pureneuron.network.safetensors import load_metadata, load_network, save_network
from pureneuron.network.two_layer import TwoLayerNetwork

__all__ = [
    "NeuronMatch",
    "TwoLayerNetwork",
    "load_metadata",
    "load_network",
    "match_neurons",
    "save_network",
    "unit_rows",
]
