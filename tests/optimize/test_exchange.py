"""A neuron more, then one less."""

import numpy as np

from pureneuron import TwoLayerNetwork
from pureneuron.initialize import random_start
from pureneuron.optimize import Limits, best_directions, exchanged, minimize
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples


def drawn(noise=0.0):
    rng = np.random.default_rng(0)
    teacher = TwoLayerNetwork(
        rng.standard_normal((2, 6)),
        rng.standard_normal((6, 6)),
        rng.standard_normal(6),
        rng.standard_normal(2),
    )
    X = rng.standard_normal((2000, 6))
    Y = teacher.predict(X) + noise * rng.standard_normal((2000, 2))
    problem = pose(ArraySamples(X, Y), fit_hidden_bias=True, fit_intercept=True)
    return problem, problem.to_white(teacher)


def descend(problem, W):
    return minimize(problem, W, limits=Limits())


def test_it_leads_out_of_local_minima():
    problem, _ = drawn()
    fits = [
        descend(problem, random_start(problem, 6, rng=np.random.default_rng(seed)))
        for seed in range(12)
    ]
    stuck = [fit for fit in fits if fit.loss > 1e-6]
    assert len(stuck) > 5
    out = [exchanged(fit, descend, rng=np.random.default_rng(0)) for fit in stuck]
    assert all(after.n_neurons == 6 for after in out)
    assert all(after.loss <= fit.loss for fit, after in zip(stuck, out, strict=True))
    assert sum(after.loss < 1e-20 for after in out) > len(stuck) / 3


def test_the_direction_is_that_of_the_missing_neuron():
    problem, truth = drawn()
    for a in range(6):
        # All others are where they belong, and not moved.
        fit = minimize(problem, np.delete(truth, a, axis=0), limits=Limits(max_iter=0))
        (best,) = best_directions(fit, 1, rng=np.random.default_rng(0))
        others = np.delete(truth, a, axis=0) @ best
        assert truth[a] @ best > max(others.max(), 0.6)


def test_nothing_is_exchanged_where_nothing_is_missing():
    problem, truth = drawn(noise=0.3)
    fit = descend(problem, truth)
    sizes = []

    def counting(problem, W):
        sizes.append(len(W))
        return descend(problem, W)

    assert exchanged(fit, counting, rng=np.random.default_rng(0)) is fit
    # The neuron more fits noise, and is not worth taking another out.
    assert sizes == [7]
