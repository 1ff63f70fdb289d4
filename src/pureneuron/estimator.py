"""The scikit-learn estimator: validate, call recover, set attributes."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal, Self

import array_api_compat
import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MultiOutputMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from pureneuron.devices import is_on_device, native, to_numpy
from pureneuron.inference import Errors
from pureneuron.moments import (
    SampleMoments,
    check_moments_serve,
    gather_moments,
    has_enough_rows,
    solve_moments,
)
from pureneuron.options import Init, NegativeSlope, NoiseCovariance, Options
from pureneuron.progress import ProgressCallback
from pureneuron.recover import recover
from pureneuron.recovery import Recovery
from pureneuron.results import Status
from pureneuron.samples import ArraySamples, Samples
from pureneuron.samples.frames import column_names
from pureneuron.samples.numbers import refuse_text_and_complex
from pureneuron.typing import AnyArray

__all__ = ["PureNeuronRegressor"]

_FLOATS = (np.float64, np.float32)
_OF_A_NETWORK = {
    *("recovery_", "network_", "components_", "mixing_", "linear_"),
    *("coefs_", "intercepts_", "loss_", "n_iter_"),
}


def _progress(
    verbose: int, callback: ProgressCallback | None
) -> AbstractContextManager[ProgressCallback | None]:
    """Draw progress if nobody else reports it and ``verbose`` asks for it."""
    if callback is not None or not verbose:
        return nullcontext(callback)
    # Rich is imported only where something is drawn.
    from pureneuron.display import progress_display

    return progress_display()


def _as_precise(values: AnyArray, inputs: AnyArray) -> AnyArray:
    """Return values in the precision of the inputs."""
    xp = array_api_compat.array_namespace(values)
    return xp.astype(values, inputs.dtype, copy=False)


class PureNeuronRegressor(
    MultiOutputMixin,
    RegressorMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Identifies the two-layer network ``y = A σ(W x + b) + L x + c`` behind samples.

    Parameters
    ----------
    n_neurons : int or "auto", default="auto"
        Number of hidden neurons. "auto" finds the least number whose fit leaves no trace in the
        residual.
    init : {"auto", "moments", "random"} or TwoLayerNetwork, default="auto"
        Where to start: the moment estimate (the paper), random starts, or a network; "auto" starts
        on a subsample of the rows, and goes on to the moments where that decides nothing.
    refine : bool, default=True
        Go on to the maximum-likelihood estimate. ``refine=False, init="moments"`` is the spectral
        estimate alone.
    fit_hidden_bias, fit_intercept : bool, default=False
        Whether to fit ``b`` and ``c``.
    fit_linear : bool, default=False
        Whether to fit a linear part L beside the neurons, which are known up to a turn then:
        ``σ(z) = z + σ(−z)``.
    negative_slope : float or "auto", default=0.0
        Slope of the rectifier on the negative side; "auto" fits it, the same for all neurons.
    noise_covariance : {"spherical", "full"}, default="spherical"
        "full" weights outputs whose noise is different or correlated by its inverse covariance.
    errors : {"auto", "iid", "robust", "serial"}, default="auto"
        What is assumed of the noise when standard errors and tests are made: independent rows of
        one law; independent rows, its size depending on the inputs; noise with memory, rows in
        order. "auto" takes the first that the data do not speak against.
    n_restarts : int or "auto", default="auto"
        Most random starts on all rows; they end as soon as the best minimum is confirmed.
    max_iter : int, default=200
        Most Gauss–Newton iterations a start.
    tol : float, default=1e-8
        Relative decrease of the loss that is not worth another iteration.
    time_limit : float or None, default=None
        Seconds after which the best network so far is kept, as it is.
    n_jobs : int or None, default=None
        Threads. None is all cores, or ``OMP_NUM_THREADS``, and one within a parallel loop of
        joblib; -1 is all cores in any case. The result is the same for any number.
    random_state : int, RandomState or None, default=None
        Seeds the random starts.
    verbose : int, default=0
        1 or more draws progress on standard error.

    Attributes
    ----------
    network_ : TwoLayerNetwork
        The estimate in normal form: unit rows of W.
    recovery_ : Recovery
        Status, advice, stage reports.
    components_ : (k, d) array
        W.
    mixing_ : (m, k) array
        A.
    linear_ : (m, d) array
        L; zero where none is fitted or found.
    coefs_, intercepts_ : list of arrays
        Weights and biases layer by layer, as in :class:`sklearn.neural_network.MLPRegressor`.
    loss_ : float
        Mean squared residual, weighted as the fit was; NaN after ``partial_fit``.
    n_iter_ : int
        Gauss–Newton iterations of the winning start.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from pureneuron import PureNeuronRegressor
    >>> from pureneuron.datasets import make_teacher
    >>> teacher = make_teacher(n_inputs=6, n_neurons=4, n_outputs=5, rng=0)
    >>> X = np.random.default_rng(1).standard_normal((500, 6))
    >>> est = PureNeuronRegressor(random_state=0).fit(X, teacher.predict(X))
    >>> est.recovery_.status.name
    'RECOVERED'
    >>> bool(est.network_.match(teacher).error_W < 1e-16)
    True
    """

    def __init__(
        self,
        n_neurons: int | Literal["auto"] = "auto",
        *,
        init: Init = "auto",
        refine: bool = True,
        fit_hidden_bias: bool = False,
        fit_intercept: bool = False,
        fit_linear: bool = False,
        negative_slope: NegativeSlope = 0.0,
        noise_covariance: NoiseCovariance = "spherical",
        errors: Errors = "auto",
        n_restarts: int | Literal["auto"] = "auto",
        max_iter: int = 200,
        tol: float = 1e-8,
        time_limit: float | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_neurons = n_neurons
        self.init = init
        self.refine = refine
        self.fit_hidden_bias = fit_hidden_bias
        self.fit_intercept = fit_intercept
        self.fit_linear = fit_linear
        self.negative_slope = negative_slope
        self.noise_covariance = noise_covariance
        self.errors = errors
        self.n_restarts = n_restarts
        self.max_iter = max_iter
        self.tol = tol
        self.time_limit = time_limit
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Identify the network behind inputs ``X`` (n, d) and outputs ``y`` (n, m) or (n,).

        Parameters
        ----------
        X : (n, d) array-like
            Inputs. A Dask array or data frame stays where it is
            (:meth:`pureneuron.samples.dask.DaskSamples.from_arrays`), and so does an array on a
            device: a CUDA tensor of PyTorch, an array of CuPy. With those, ``y`` is of their kind.
        y : (n, m) or (n,) array-like
            Outputs.
        sample_weight : (n,) array-like, optional
            Weights of the rows; a row of weight 2 counts as two rows.
        groups : (n,) array-like, optional
            Labels of sessions, trials or subjects: rows of one group may share noise.

        Warns
        -----
        ConvergenceWarning
            If the status is not RECOVERED; the text says why and what to try.
        UserWarning
            For each warning of the recovery: barely enough rows, asymmetric inputs that matter.
        """
        is_dask = hasattr(X, "__dask_graph__")
        make = self._dask_samples if is_dask else self._samples
        return self._fit(make(X, y, sample_weight, groups))

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Add rows to those of earlier calls, and identify the network from the moments of all.

        The rows are not kept: their moments are, which all add up. So the network is the moment
        estimate, that of ``init="moments", refine=False``, whatever these two say; the order of the
        calls does not matter. Fewer rows than unknowns leave the estimator without a network. The
        status is in ``recovery_``, and no warning is issued: more rows may come. :meth:`fit` and
        :func:`sklearn.base.clone` forget the moments.

        Parameters
        ----------
        X : (n, d) array-like
            Inputs.
        y : (n, m) or (n,) array-like
            Outputs; the first call decides on d and m.
        sample_weight : (n,) array-like, optional
            Weights of the rows, on one scale over all calls.

        Raises
        ------
        ValueError
            If the data are unusable or of another shape than before, or an option asks for what
            moments do not know: biases, a linear part, a slope that is fitted, or more neurons than
            inputs or outputs.
        """
        options = Options(**{each.name: getattr(self, each.name) for each in fields(Options)})
        check_moments_serve(options)
        before = getattr(self, "_moments", None)
        samples = self._samples(X, y, sample_weight, first=before is None)
        moments = replace(gather_moments(samples, n_jobs=self.n_jobs), parts=())
        if before is None:
            # A network of an earlier fit is not that of these rows.
            for name in _OF_A_NETWORK & set(vars(self)):
                delattr(self, name)
        self._moments: SampleMoments | None = moments if before is None else before + moments
        if has_enough_rows(self._moments, self.n_neurons):
            slope = float(self.negative_slope)
            self._set_attributes(
                solve_moments(self._moments, self.n_neurons, negative_slope=slope, rng=self._rng())
            )
        return self

    def _samples(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None = None,
        *,
        first: bool = True,
    ) -> ArraySamples:
        """Validate arrays; those of the ``first`` call decide on shapes and names."""
        if any(map(is_on_device, (X, y, sample_weight))):
            samples = ArraySamples(X, y, sample_weight, groups=groups)
            if first:
                self._remember_inputs(samples)
            return self._remembered(samples, is_vector=np.ndim(y) == 1, first=first)
        refuse_text_and_complex("X", X)
        refuse_text_and_complex("y", y)
        # Finiteness is checked later, by what names the row and the column.
        inputs, outputs = validate_data(
            self,
            X,
            y,
            reset=first,
            validate_separately=(
                {"dtype": _FLOATS, "ensure_all_finite": False},
                {"dtype": np.float64, "ensure_all_finite": False, "ensure_2d": False},
            ),
        )
        check_consistent_length(inputs, outputs, sample_weight, groups)
        names = getattr(self, "feature_names_in_", None)
        samples = ArraySamples(
            inputs,
            outputs,
            sample_weight,
            groups=groups,
            input_names=None if names is None else tuple(names),
            output_names=column_names(y),
        )
        return self._remembered(samples, is_vector=outputs.ndim == 1, first=first)

    def _remembered(self, samples: ArraySamples, *, is_vector: bool, first: bool) -> ArraySamples:
        """Remember the shapes of the first rows; refuse others later."""
        if first:
            self._is_vector, self._n_outputs = is_vector, samples.n_outputs
        elif samples.n_outputs != self._n_outputs:
            raise ValueError(
                f"y has {samples.n_outputs} output(s), and {self._n_outputs} in the first call of "
                "partial_fit"
            )
        return samples

    def fit_samples(
        self,
        samples: Samples,
        *,
        callback: ProgressCallback | None = None,
        checkpoint: str | Path | None = None,
    ) -> Self:
        """Identify the network behind samples from any source.

        Parameters
        ----------
        samples : Samples
            For instance from :func:`pureneuron.samples.read_samples`.
        callback : callable, optional
            Called with a :class:`pureneuron.progress.Progress` as the work goes on.
        checkpoint : str or Path, optional
            A folder in which each pass over the data is kept: a fit that was stopped goes on from
            there when it is started again. See :func:`pureneuron.recover`. With
            ``random_state=None`` the seed is drawn once, and kept as well.

        Notes
        -----
        Names of inputs other than x0, x1, … become ``feature_names_in_``.
        """
        self._is_vector = False
        self._remember_inputs(samples)
        return self._fit(samples, callback, checkpoint)

    def _dask_samples(self, X: Any, y: Any, sample_weight: Any, groups: Any) -> Samples:
        """Leave Dask arrays and frames where they are."""
        # Dask is imported only where it is used.
        from pureneuron.samples.dask import DaskSamples

        samples = DaskSamples.from_arrays(X, y, sample_weight, groups)
        self._is_vector = np.ndim(y) == 1
        self._remember_inputs(samples)
        return samples

    def _remember_inputs(self, samples: Samples) -> None:
        self.n_features_in_ = samples.n_inputs
        if samples.input_names != tuple(f"x{i}" for i in range(samples.n_inputs)):
            self.feature_names_in_ = np.array(samples.input_names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _fit(
        self,
        samples: Samples,
        callback: ProgressCallback | None = None,
        checkpoint: str | Path | None = None,
    ) -> Self:
        self._moments, rng = None, None
        if self.random_state is not None or checkpoint is None:
            rng = self._rng()
        with _progress(self.verbose, callback) as draw:
            recovery = recover(
                samples,
                **{option.name: getattr(self, option.name) for option in fields(Options)},
                rng=rng,
                callback=draw,
                checkpoint=checkpoint,
            )
        self._set_attributes(recovery)
        for warning in recovery.warnings:
            warnings.warn(warning, UserWarning, stacklevel=3)
        if recovery.status is not Status.RECOVERED:
            warnings.warn(
                f"{recovery.status.name}: {recovery.reason}. {recovery.advice}",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(check_random_state(self.random_state).randint(2**31))

    def _set_attributes(self, recovery: Recovery) -> None:
        network = recovery.network
        self.recovery_ = replace(recovery, call=f"{self!r}.fit(X, y)")
        self.network_ = network
        self.components_ = network.W
        self.mixing_ = network.A
        self.linear_ = network.linear
        self.coefs_ = [network.W.T, network.A.T]
        self.intercepts_ = [network.hidden_bias, network.output_bias]
        self.loss_ = recovery.loss
        self.n_iter_ = max(recovery.n_iter, 1)

    def predict(
        self, X: ArrayLike, return_std: bool = False
    ) -> AnyArray | tuple[AnyArray, AnyArray]:
        """Return the outputs, (n, m), or (n,) where a vector was fitted.

        Parameters
        ----------
        X : (n, d) array-like
            Inputs. Outputs for an array on a device are made there.
        return_std : bool
            Whether to return the standard errors of these outputs as well: how well the network is
            known there, without the noise of a new measurement.

        Raises
        ------
        ValueError
            If standard errors are asked for, and there are none.
        """
        inputs = self._validated(X)
        outputs = self._shaped(self.network_.predict(inputs), inputs)
        if not return_std:
            return outputs
        errors = self.recovery_.standard_errors
        if errors is None:
            raise ValueError(f"return_std=True: {self.recovery_.why_no_errors}")
        spread = native((errors.of_prediction(self.network_, to_numpy(inputs)),), inputs)[0]
        return outputs, self._shaped(spread, inputs)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination R² of predictions, as scikit-learn defines it."""
        arrays = (X, y, sample_weight)
        here: list[Any] = [to_numpy(M) if is_on_device(M) else M for M in arrays]
        return float(super().score(*here))

    def _shaped(self, outputs: AnyArray, inputs: AnyArray) -> AnyArray:
        outputs = _as_precise(outputs, inputs)
        return outputs[:, 0] if self._is_vector else outputs

    def transform(self, X: ArrayLike) -> AnyArray:
        """Return the hidden activations ``σ(W x + b)``, (n, k)."""
        inputs = self._validated(X)
        return _as_precise(self.network_.hidden(inputs), inputs)

    def _validated(self, X: ArrayLike) -> AnyArray:
        check_is_fitted(self)
        if is_on_device(X):
            return X
        refuse_text_and_complex("X", X)
        return validate_data(self, X, reset=False, dtype=_FLOATS)

    @property
    def _n_features_out(self) -> int:
        return self.network_.n_neurons

    def __sklearn_is_fitted__(self) -> bool:
        # Columns are known after the first rows of partial_fit, a network after enough.
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        # On a few dozen rows "auto" finds no sign of a second rectifier, and a linear output takes
        # two.
        tags.regressor_tags.poor_score = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
