"""Neurons that are taken out and put in elsewhere."""

import numpy as np
import pytest

from engine import weak_neuron
from pureneuron.datasets import make_teacher
from pureneuron.initialize import random_start
from pureneuron.optimize import Limits, minimize
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.search import relocated, swap_search


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


@pytest.mark.parametrize("seed", [1, 5])
def test_relocations_find_the_place_of_a_weak_neuron(seed):
    problem, teacher = weak_neuron(seed)
    best = minimize(problem, problem.to_white(teacher))
    enough = best.loss * (1.0 + 2.0 / problem.n_equations)
    rng = np.random.default_rng(0)
    starts = [minimize(problem, random_start(problem, 4, rng=rng)) for _ in range(10)]
    ends = [relocated(start, rng=rng, limits=Limits()) for start in starts]
    assert all(end.loss <= start.loss for start, end in zip(starts, ends, strict=True))
    found = sum(end.loss < enough for end in ends)
    assert found >= 8
    assert sum(start.loss < enough for start in starts) <= found / 2


def test_nothing_is_relocated_in_a_fit_without_residual():
    rng = np.random.default_rng(0)
    teacher = make_teacher(4, 3, 3, rng=rng)
    X = rng.standard_normal((200, 4))
    problem = pose(ArraySamples(X, teacher.predict(X)))
    fit = minimize(problem, problem.to_white(teacher))
    assert relocated(fit, rng=rng, limits=Limits()) is fit
