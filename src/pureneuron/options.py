"""The options of a fit: one record, which the estimator and the command line share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar

import numpy as np

from pureneuron.inference.dependence import Errors
from pureneuron.model import LeakyReLU, TwoLayerNetwork
from pureneuron.optimize import Limits
from pureneuron.problem import Problem, n_unknowns

__all__ = [
    "Init",
    "NegativeSlope",
    "NoiseCovariance",
    "OptionValues",
    "Options",
    "call_with",
    "check_moments",
    "check_sizes",
    "lists_options",
]

NoiseCovariance: TypeAlias = Literal["spherical", "full"]
NegativeSlope: TypeAlias = float | Literal["auto"]
Init: TypeAlias = Literal["auto", "moments", "random"] | TwoLayerNetwork
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    restarts : int
        Most random starts of ``n_restarts="auto"`` (success.py).
    """

    restarts: int = 20


THRESHOLDS = Thresholds()


class OptionValues(TypedDict, total=False):
    """The options after ``n_neurons``, for type checkers: what ``recover(**options)`` takes."""

    init: Init
    refine: bool
    fit_hidden_bias: bool
    fit_intercept: bool
    fit_linear: bool
    negative_slope: NegativeSlope
    noise_covariance: NoiseCovariance
    errors: Errors
    n_restarts: int | Literal["auto"]
    max_iter: int
    tol: float
    time_limit: float | None
    n_jobs: int | None


@dataclass(frozen=True)
class Options:
    """What is asked of a fit.

    Parameters
    ----------
    n_neurons : int or "auto"
        Number of hidden neurons k. "auto" is the least k whose fit leaves no trace in the residual
        (the omitted-unit test); it begins with the rank of ``B = A W`` against its sampling noise.
    init : {"auto", "moments", "random"} or TwoLayerNetwork
        Where to start: the moment estimate; random starts; a network, which goes first. "auto"
        starts on a subsample of the rows, goes on to the moments where that is undecided or not to
        be had, and then to random starts on all rows.
    refine : bool
        Whether to go on from the moments to the maximum-likelihood estimate.
    fit_hidden_bias, fit_intercept : bool
        Whether to fit ``b`` and ``c``. The moments know no biases: random starts find them.
    fit_linear : bool
        Whether to fit a linear part L: ``y = A σ(W x + b) + L x + c``. Beside it nobody can tell
        which way round a neuron is, ``σ(z) = z + σ(−z)``: the neurons are turned so that L is small
        or vanishes. With hidden biases L has an intercept.
    negative_slope : float or "auto"
        Slope of σ on the negative side, between -1 and 1. "auto" fits it, the same for all neurons.
    noise_covariance : {"spherical", "full"}
        What is known of the noise. "spherical": the same and independent in all outputs; in the
        units of their standard deviations where these differ by 10⁴ and more. "full":
        different and correlated; outputs are weighted by the inverse covariance of the residual,
        which makes the estimate as good as if it had been known.
    errors : {"auto", "iid", "robust", "serial"}
        What is assumed of the noise when standard errors and tests are made. "iid": independent
        rows, noise of one law. "robust": independent rows, its size may depend on the inputs.
        "serial": rows in order, noise with memory. "auto" takes the first that the data do not
        speak against. Where the samples have groups, rows of a group may share noise in any case.
    n_restarts : int or "auto"
        Most random starts on all rows; they end as soon as the best minimum is confirmed. "auto" is
        20; 0 rules out starts on a subsample as well. Where rows are few, a start costs little, and
        for seven of them the best of 64 is gone on from.
    max_iter : int
        Most Gauss–Newton iterations a start.
    tol : float
        Relative decrease of the loss that is not worth another iteration.
    time_limit : float or None
        Seconds after which the best network so far is kept, as it is.
    n_jobs : int or None
        Threads. None is all cores, or ``OMP_NUM_THREADS``, and one within a parallel loop of
        joblib; −1 is all cores in any case. The result is the same to the last bit for any number.

    Raises
    ------
    ValueError
        If a value is out of range, or two of them contradict each other.
    """

    n_neurons: int | Literal["auto"] = "auto"
    init: Init = "auto"
    refine: bool = True
    fit_hidden_bias: bool = False
    fit_intercept: bool = False
    fit_linear: bool = False
    negative_slope: NegativeSlope = 0.0
    noise_covariance: NoiseCovariance = "spherical"
    errors: Errors = "auto"
    n_restarts: int | Literal["auto"] = "auto"
    max_iter: int = 200
    tol: float = 1e-8
    time_limit: float | None = None
    n_jobs: int | None = None

    def __post_init__(self) -> None:
        self._refuse_out_of_range()
        self._refuse_contradictions()

    @classmethod
    def of(cls, **values: Any) -> Options:
        """Return the options of a call.

        Raises
        ------
        TypeError
            If there is no such option; the message lists those there are.
        """
        names = [each.name for each in fields(cls)]
        unknown = [name for name in values if name not in names]
        if unknown:
            raise TypeError(f"there is no option {unknown[0]!r}; there are {', '.join(names)}")
        return cls(**values)

    @property
    def first_activation(self) -> LeakyReLU:
        """The activation, or the one to begin with where its slope is fitted."""
        if self.negative_slope != "auto":
            return LeakyReLU(float(self.negative_slope))
        given = isinstance(self.init, TwoLayerNetwork)
        return LeakyReLU(self.init.negative_slope if given else 0.0)  # type: ignore[union-attr]

    @property
    def first_number(self) -> int | None:
        """Neurons to begin with, as far as somebody says; None where the data are to say."""
        if self.n_neurons != "auto":
            return int(self.n_neurons)
        return self.init.n_neurons if isinstance(self.init, TwoLayerNetwork) else None

    @property
    def restarts(self) -> int:
        """Most random starts."""
        return THRESHOLDS.restarts if self.n_restarts == "auto" else int(self.n_restarts)

    @property
    def limits(self) -> Limits:
        """When a descent ends."""
        return Limits(self.max_iter, self.tol)

    def _refuse_out_of_range(self) -> None:
        automatic = isinstance(self.n_neurons, str) and self.n_neurons == "auto"
        if not automatic and not is_integer(self.n_neurons, 1):
            raise ValueError(
                f"n_neurons must be an integer of at least 1 or 'auto', got {self.n_neurons!r}"
            )
        known = isinstance(self.init, TwoLayerNetwork) or (
            isinstance(self.init, str) and self.init in ("auto", "moments", "random")
        )
        if not known:
            raise ValueError(
                f"init must be 'auto', 'moments', 'random' or a TwoLayerNetwork, got {self.init!r}"
            )
        if self.n_restarts != "auto" and not is_integer(self.n_restarts, 0):
            raise ValueError(
                f"n_restarts must be an integer of at least 0 or 'auto', got {self.n_restarts!r}"
            )
        slope = self.negative_slope
        if slope != "auto" and not (isinstance(slope, Real) and -1.0 < slope < 1.0):
            raise ValueError(
                f"negative_slope must be a number between -1 and 1, both excluded, or 'auto', got "
                f"{slope!r}"
            )
        if self.noise_covariance not in ("spherical", "full"):
            raise ValueError(
                f"noise_covariance must be 'spherical' or 'full', got {self.noise_covariance!r}"
            )
        if self.errors not in ("auto", "iid", "robust", "serial"):
            raise ValueError(
                f"errors must be 'auto', 'iid', 'robust' or 'serial', got {self.errors!r} (for "
                "noise that is shared in groups of rows, give the groups)"
            )
        if not is_integer(self.max_iter, 1):
            raise ValueError(f"max_iter must be an integer of at least 1, got {self.max_iter!r}")
        if not (isinstance(self.tol, Real) and self.tol >= 0.0):
            raise ValueError(f"tol must be at least 0, got {self.tol!r}")
        limit = self.time_limit
        if limit is not None and not (isinstance(limit, Real) and limit > 0.0):
            raise ValueError(f"time_limit must be a positive number of seconds, got {limit!r}")
        n_jobs = self.n_jobs
        if n_jobs is not None and not (is_integer(n_jobs, -(2**31)) and n_jobs != 0):
            raise ValueError(f"n_jobs must be an integer other than 0, got {n_jobs!r}")

    def _refuse_contradictions(self) -> None:
        if self.fit_linear and self.negative_slope == "auto":
            raise ValueError(
                "negative_slope='auto' cannot be had with fit_linear=True: beside a linear part "
                "every slope fits as well; give the slope"
            )
        if self.refine:
            return
        if self.init not in ("auto", "moments"):
            raise ValueError(
                f"refine=False returns the moment estimate, which init={self.init!r} rules out: "
                "use init='moments' or refine=True"
            )
        if self.negative_slope == "auto":
            raise ValueError(
                "negative_slope='auto' finds the slope by the likelihood, which refine=False "
                "leaves out: use refine=True, or give the slope"
            )
        if self.noise_covariance == "full":
            raise ValueError(
                "noise_covariance='full' weights the outputs of the refined estimate, which "
                "refine=False leaves out: use refine=True"
            )


def lists_options(function: F) -> F:
    """Let the signature of a function that takes ``**options`` show them, to help and editors."""
    signature = inspect.signature(function)
    shown = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    shown += [
        inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default)
        for each in fields(Options)
        if each.name not in signature.parameters
    ]
    function.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
    return function


def call_with(options: Options, rng: object) -> str:
    """Return the call of :func:`pureneuron.recover` that has these options, as Python."""
    given = {
        each.name: getattr(options, each.name)
        for each in fields(Options)
        if not _is_default(getattr(options, each.name), each.default)
    }
    shown = [f"{name}={value!r}" for name, value in given.items()]
    if rng is not None:
        shown.append(f"rng={rng if isinstance(rng, int) else '…'}")
    return f"recover({', '.join(['samples', *shown])})"


def _is_default(value: object, default: object) -> bool:
    return type(value) is type(default) and value == default


def is_integer(value: object, least: int) -> bool:
    """Tell whether a value is an integer, of Python or NumPy, of at least ``least``."""
    is_one = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return is_one and int(value) >= least  # type: ignore[call-overload]


def check_sizes(problem: Problem, n_neurons: int, options: Options) -> None:
    """Refuse more unknowns than equations, and a start of another size or kind."""
    k, d = n_neurons, problem.input_span.shape[0]
    unknowns = n_unknowns(problem, k)
    # Who asks for "auto" gets what the rows afford, and a status that says how little that is.
    if problem.n_equations < unknowns and options.n_neurons != "auto":
        rows = -(-unknowns // problem.n_outputs)
        raise ValueError(
            f"{k} neurons with {d} inputs and {problem.n_outputs} outputs have "
            f"{unknowns} unknowns, more than the {problem.n_equations:.6g} measured outputs of "
            f"n_samples = {problem.n_effective:.6g}: at least {rows} rows are needed"
        )
    if isinstance(options.init, TwoLayerNetwork):
        _check_network(problem, k, options.init)


def _check_network(problem: Problem, n_neurons: int, init: TwoLayerNetwork) -> None:
    slope = problem.activation.negative_slope
    if init.negative_slope != slope:
        raise ValueError(
            f"init has negative_slope {init.negative_slope}, and {slope} is "
            "asked for: give the same to both"
        )
    for biases, option in (
        (init.hidden_bias, "fit_hidden_bias"),
        (init.output_bias, "fit_intercept"),
        (init.linear, "fit_linear"),
    ):
        if biases.any() and not getattr(problem, option):
            what = "a linear part" if option == "fit_linear" else "biases"
            raise ValueError(f"init has {what} that this fit would drop: set {option}=True")
    wanted = (problem.input_span.shape[0], n_neurons, problem.n_outputs)
    given = (init.n_inputs, init.n_neurons, init.n_outputs)
    if given != wanted:
        raise ValueError(
            f"init is a network of {given} inputs, neurons and outputs; {wanted} are wanted"
        )


def check_moments(problem: Problem, n_neurons: int, rank: int, options: Options) -> None:
    """Refuse to rest on moments where they do not exist, or do not show all neurons.

    As one start among others they are worth having even where their rank is in doubt.
    """
    k = n_neurons
    if problem.biased:
        why = "moments know no biases"
    elif problem.fit_linear:
        why = "moments know no linear part"
    elif k > min(problem.n_inputs, problem.n_outputs):
        why = (
            f"moments need n_neurons <= min(inputs, outputs), and {k} is more than "
            f"min({problem.n_inputs}, {problem.n_outputs})"
        )
    elif k > rank and options.init == "moments":
        why = (
            f"moments need B = AW to have rank {k}, and only {rank} of its singular values stand "
            "out of their sampling noise"
        )
    else:
        return
    asked = (
        "init='moments'"
        if options.init == "moments"
        else "refine=False returns the moment estimate"
    )
    raise ValueError(f"{asked}: {why}; use init='random', which has no such limit")
