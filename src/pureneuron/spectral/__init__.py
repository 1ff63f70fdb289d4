"""The paper's method: networks from moments, without an optimiser.

One step a module, in the order in which they act:

- :mod:`~pureneuron.spectral.linear`: what the regression of y on x says. ``B = A W``, the number of
  neurons, and the k dimensions on either side to which all else is confined (Lemma 1).
- :mod:`~pureneuron.spectral.detector`: the pure neuron detector, a matrix whose null space is
  spanned by the squares ``z_i z_iᵀ`` of the rows of A⁻¹ (Lemmas 3, 4, 9 and 10).
- :mod:`~pureneuron.spectral.distinguishing`: the matrix whose least singular value says whether the
  detector can work at all (Definition 1).
- :mod:`~pureneuron.spectral.guarantee`: that singular value, that of A, and the bounds they give;
  :mod:`~pureneuron.spectral.perturbation`: what to do where it is zero (Theorems 9 and 10).
- :mod:`~pureneuron.spectral.diagonalization`: from that null space to the z_i, by one pencil
  (Lemma 5) or by all matrices of the space at once.
- :mod:`~pureneuron.spectral.algorithms`: Algorithms 1 to 4, to the letter.
- :mod:`~pureneuron.spectral.estimate`: the same pipeline made to hold out against sampling noise,
  which is what the estimator starts from; :mod:`~pureneuron.spectral.sampling_error`: how far off
  it is, and how many rows would bring it closer.

:mod:`~pureneuron.spectral.symmetric` holds ``vec*``, by which symmetric matrices become vectors of
the same length, and :mod:`~pureneuron.spectral.arguments` the checks of what callers pass.
"""

from pureneuron.spectral.algorithms import (
    learn_single_neuron,
    learn_two_layer,
    learn_two_layer_noisy,
    learn_two_layer_nonsquare,
)
from pureneuron.spectral.detector import detector_matrix, pure_neuron_detector
from pureneuron.spectral.diagonalization import (
    JointDiagonalization,
    joint_diagonalize,
    orthogonal_directions,
    pencil_directions,
)
from pureneuron.spectral.distinguishing import (
    Separation,
    distinguishing_matrix,
    gaussian_distinguishing_matrix,
    separation,
)
from pureneuron.spectral.estimate import MomentEstimate, estimate_from, moment_estimate
from pureneuron.spectral.guarantee import Guarantee, guarantee
from pureneuron.spectral.linear import (
    LinearPart,
    LinearRank,
    linear_loss,
    linear_part,
    linear_rank,
    numerical_rank,
    rank_of_groups,
)
from pureneuron.spectral.perturbation import perturb_inputs, perturb_weights
from pureneuron.spectral.sampling_error import SamplingError, error_of_groups, sampling_error
from pureneuron.spectral.symmetric import unvec_star, vec_star

__all__ = [
    "Guarantee",
    "JointDiagonalization",
    "LinearPart",
    "LinearRank",
    "MomentEstimate",
    "SamplingError",
    "Separation",
    "detector_matrix",
    "distinguishing_matrix",
    "error_of_groups",
    "estimate_from",
    "gaussian_distinguishing_matrix",
    "guarantee",
    "joint_diagonalize",
    "learn_single_neuron",
    "learn_two_layer",
    "learn_two_layer_noisy",
    "learn_two_layer_nonsquare",
    "linear_loss",
    "linear_part",
    "linear_rank",
    "moment_estimate",
    "numerical_rank",
    "orthogonal_directions",
    "pencil_directions",
    "perturb_inputs",
    "perturb_weights",
    "pure_neuron_detector",
    "rank_of_groups",
    "sampling_error",
    "separation",
    "unvec_star",
    "vec_star",
]
