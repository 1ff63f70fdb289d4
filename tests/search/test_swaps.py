"""The swap search."""

import numpy as np

from pureneuron.datasets import make_teacher
from pureneuron.initialize import random_start
from pureneuron.optimize import Limits, minimize
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.search import swap_search


def test_swaps_repair_what_starts_cannot():
    # 30 rows for 19 unknowns an output: hardly any random start finds the network.
    rng = np.random.default_rng(0)
    teacher = make_teacher(10, 10, 10, rng=rng)
    X = rng.standard_normal((30, 10))
    problem = pose(ArraySamples(X, teacher.predict(X)))
    stuck = minimize(problem, random_start(problem, 10, rng=rng))
    assert stuck.loss > 1e-4
    repaired = swap_search(stuck, rng=rng, limits=Limits())
    assert repaired.loss < 1e-20
