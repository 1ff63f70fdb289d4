"""Digests tell apart what differs, and say the same of the same in every process."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from itertools import combinations

import array_api_strict
import numpy as np
import pytest

from pureneuron.model import LeakyReLU
from pureneuron.samples import ArraySamples, StreamedSamples
from pureneuron.samples.checkpoint.digests import checksum_of_rows, digest_of

DIFFERENT = [
    (),
    ((),),
    ([],),
    ({},),
    (None,),
    (0,),
    (0.0,),
    (-0.0,),
    (False,),
    ("",),
    ("0",),
    (b"0",),
    ("a", "b"),
    ("ab", ""),
    (("a", "b"),),
    ({"a": 1},),
    ({"a": 2},),
    (np.float64(0.0),),
    (np.float32(0.0),),
    (np.zeros(2),),
    (np.zeros((2, 1)),),
    (np.zeros(2, np.float32),),
    (np.zeros(2), np.zeros(2)),
    (np.array(["a"]),),
    (LeakyReLU(0.0),),
    (LeakyReLU(0.1),),
    (digest_of,),
    (checksum_of_rows,),
    (partial(digest_of, 1),),
    (slice(None, 3),),
]


def test_what_differs_has_another_digest():
    digests = [digest_of(*values) for values in DIFFERENT]
    for one, other in combinations(range(len(digests)), 2):
        assert digests[one] != digests[other], (DIFFERENT[one], DIFFERENT[other])


def test_it_is_the_values_that_count():
    X = np.arange(6.0).reshape(2, 3)
    assert digest_of(X) == digest_of(np.asfortranarray(X)) == digest_of(X[:, ::-1][:, ::-1])
    assert digest_of(array_api_strict.asarray(X)) == digest_of(X)


def test_every_process_says_the_same():
    code = (
        "from pureneuron.samples.checkpoint.digests import digest_of\n"
        "from pureneuron.model import LeakyReLU\n"
        "print(digest_of({'a': 1.5, 'b': ['c', LeakyReLU(0.1)]}, digest_of))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(seen) == 1


@pytest.mark.parametrize("value", [object(), np.array([object()]), np.random.default_rng(0)])
def test_what_has_no_values_is_refused(value):
    with pytest.raises(TypeError, match="has no digest"):
        digest_of(value)


def test_a_function_with_variables_of_another_is_refused():
    factor = 2.0
    with pytest.raises(TypeError, match="not a function of a module"):
        digest_of(lambda batch: factor * batch.X)


class TestRows:
    """A checksum of all rows."""

    X = np.random.default_rng(0).standard_normal((50, 3))
    Y = X[:, :2] + 1.0

    def test_batches_are_all_one(self):
        expected = checksum_of_rows(ArraySamples(self.X, self.Y))
        assert checksum_of_rows(ArraySamples(self.X, self.Y, batch_rows=7)) == expected
        strict = (array_api_strict.asarray(self.X), array_api_strict.asarray(self.Y))
        assert checksum_of_rows(ArraySamples(*strict, batch_rows=9)) == expected
        streamed = StreamedSamples(
            lambda: ((self.X[i : i + 8], self.Y[i : i + 8], None) for i in range(0, 50, 8))
        )
        assert checksum_of_rows(streamed) == expected

    def test_every_change_shows(self):
        X, Y, w = self.X, self.Y, np.ones(50)
        changed = X.copy()
        changed[17, 2] = np.nextafter(changed[17, 2], 9.0)
        groups = np.arange(50) // 5
        digests = {
            checksum_of_rows(ArraySamples(*rows, groups=labels))
            for *rows, labels in [
                (X, Y, None, None),
                (changed, Y, None, None),
                (X[::-1], Y[::-1], None, None),
                (X[:, ::-1], Y, None, None),
                (X[:-1], Y[:-1], None, None),
                (Y, X, None, None),
                (X.astype(np.float32), Y.astype(np.float32), None, None),
                (X, Y, w, None),
                (X, Y, 2.0 * w, None),
                (X, Y, None, groups),
                (X, Y, None, groups // 2),
            ]
        }
        assert len(digests) == 11
