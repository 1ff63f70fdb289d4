from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pureneuron.model import unit_rows
from pureneuron.spectral import joint_diagonalize, pencil_directions, unvec_star, vec_star

seeds = st.integers(0, 2**32 - 1)


def direction_error(found, Z):
    """Return the largest distance of a found row to its own row of Z; infinite if not one to one.

    Signs and order do not count.
    """
    cosines = found @ Z.T
    nearest = np.abs(cosines).argmax(axis=1)
    if sorted(nearest) != list(range(len(Z))):
        return np.inf
    signs = np.sign(cosines[np.arange(len(Z)), nearest])
    return np.linalg.norm(found - signs[:, None] * Z[nearest], axis=1).max()


def span_basis(Z):
    """Return an orthonormal basis of the span of the z_i z_iᵀ, as the null space of T has it."""
    squares = vec_star(Z[:, :, None] * Z[:, None, :])
    return np.linalg.qr(squares.T)[0].T


class TestJointDiagonalize:
    @given(seed=seeds, k=st.integers(1, 6))
    def test_recovers_the_directions_of_an_exact_stack(self, seed, k):
        rng = np.random.default_rng(seed)
        Z = unit_rows(rng.standard_normal((k, k)))
        assume(np.linalg.cond(Z) <= 100.0)
        coefficients = rng.standard_normal((k, k))
        assume(np.linalg.cond(coefficients) <= 100.0)
        solution = joint_diagonalize((Z.T * coefficients[:, None, :]) @ Z, rng=rng)
        assert direction_error(solution.directions, Z) <= 1e-10
        assert solution.misfit <= 1e-20
        np.testing.assert_allclose(np.linalg.norm(solution.directions, axis=1), 1.0)

    def test_one_direction(self):
        solution = joint_diagonalize(np.array([[[-3.0]]]), rng=np.random.default_rng(0))
        assert abs(solution.directions[0, 0]) == pytest.approx(1.0)
        assert solution.misfit <= 1e-24

    @pytest.mark.parametrize(("distance", "tolerance"), [(0.1, 1e-8), (0.01, 1e-6)])
    @pytest.mark.parametrize("seed", range(5))
    def test_two_directions_may_be_close(self, distance, tolerance, seed):
        rng = np.random.default_rng(seed)
        Z = rng.standard_normal((4, 4))
        Z[1] = Z[0] + distance * Z[1]
        Z = unit_rows(Z)
        solution = joint_diagonalize(unvec_star(span_basis(Z)), rng=rng)
        assert direction_error(solution.directions, Z) <= tolerance

    def test_perturbed_it_beats_a_single_pencil(self):
        joint, pencil = [], []
        for seed in range(20):
            rng = np.random.default_rng(seed)
            Z = unit_rows(rng.standard_normal((6, 6)))
            basis = span_basis(Z)
            stack = unvec_star(basis + 1e-3 * rng.standard_normal(basis.shape))
            joint.append(direction_error(joint_diagonalize(stack, rng=rng).directions, Z))
            first, second = np.tensordot(rng.standard_normal((2, 6)), stack, 1)
            pencil.append(direction_error(pencil_directions(first, second)[0], Z))
        assert np.isfinite(joint).sum() > np.isfinite(pencil).sum()
        assert np.median(joint) < 0.2 * np.median(pencil)

    def test_the_misfit_is_the_unexplained_share(self):
        rng = np.random.default_rng(0)
        noise = rng.standard_normal((4, 10))
        solution = joint_diagonalize(unvec_star(noise), rng=rng)
        assert 0.01 < solution.misfit < 1.0
        squares = vec_star(solution.directions[:, :, None] * solution.directions[:, None, :])
        fitted = np.linalg.lstsq(squares.T, noise.T, rcond=None)[0].T @ squares
        share = np.sum((noise - fitted) ** 2) / np.sum(noise**2)
        assert solution.misfit == pytest.approx(share, rel=0.05)

    def test_the_same_seed_gives_the_same_bits(self):
        stack = unvec_star(np.random.default_rng(1).standard_normal((3, 6)))
        one, two = (joint_diagonalize(stack, rng=np.random.default_rng(5)) for _ in range(2))
        np.testing.assert_array_equal(one.directions, two.directions)


class TestPencil:
    def test_a_complex_pair_gives_way_to_a_basis_of_its_plane(self):
        # On the first two coordinates X Y⁻¹ turns by a right angle; the third is a direction.
        first = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 5.0]])
        second = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        directions, n_complex = pencil_directions(first, second)
        assert n_complex == 2
        assert directions.shape == (3, 3)
        np.testing.assert_allclose(directions @ directions.T, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(np.abs(directions[0]), [0.0, 0.0, 1.0], atol=1e-12)

    def test_a_singular_pencil_still_has_an_answer(self):
        directions, _ = pencil_directions(np.eye(3), np.diag([1.0, 2.0, 0.0]))
        assert np.isfinite(directions).all()
        assert directions.shape == (3, 3)
