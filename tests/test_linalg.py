import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pureneuron import linalg


def test_svd_goes_on_where_lapack_gives_up(monkeypatch):
    M = np.random.default_rng(0).standard_normal((4, 6))

    def gives_up(*args, **kwargs):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr(np.linalg, "svd", gives_up)
    U, s, Vt = linalg.svd(M, full_matrices=False)
    assert (U * s) @ Vt == pytest.approx(M)
    assert U.shape == (4, 4)
    assert Vt.shape == (4, 6)
    assert linalg.svd(M)[2].shape == (6, 6)


@given(seed=st.integers(0, 10**6))
def test_inverse_inverts(seed):
    M = np.random.default_rng(seed).standard_normal((4, 4))
    inverse, condition = linalg.inverse(M)
    assert inverse @ M == pytest.approx(np.eye(4), abs=1e-12 * condition)
    assert condition == pytest.approx(np.linalg.norm(M, 2) * np.linalg.norm(inverse, 2))


def test_inverse_of_a_singular_matrix_is_its_pseudo_inverse():
    inverse, condition = linalg.inverse(np.diag([2.0, 0.0]))
    assert inverse == pytest.approx(np.diag([0.5, 0.0]))
    assert condition == np.inf


@given(seed=st.integers(0, 10**6), twin=st.booleans(), dead=st.booleans())
def test_gram_inverse_is_the_pseudo_inverse_of_columns_of_any_size(seed, twin, dead):
    rng = np.random.default_rng(seed)
    H = rng.standard_normal((30, 5))
    if twin:
        H[:, 1] = -3.0 * H[:, 0]
    if dead:
        H[:, 4] = 0.0
    size = 10.0 ** rng.uniform(-6.0, 6.0, 5)
    gram = (H * size).T @ (H * size)
    inverse = linalg.gram_inverse(gram)
    # What projects on the columns does so whatever their size, and for twins and zeros too.
    projector = (H * size) @ inverse @ (H * size).T
    Q = np.linalg.svd(H)[0][:, : 5 - twin - dead]
    assert projector == pytest.approx(Q @ Q.T, abs=1e-6)


def test_gram_inverse_leaves_out_a_square_that_rounding_made_negative():
    gram = np.array([[1.0, 2e-6], [2e-6, -1e-9]])
    assert linalg.gram_inverse(gram) == pytest.approx(np.diag([1.0, 0.0]), abs=1e-12)


@pytest.mark.parametrize("large", [np.inf, np.nan])
def test_gram_inverse_leaves_out_a_column_that_overflows(large):
    gram = np.array([[2.0, large, 0.5], [large, large, large], [0.5, large, 1.0]])
    inverse = linalg.gram_inverse(gram)
    assert not inverse[1].any()
    assert inverse[::2, ::2] @ gram[::2, ::2] == pytest.approx(np.eye(2))


def test_gram_inverse_leaves_no_digits_to_near_twins():
    H = np.random.default_rng(0).standard_normal((30, 2))
    H = np.column_stack([H, H[:, 0] + 1e-9 * H[:, 1]])
    assert np.abs(linalg.gram_inverse(H.T @ H)).max() < 1.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "columns", [(1, 1), (5, 3), (32, 32), (33, 7), (10, 64), (50, 50), (64, 70)]
)
@pytest.mark.parametrize("n", [0, 1, 1000, 30_011])
def test_tall_products_are_products(n, columns, dtype):
    rng = np.random.default_rng(0)
    # Sums of small integers are exact in any order and precision.
    wide = rng.integers(-3, 4, size=(2 * n, 128)).astype(dtype)
    A, B = wide[:n, : columns[0]], wide[::2, 20 : 20 + columns[1]]
    product = linalg.tall_product(A, B)
    assert product.dtype == dtype
    exact = A.astype(np.int64).T @ B.astype(np.int64)
    assert np.array_equal(product, exact)
    own = A.astype(np.int64).T @ A.astype(np.int64)
    assert np.array_equal(linalg.tall_product(A, A), own)
