"""Data to try the method on: random teachers, symmetric input laws, and real digits."""

from pureneuron.datasets.digits import digits_inputs, digits_samples, load_digits_classifier
from pureneuron.datasets.inputs import symmetric_inputs, symmetrize
from pureneuron.datasets.teachers import make_teacher

__all__ = [
    "digits_inputs",
    "digits_samples",
    "load_digits_classifier",
    "make_teacher",
    "symmetric_inputs",
    "symmetrize",
]
