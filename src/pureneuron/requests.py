"""What is asked for: whether it can be done with these data, and what to say about it."""

from __future__ import annotations

from numbers import Real
from typing import Literal, TypeAlias

import numpy as np

from pureneuron.inference import FEW_EQUATIONS
from pureneuron.moments import Problem, n_unknowns
from pureneuron.network import TwoLayerNetwork
from pureneuron.stages import StageLog

__all__ = [
    "Init",
    "NegativeSlope",
    "NoiseCovariance",
    "check_moments",
    "check_options",
    "check_sizes",
    "remark",
]

NoiseCovariance: TypeAlias = Literal["spherical", "full"]
NegativeSlope: TypeAlias = float | Literal["auto"]
Init: TypeAlias = Literal["auto", "moments", "random"] | TwoLayerNetwork


def check_options(
    n_neurons: int | str,
    init: Init,
    refine: bool,
    negative_slope: float | str,
    noise_covariance: str,
    n_restarts: int | str,
    max_iter: int,
    tol: float,
) -> None:
    """Refuse options that are out of range, before any work."""
    if n_neurons != "auto" and not (_is_integer(n_neurons) and int(n_neurons) >= 1):
        raise ValueError(f"n_neurons must be an integer of at least 1 or 'auto', got {n_neurons!r}")
    if not isinstance(init, TwoLayerNetwork) and init not in ("auto", "moments", "random"):
        raise ValueError(
            f"init must be 'auto', 'moments', 'random' or a TwoLayerNetwork, got {init!r}"
        )
    if not refine and init not in ("auto", "moments"):
        raise ValueError(
            f"refine=False returns the moment estimate, which init={init!r} rules out: "
            "use init='moments' or refine=True"
        )
    if n_restarts != "auto" and not (_is_integer(n_restarts) and int(n_restarts) >= 0):
        raise ValueError(
            f"n_restarts must be an integer of at least 0 or 'auto', got {n_restarts!r}"
        )
    known = isinstance(negative_slope, Real) and -1.0 < negative_slope < 1.0
    if not (known or negative_slope == "auto"):
        raise ValueError(
            f"negative_slope must be a number between -1 and 1, both excluded, or 'auto', got "
            f"{negative_slope!r}"
        )
    if negative_slope == "auto" and not refine:
        raise ValueError(
            "negative_slope='auto' finds the slope by the likelihood, which refine=False leaves "
            "out: use refine=True, or give the slope"
        )
    if noise_covariance not in ("spherical", "full"):
        raise ValueError(
            f"noise_covariance must be 'spherical' or 'full', got {noise_covariance!r}"
        )
    if noise_covariance == "full" and not refine:
        raise ValueError(
            "noise_covariance='full' weighs the outputs of the refined estimate, which "
            "refine=False leaves out: use refine=True"
        )
    if not (_is_integer(max_iter) and max_iter >= 1):
        raise ValueError(f"max_iter must be an integer of at least 1, got {max_iter!r}")
    if not (isinstance(tol, Real) and tol >= 0.0):
        raise ValueError(f"tol must be at least 0, got {tol!r}")


def _is_integer(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def check_sizes(problem: Problem, k: int, init: Init, *, automatic: bool) -> None:
    """Refuse more unknowns than equations, and a start of another size or kind."""
    unknowns = n_unknowns(problem, k)
    d = problem.input_span.shape[0]
    # Who asks for "auto" gets what the rows afford, and a status that says how little that is.
    if problem.n_equations < unknowns and not automatic:
        rows = -(-unknowns // problem.n_outputs)
        raise ValueError(
            f"{k} neurons with {d} inputs and {problem.n_outputs} outputs have "
            f"{unknowns} unknowns, more than the {problem.n_equations:.6g} measured outputs of "
            f"n_samples = {problem.n_effective:.6g}: at least {rows} rows are needed"
        )
    if isinstance(init, TwoLayerNetwork):
        if init.negative_slope != problem.negative_slope:
            raise ValueError(
                f"init has negative_slope {init.negative_slope}, and {problem.negative_slope} is "
                "asked for: give the same to both"
            )
        for biases, option in (
            (init.hidden_bias, "fit_hidden_bias"),
            (init.output_bias, "fit_intercept"),
        ):
            if biases.any() and not getattr(problem, option):
                raise ValueError(f"init has biases that this fit would drop: set {option}=True")
        wanted = (d, k, problem.n_outputs)
        given = (init.n_inputs, init.n_neurons, init.n_outputs)
        if given != wanted:
            raise ValueError(
                f"init is a network of {given} inputs, neurons and outputs; {wanted} are wanted"
            )


def remark(log: StageLog, problem: Problem, k: int, rank: int, *, automatic: bool) -> None:
    """Warn and note what the user should know of data and sizes."""
    unknowns = n_unknowns(problem, k)
    if problem.n_equations < FEW_EQUATIONS * unknowns:
        log.warnings.append(
            f"the {problem.n_equations:.6g} measured outputs are not much more than the {unknowns} "
            "unknowns: expect large errors wherever there is noise"
        )
    if problem.input_span.shape[1] < problem.input_span.shape[0]:
        log.notes.append(
            f"the inputs span only {problem.input_span.shape[1]} of "
            f"{problem.input_span.shape[0]} dimensions: W is identified on their span alone, "
            "and is the minimum-norm solution"
        )
    if automatic and rank == problem.n_outputs < problem.n_inputs:
        log.notes.append(
            f"n_neurons='auto' found {rank}, the most that {problem.n_outputs} outputs can show: "
            "if there may be more neurons, give their number"
        )


def check_moments(problem: Problem, k: int, rank: int, init: Init) -> None:
    """Refuse to rest on moments where they do not exist, or do not show all neurons.

    As one start among others they are worth having even where their rank is in doubt.
    """
    if problem.biased:
        why = "moments know no biases"
    elif k > min(problem.n_inputs, problem.n_outputs):
        why = (
            f"moments need n_neurons <= min(inputs, outputs), and {k} is more than "
            f"min({problem.n_inputs}, {problem.n_outputs})"
        )
    elif k > rank and init == "moments":
        why = (
            f"moments need B = AW to have rank {k}, and only {rank} of its singular values stand "
            "out of their sampling noise"
        )
    else:
        return
    asked = "init='moments'" if init == "moments" else "refine=False returns the moment estimate"
    raise ValueError(f"{asked}: {why}; use init='random', which has no such limit")
