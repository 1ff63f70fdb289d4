"""What part of many rows the search sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pureneuron import part_of_rows
from pureneuron.datasets import make_teacher
from pureneuron.options import Options
from pureneuron.part_of_rows import parts_of
from pureneuron.problem import pose, posing, survey
from pureneuron.samples import ArraySamples


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    kept = replace(survey.THRESHOLDS, kept_entries=1, kept_rows=4000)
    monkeypatch.setattr(survey, "THRESHOLDS", kept)
    monkeypatch.setattr(posing, "THRESHOLDS", replace(posing.THRESHOLDS, many_rows=20_000))
    part = replace(part_of_rows.THRESHOLDS, equations=10.0, fewest_rows=500)
    monkeypatch.setattr(part_of_rows, "THRESHOLDS", part)


def drawn(n=20_000):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 4))
    return X, make_teacher(4, 3, 3, rng=0).predict(X) + 0.1 * rng.standard_normal((n, 3))


def rows_of(samples, n_neurons=3):
    problem = pose(samples)
    return [part.n_rows for part in parts_of(problem, Options(n_neurons))], problem


def test_parts_grow_and_all_rows_come_last():
    sizes, problem = rows_of(ArraySamples(*drawn()))
    assert sizes == [500, len(problem.kept), 20_000]


def test_what_does_not_lie_in_memory_is_not_searched_as_a_whole():
    sizes, problem = rows_of(ArraySamples(*drawn()).recomputed())
    assert sizes == [500, len(problem.kept)]


def test_few_rows_are_searched_as_they_are():
    sizes, problem = rows_of(ArraySamples(*drawn(19_999)))
    assert sizes == [19_999]
    assert problem.kept is None


def test_so_many_neurons_that_no_part_will_do():
    assert rows_of(ArraySamples(*drawn()).recomputed(), 100)[0] == [20_000]


def test_a_direction_that_one_row_carries_is_in_no_part():
    X, Y = drawn()
    X[:, 3] = 0.0
    X[7, 3] = 3.0
    assert rows_of(ArraySamples(X, Y))[0] == [20_000]
