"""Recoveries that tests report on."""

import numpy as np

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.samples import ArraySamples

D, K, M, N = 6, 3, 2, 1500
HOSTILE = ("<script>alert(1)</script>", 'a" onload="x', "$\\frac{", "&amp;", "x" * 300, "ξ")


def fitted(n_neurons="auto", *, inputs=None, outputs=None, linear=None, slope=0.0, **options):
    """Fit a teacher, with a linear part and a slope if they are given."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((N, D))
    plain = make_teacher(D, K, M, rng=0)
    teacher = TwoLayerNetwork(plain.A, plain.W, linear=linear, negative_slope=slope)
    Y = teacher.predict(X) + 0.1 * rng.standard_normal((N, M))
    samples = ArraySamples(X, Y, input_names=inputs, output_names=outputs)
    return recover(samples, n_neurons, rng=0, **options)
