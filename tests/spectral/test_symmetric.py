from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pureneuron.spectral import unvec_star, vec_star
from pureneuron.spectral.symmetric import symmetric_products

seeds = st.integers(0, 2**32 - 1)


def symmetric(rng, *shape):
    S = rng.standard_normal((*shape, shape[-1]))
    return S + np.swapaxes(S, -1, -2)


@given(seed=seeds, k=st.integers(1, 7))
def test_vec_star_is_an_isometry(seed, k):
    R, S = symmetric(np.random.default_rng(seed), 2, k)
    np.testing.assert_allclose(vec_star(R) @ vec_star(S), np.sum(R * S), rtol=1e-12, atol=1e-12)


@given(seed=seeds, k=st.integers(1, 7), p=st.integers(0, 3))
def test_unvec_star_is_its_inverse(seed, k, p):
    stack = symmetric(np.random.default_rng(seed), p, k)
    vectors = vec_star(stack)
    assert vectors.shape == (p, k * (k + 1) // 2)
    np.testing.assert_allclose(unvec_star(vectors), stack, rtol=1e-15)


def test_entries_run_along_the_rows_of_the_upper_triangle():
    S = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 5.0], [3.0, 5.0, 6.0]])
    root2 = np.sqrt(2.0)
    np.testing.assert_allclose(vec_star(S), [1, 2 * root2, 3 * root2, 4, 5 * root2, 6])


@given(seed=seeds, n=st.integers(0, 5), k=st.integers(1, 6))
def test_symmetric_products_are_vec_star_of_the_symmetric_part(seed, n, k):
    P, Q = np.random.default_rng(seed).standard_normal((2, n, k))
    outer = P[:, :, None] * Q[:, None, :]
    explicit = vec_star(0.5 * (outer + outer.transpose(0, 2, 1)))
    np.testing.assert_allclose(symmetric_products(P, Q), explicit, rtol=1e-12, atol=1e-14)
