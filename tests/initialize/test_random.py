"""Random starts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import make_problem
from pureneuron.initialize import random_start


@given(seed=st.integers(0, 10**6), k=st.integers(1, 9))
def test_random_starts_are_unit_and_orthogonal_in_blocks(seed, k):
    problem, _ = make_problem(0)
    W = random_start(problem, k, rng=np.random.default_rng(seed))
    assert W.shape == (k, 4)
    block = W[: min(k, 4)]
    assert block @ block.T == pytest.approx(np.eye(len(block)), abs=1e-12)
