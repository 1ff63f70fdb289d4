"""Recoveries that tests report on."""

import numpy as np

from pureneuron import recover
from pureneuron.datasets import make_teacher
from pureneuron.samples import ArraySamples

D, K, M, N = 6, 3, 2, 1500
HOSTILE = ("<script>alert(1)</script>", 'a" onload="x', "$\\frac{", "&amp;", "x" * 300, "ξ")


def fitted(n_neurons="auto", *, inputs=None, outputs=None, **options):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((N, D))
    Y = make_teacher(D, K, M, rng=0).predict(X) + 0.1 * rng.standard_normal((N, M))
    samples = ArraySamples(X, Y, input_names=inputs, output_names=outputs)
    return recover(samples, n_neurons, rng=0, **options)
