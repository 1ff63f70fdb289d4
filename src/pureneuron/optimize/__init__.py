"""From one start to one minimum: damped Gauss–Newton, A projected out.

``gauss_newton`` is the loop; ``damping`` says how far a step goes, ``termination`` when it ends. A
``quadratic_model`` of the loss offers the steps; those of ``least_squares`` assume a Gaussian
likelihood, and solve by ``conjugate_gradients`` where the matrix is too large to form.
``mixed_precision`` begins in single precision and ends in double; ``together`` makes many descents
side by side, where rows are few; ``exchange`` leads out of a local minimum, by the directions in
which the residual has ``curvature``; ``comparison`` tells whether two fits are the same network;
``fit`` holds the records.
"""

from pureneuron.optimize.comparison import displacement, distance, meeting, separations
from pureneuron.optimize.curvature import curved_directions, residual_problem
from pureneuron.optimize.exchange import best_directions, exchanged, gains, least_missed
from pureneuron.optimize.fit import Descent, Fit, Point
from pureneuron.optimize.gauss_newton import Observer, minimize
from pureneuron.optimize.least_squares import evaluate, profile, quadratic_model
from pureneuron.optimize.mixed_precision import minimize_mixed, single_suffices
from pureneuron.optimize.termination import Limits
from pureneuron.optimize.together import minimize_together, n_side_by_side

__all__ = [
    "Descent",
    "Fit",
    "Limits",
    "Observer",
    "Point",
    "best_directions",
    "curved_directions",
    "displacement",
    "distance",
    "evaluate",
    "exchanged",
    "gains",
    "least_missed",
    "meeting",
    "minimize",
    "minimize_mixed",
    "minimize_together",
    "n_side_by_side",
    "profile",
    "quadratic_model",
    "residual_problem",
    "separations",
    "single_suffices",
]
