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
