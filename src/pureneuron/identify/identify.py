"""``identify``: read a network off a box by questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.identify.arguments import check_arguments
from pureneuron.identify.boxes import Box, Link, box_of
from pureneuron.identify.identification import Identification
from pureneuron.identify.questions import NotFinite, OutOfQuestions, Questions
from pureneuron.identify.region import Region
from pureneuron.identify.run import Run, output_names
from pureneuron.identify.sampled import sampled
from pureneuron.monitor import Monitor, OutOfTime
from pureneuron.options import is_integer
from pureneuron.progress import ProgressCallback
from pureneuron.results import Status
from pureneuron.samples.cores import using_cores

__all__ = ["identify"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    beyond_noise : float
        Residual, in units of the noise that was said, from which on there is more than noise.
    """

    beyond_noise: float = 1.2


THRESHOLDS = Thresholds()


def identify(
    function: Callable[..., Any] | Box | Any,
    n_inputs: int | None = None,
    n_neurons: int | Literal["auto"] = "auto",
    *,
    budget: int | None = None,
    center: ArrayLike = 0.0,
    scale: ArrayLike = 1.0,
    bounds: tuple[ArrayLike, ArrayLike] | None = None,
    link: Link | Literal["auto"] = "auto",
    noise: bool | float = False,
    tol: float | None = None,
    n_fresh: int | Literal["auto"] = "auto",
    time_limit: float | None = None,
    batch_size: int = 8192,
    rng: np.random.Generator | int | None = None,
    callback: ProgressCallback | None = None,
) -> Identification:
    """Read the network ``y = A σ(W x + b) + L x + c`` off a box that answers questions.

    The function is linear between hyperplanes. They are found where it bends along a line, and
    their normal vectors from the gradients between. With one output that takes little more than one
    question a parameter; with several, fewer.

    Parameters
    ----------
    function : callable, torch module, scikit-learn estimator, path of an ONNX file, or Box
        The box: maps inputs (n, d) to answers (n,) or (n, m).
    n_inputs : int, optional
        d; may be left out where the box says it.
    n_neurons : int or "auto"
        Number of hidden neurons k, if it is known: another number is then noted. It is counted in
        any case.
    budget : int, optional
        Most questions. When they are spent, what has been read so far is returned.
    center, scale : float or (d,) array-like
        Where inputs usually are, and how far they spread: it is there that the network is checked
        at fresh points, standard normal ones in these units. Questions may be far outside.
    bounds : (low, high), optional
        Numbers or (d,) arrays; no question is asked outside. They replace ``center`` and
        ``scale``. Neurons that do not switch within them become part of L and c.
    link : str
        What stands between the network and the answers: "identity", "softmax" or "sigmoid"; "auto"
        is what the box says. Behind a softmax all outputs are known up to a common function:
        their mean is taken as zero.
    noise : bool or float
        Whether answers have independent noise: True, or its standard deviation, if that is known.
        Then questions at random are followed by those that tell most about W, and
        :func:`~pureneuron.recover` fits the network to all of them.
    tol : float, optional
        With noise: the largest standard error of an entry of W, rows of unit length, at which no
        more is asked. Without it the first certified fit is returned.
    n_fresh : int or "auto"
        Without noise: fresh questions at the end, on which the certificate rests. So many right
        answers say that less than 3 / n_fresh of the region is wrong, at a level of 95 %; "auto"
        asks 30, within bounds 100, or a twentieth of those before. Ask more to be surer.
    time_limit : float, optional
        Seconds after which no more is asked, and what has been read so far is returned.
    batch_size : int
        Most questions a call.
    rng : Generator, int or None
        Source of randomness (SPEC 7).
    callback : callable, optional
        Called with a :class:`~pureneuron.progress.Progress`; its ``iteration`` counts questions.

    Returns
    -------
    Identification
        A recovery, with the questions asked and the accuracy reached. What has been read is kept
        after Ctrl-C and the time limit, with the status NOT_CONVERGED, and when the budget is
        spent, with OUT_OF_BUDGET.

    Raises
    ------
    ValueError
        If an argument is out of range, or the answers have no shape to work with.
    TypeError
        If ``function`` is no box.
    """
    box = box_of(function)
    d = _n_inputs(box, n_inputs)
    check_arguments(
        n_neurons=n_neurons,
        budget=budget,
        link=link,
        noise=noise,
        tol=tol,
        n_fresh=n_fresh,
        time_limit=time_limit,
        batch_size=batch_size,
        callback=callback,
    )
    questions = Questions(
        box.function,
        Region.of(d, center, scale, bounds),
        box.link if link == "auto" else link,
        budget,
        batch_size,
        monitor=Monitor(callback, time_limit=time_limit),
    )
    generator = np.random.default_rng(rng)
    if noise:
        with using_cores(None):
            return _fitted(questions, box, n_neurons, noise=noise, tol=tol, rng=generator)
    run = Run(questions, generator, n_fresh)
    with using_cores(None):
        status, reason = run.ended()
        return run.identification(status, reason, box, n_neurons)


def _fitted(
    questions: Questions,
    box: Box,
    n_neurons: int | Literal["auto"],
    *,
    noise: float,
    tol: float | None,
    rng: np.random.Generator,
) -> Identification:
    """Read a box with noise by a fit."""
    if questions.link != "identity":
        raise ValueError(f"behind a {questions.link} noise cannot be fitted: give the outputs")
    try:
        fit = sampled(questions, n_neurons, tol=tol, rng=rng, monitor=questions.monitor)
    except OutOfQuestions:
        run = Run(questions, rng)
        reason = f"{questions.count} questions were asked, and a fit needs more"
        return run.identification(Status.OUT_OF_BUDGET, reason, box, n_neurons)
    except OutOfTime as limit:
        reason = f"ended by {limit} before there was a fit"
        return Run(questions, rng).identification(Status.NOT_CONVERGED, reason, box, n_neurons)
    except NotFinite as error:
        return Run(questions, rng).identification(Status.NOT_FINITE, str(error), box, n_neurons)
    values = {each.name: getattr(fit, each.name) for each in fields(fit)}
    status, reason = fit.status, fit.reason
    level = float(np.sqrt(fit.loss))
    if fit.certified and noise is not True and level > THRESHOLDS.beyond_noise * noise:
        status, reason = Status.MISFIT, f"the residual, {level:.3g}, is larger than the noise said"
    errors = fit.standard_errors
    if tol is not None and fit.certified and errors is not None and errors.W.max() > tol:
        status = Status.OUT_OF_BUDGET
        reason = f"the largest standard error of W is {errors.W.max():.3g}, and tol is {tol:g}"
    size = float(np.sqrt(np.mean(np.var(questions.kept()[1], axis=0)))) or 1.0
    values |= {"status": status, "reason": reason, "output_names": output_names(box, questions)}
    return Identification(
        **values, n_questions=questions.count, accuracy=level / size, rounding=level / size
    )


def _n_inputs(box: Box, n_inputs: int | None) -> int:
    if n_inputs is not None and not is_integer(n_inputs, 1):
        raise ValueError(f"n_inputs must be an integer of at least 1, got {n_inputs!r}")
    if n_inputs is None and box.n_inputs is None:
        raise ValueError(f"{box.name} does not say how many inputs it has: give n_inputs")
    if n_inputs is not None and box.n_inputs is not None and n_inputs != box.n_inputs:
        raise ValueError(f"{box.name} has {box.n_inputs} inputs, and n_inputs says {n_inputs}")
    d = box.n_inputs if n_inputs is None else n_inputs
    assert d is not None
    return d
