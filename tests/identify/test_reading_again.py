"""Lines on which neurons that are badly known are read again."""

import numpy as np
from known import Asked

from pureneuron.identify.choice_of_line import line_apart
from pureneuron.identify.precision import probe
from pureneuron.identify.questions import Questions
from pureneuron.identify.reading import Reading
from pureneuron.identify.region import Region
from pureneuron.identify.search import Search


def begun(d, bounds):
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((d, 2))
    region = Region.of(d, bounds=bounds)
    questions = Questions(Asked(lambda X: np.maximum(X, 0.0) @ weights), region)
    return Search.begun(questions, probe(questions, rng), rng)


def units(W, b):
    k, d = W.shape
    none = np.zeros((2, d)), np.zeros(2)
    return Reading(W, b, np.ones((2, k)), *none, np.full(k, 1e-5))


def test_all_kinks_are_within_the_bounds():
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        search = begun(6, (-1.0, 1.0))
        some = units(rng.standard_normal((3, 6)), 0.5 * rng.standard_normal(3))
        line = line_apart(search.questions.region, some, search.rng)
        if line is None:
            continue
        found += 1
        places = -some.preactivations(line.origin[None])[0] / (some.W @ line.direction)
        low, high = search.questions.region.ends(line.origin, line.direction, np.inf)
        assert (places > low).all()
        assert (places < high).all()
    assert found > 10


def test_neurons_that_no_line_within_the_bounds_crosses_are_not_read_again():
    outside = units(np.eye(2, 6), np.array([-3.0, -4.0]))
    for bounds in ((-1.0, 1.0), None):
        search = begun(6, bounds)
        line = line_apart(search.questions.region, outside, search.rng)
        assert (line is None) == (bounds is not None)


def test_neurons_stay_where_another_line_shows_them_no_better(monkeypatch):
    search = begun(6, None)
    before = units(np.eye(3, 6), np.zeros(3))
    line, badly = (
        line_apart(search.questions.region, before, search.rng),
        np.array([False, True, False]),
    )
    for error, better in ((1e-4, False), (1e-7, True)):

        def worse_or_better(self, _, error=error):
            self.reading = self.reading.with_units(
                np.eye(3, 6)[1:2], np.zeros(1), np.ones((2, 1)), np.array([error])
            )
            return True

        monkeypatch.setattr(Search, "read_line", worse_or_better)
        search.reading = before
        search._read_again(line, badly)
        assert (search.reading is not before) == better
