"""Identification of two-layer ReLU networks: the weights themselves, from samples."""

from pureneuron.network import TwoLayerNetwork

__all__ = ["TwoLayerNetwork"]
