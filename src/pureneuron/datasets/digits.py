"""The real input: handwritten digits and a small network that reads them.

The classifier is a bias-free ReLU network 64 → 10 → 10, trained once on scikit-learn's digits by
``experiments/digits/train_classifier.py``; its weights ship with the package. It plays the black
box, queried at the real images and their negations: three pixels never vary, the others' second
moments have a condition number in the millions.
"""

from __future__ import annotations

from importlib.resources import as_file, files

import numpy as np
from sklearn.datasets import load_digits

from pureneuron.datasets.inputs import symmetrize
from pureneuron.model import TwoLayerNetwork
from pureneuron.typing import Array, IndexArray

__all__ = ["digits_inputs", "digits_samples", "load_digits_classifier"]


def load_digits_classifier() -> TwoLayerNetwork:
    """Return the frozen classifier of handwritten digits: 64 inputs, 10 neurons, 10 logits."""
    resource = files("pureneuron.datasets") / "data" / "digits_classifier.safetensors"
    with as_file(resource) as path:
        return TwoLayerNetwork.load(path)


def digits_inputs() -> tuple[Array, IndexArray]:
    """Return the digits as the classifier sees them.

    Returns
    -------
    X : (1797, 64) array
        The 8×8 images, pixels scaled from 0…16 to 0…1, minus their mean image. Pixels 0, 32 and 39
        are zero throughout.
    labels : (1797,) int array
        The digit that each image shows.
    """
    pixels, labels = load_digits(return_X_y=True)
    X = pixels / 16.0
    return X - X.mean(axis=0), labels.astype(np.intp)


def digits_samples(
    *, noise: float = 0.01, rng: np.random.Generator | int | None = None
) -> tuple[Array, Array]:
    """Return samples of the classifier at the images and at their negations.

    Parameters
    ----------
    noise : float
        Standard deviation of the Gaussian noise, as a share of the root mean square of the logits.
    rng : Generator or int, optional
        Source of the noise, or its seed.

    Returns
    -------
    X : (3594, 64) array
        The images of :func:`digits_inputs`, then their negations in the same order.
    Y : (3594, 10) array
        The noisy logits.

    Raises
    ------
    ValueError
        If ``noise`` is negative or not finite.
    """
    if not (np.isfinite(noise) and noise >= 0.0):
        raise ValueError(f"noise must be a finite number, not negative, got {noise}")
    X, logits = symmetrize(digits_inputs()[0], load_digits_classifier().predict)
    scale = noise * np.sqrt(np.mean(logits**2))
    return X, logits + scale * np.random.default_rng(rng).standard_normal(logits.shape)
