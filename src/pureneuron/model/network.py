"""The two-layer network as a value, and as a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import array_api_compat
import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from pureneuron.devices import is_on_device, native
from pureneuron.model.in_notebooks import network_as_html
from pureneuron.model.matching import NeuronMatch, match_neurons
from pureneuron.model.names import counted
from pureneuron.model.safetensors import read_tensors, write_tensors
from pureneuron.typing import AnyArray, Array

if TYPE_CHECKING:
    import torch
    from sklearn.neural_network import MLPClassifier, MLPRegressor

__all__ = ["TwoLayerNetwork", "load_network", "save_network"]

_FORMAT = "pureneuron.two_layer_network"
_REQUIRED = ("A", "W")
_OPTIONAL = ("hidden_bias", "output_bias", "linear")


@dataclass(frozen=True, eq=False, repr=False, init=False)
class TwoLayerNetwork:
    """A network ``y = A σ(W x + b) + L x + c`` with a (leaky) rectifier σ.

    Parameters
    ----------
    A : (m, k) array-like
        Output weights; column i is what neuron i contributes to the outputs.
    W : (k, d) array-like
        Input weights; row i is the direction that neuron i responds to.
    hidden_bias : (k,) array-like, optional
        ``b``; zero if left out.
    output_bias : (m,) array-like, optional
        ``c``; zero if left out.
    negative_slope : float
        Slope of σ on the negative side: 0 is the ReLU, 1 would be linear.
    linear : (m, d) array-like, optional
        ``L``, what goes from the inputs to the outputs without a neuron; zero if left out.

    Raises
    ------
    ValueError
        If the shapes do not fit together, or a weight is complex or not finite.
    """

    A: Array
    W: Array
    hidden_bias: Array
    output_bias: Array
    negative_slope: float
    linear: Array

    def __init__(
        self,
        A: ArrayLike,
        W: ArrayLike,
        hidden_bias: ArrayLike | None = None,
        output_bias: ArrayLike | None = None,
        negative_slope: float = 0.0,
        linear: ArrayLike | None = None,
    ) -> None:
        A, W = _frozen("A", A, 2), _frozen("W", W, 2)
        if A.shape[1] != W.shape[0]:
            raise ValueError(
                f"A has {A.shape[1]} columns and W has {W.shape[0]} rows: "
                "both must equal the number of neurons"
            )
        b = _frozen("hidden_bias", np.zeros(len(W)) if hidden_bias is None else hidden_bias, 1)
        c = _frozen("output_bias", np.zeros(len(A)) if output_bias is None else output_bias, 1)
        if len(b) != len(W):
            raise ValueError(f"hidden_bias has {len(b)} values; one per neuron, {len(W)}, expected")
        if len(c) != len(A):
            raise ValueError(f"output_bias has {len(c)} values; one per output, {len(A)}, expected")
        shape = (A.shape[0], W.shape[1])
        L = _frozen("linear", np.zeros(shape) if linear is None else linear, 2)
        if L.shape != shape:
            raise ValueError(f"linear has shape {L.shape}; outputs by inputs, {shape}, expected")
        _refuse_complex("negative_slope", negative_slope)
        slope = float(negative_slope)
        if not -1.0 < slope < 1.0:
            raise ValueError(f"negative_slope must lie between -1 and 1, got {slope}")
        arrays = {"A": A, "W": W, "hidden_bias": b, "output_bias": c, "linear": L}
        for name, value in (*arrays.items(), ("negative_slope", slope)):
            object.__setattr__(self, name, value)

    @property
    def n_inputs(self) -> int:
        """Number of inputs, d."""
        return int(self.W.shape[1])

    @property
    def n_neurons(self) -> int:
        """Number of hidden neurons, k."""
        return int(self.W.shape[0])

    @property
    def n_outputs(self) -> int:
        """Number of outputs, m."""
        return int(self.A.shape[0])

    def _repr_html_(self) -> str:
        return network_as_html(self)

    def __repr__(self) -> str:
        extras = "".join(
            f", {name}"
            for name, present in (
                ("hidden bias", self.hidden_bias.any()),
                ("output bias", self.output_bias.any()),
                ("linear part", self.linear.any()),
                (f"negative_slope={self.negative_slope:g}", self.negative_slope != 0.0),
            )
            if present
        )
        sizes = (
            counted(self.n_inputs, "input"),
            counted(self.n_neurons, "neuron"),
            counted(self.n_outputs, "output"),
        )
        return f"TwoLayerNetwork({', '.join(sizes)}{extras})"

    def hidden(self, X: ArrayLike | AnyArray) -> AnyArray:
        """Return the activations ``σ(W x + b)``, (n, k), for inputs ``X`` of shape (n, d).

        They are NumPy's, in double precision; those of inputs on a device (a CUDA tensor, an array
        of CuPy's) stay there, in the precision of the inputs.
        """
        X = self._inputs(X)
        W, b = _like(X, self.W, self.hidden_bias)
        Z = X @ W.T + b
        return array_api_compat.array_namespace(Z).where(Z > 0.0, Z, self.negative_slope * Z)

    def predict(self, X: ArrayLike | AnyArray) -> AnyArray:
        """Return the outputs, (n, m), for inputs ``X`` of shape (n, d), where :meth:`hidden` is."""
        X = self._inputs(X)
        A, c, L = _like(X, self.A, self.output_bias, self.linear)
        Y = self.hidden(X) @ A.T + c
        if self.linear.any():
            Y += X @ L.T
        return Y

    def _inputs(self, inputs: ArrayLike | AnyArray) -> AnyArray:
        """Return inputs as real numbers, one row a sample."""
        X: AnyArray = inputs
        if not is_on_device(X):
            _refuse_complex("X", X)
            X = np.asarray(X, dtype=np.float64)
        elif not array_api_compat.array_namespace(X).isdtype(X.dtype, "real floating"):
            raise ValueError(f"X is of type {X.dtype}: real floating numbers are expected")
        if X.ndim != 2 or X.shape[1] != self.n_inputs:
            raise ValueError(f"X has shape {tuple(X.shape)}; (n, {self.n_inputs}) is expected")
        return X

    def normalized(self) -> TwoLayerNetwork:
        """Return the same function in normal form: rows of W of unit length.

        A positive factor moves freely between row i of W (with its bias) and column i of A; the
        normal form puts it into A. A row of zeros stays as it is.
        """
        # Squares of numbers such as 1e-200 and 1e200 are none.
        largest = np.abs(self.W).max(axis=1, initial=0.0)
        largest[largest == 0.0] = 1.0
        length = largest * np.linalg.norm(self.W / largest[:, None], axis=1)
        length[length == 0.0] = 1.0
        return TwoLayerNetwork(
            A=self.A * length,
            W=self.W / length[:, None],
            hidden_bias=self.hidden_bias / length,
            output_bias=self.output_bias,
            negative_slope=self.negative_slope,
            linear=self.linear,
        )

    def permuted(self, order: ArrayLike) -> TwoLayerNetwork:
        """Return the network made of the neurons ``order``, in that order."""
        order = np.asarray(order, dtype=np.intp)
        return TwoLayerNetwork(
            A=self.A[:, order],
            W=self.W[order],
            hidden_bias=self.hidden_bias[order],
            output_bias=self.output_bias,
            negative_slope=self.negative_slope,
            linear=self.linear,
        )

    def turned_round(self, neurons: ArrayLike) -> TwoLayerNetwork:
        """Return the same function with some neurons turned round, and another linear part.

        ``σ(z) = (1 + s) z + σ(−z)`` for the slope s: beside a linear part nobody can tell which way
        round a neuron is.
        """
        chosen = np.zeros(self.n_neurons)
        chosen[np.asarray(neurons, dtype=np.intp)] = 1.0
        moved = (1.0 + self.negative_slope) * self.A * chosen
        sign = 1.0 - 2.0 * chosen
        return TwoLayerNetwork(
            A=self.A,
            W=self.W * sign[:, None],
            hidden_bias=self.hidden_bias * sign,
            output_bias=self.output_bias + moved @ self.hidden_bias,
            negative_slope=self.negative_slope,
            linear=self.linear + moved @ self.W,
        )

    def match(self, other: TwoLayerNetwork, metric: ArrayLike | None = None) -> NeuronMatch:
        """Pair the neurons of this network with those of ``other``.

        See :func:`pureneuron.model.match_neurons`, which does the work. Where one of the networks
        has a linear part, neurons are compared either way round.
        """
        if (self.n_inputs, self.n_outputs) != (other.n_inputs, other.n_outputs):
            raise ValueError(
                f"the networks differ in size: {self!r} against {other!r}; "
                "inputs and outputs must be the same"
            )
        either_way = bool(self.linear.any() or other.linear.any())
        return match_neurons(self.A, self.W, other.A, other.W, metric=metric, either_way=either_way)

    def save(self, path: str | Path) -> None:
        """Write the network to ``path`` as safetensors."""
        save_network(self, path)

    @classmethod
    def load(cls, path: str | Path) -> TwoLayerNetwork:
        """Read a network that :meth:`save` wrote."""
        return load_network(path)

    # Other libraries' models. Each is imported by who asks for it only.

    @classmethod
    def from_torch(cls, module: torch.nn.Module) -> TwoLayerNetwork:
        """Read the network of a PyTorch module.

        The module is read as it is in eval mode: linear layers around one ReLU or leaky ReLU, in a
        ``Sequential`` or in a ``forward`` of its own, beside them a linear part if there is one.
        It must take a matrix, (n, d); flattening is passed over.

        Parameters
        ----------
        module : torch.nn.Module
            The module. It stays as it is.

        Raises
        ------
        TypeError
            If it is no module.
        ValueError
            If it is no two-layer network; the message names the layer or node. A softmax or sigmoid
            at the end must be taken off.
        ImportError
            If torch is not installed.
        """
        from pureneuron.model.torch_format import read_module

        return cls(**read_module(module))

    def to_torch(self, *, dtype: str | torch.dtype = "float64") -> torch.nn.Module:
        """Return a PyTorch module that predicts the same.

        Parameters
        ----------
        dtype : str or torch.dtype
            Type of the parameters: float16, bfloat16, float32 or float64, which loses nothing.

        Returns
        -------
        torch.nn.Module
            ``Sequential(Linear, ReLU or LeakyReLU, Linear)``; with a linear part, a module whose
            ``hidden`` is that and whose ``skip`` is added to it.

        Raises
        ------
        ValueError
            If there is no such type, or a weight is too large for it.
        ImportError
            If torch is not installed.
        """
        from pureneuron.model.torch_format import make_module

        return make_module(vars(self), dtype)

    @classmethod
    def from_sklearn(cls, estimator: MLPRegressor | MLPClassifier) -> TwoLayerNetwork:
        """Read the network of a fitted ``MLPRegressor`` or ``MLPClassifier``.

        For a classifier, the network gives the logits: what stands before the softmax, or before
        the logistic function where there are two classes.

        Raises
        ------
        TypeError
            If it is none of the two.
        ValueError
            If it is not fitted, has not one hidden layer of ReLUs, or its predictions go through a
            function (a Poisson regression).
        """
        from pureneuron.model.sklearn_format import read_estimator

        return cls(**read_estimator(estimator))

    def to_sklearn(self) -> MLPRegressor:
        """Return a fitted ``MLPRegressor`` that predicts the same.

        Of one output it makes vectors, (n,), as scikit-learn does.

        Raises
        ------
        ValueError
            If the network has a linear part or a negative slope, which ``MLPRegressor`` has not.
        """
        from pureneuron.model.sklearn_format import make_estimator

        return make_estimator(vars(self))

    @classmethod
    def from_onnx(cls, path: str | Path) -> TwoLayerNetwork:
        """Read the network of an ONNX file.

        Its graph must have one input, (N, d) or flattened to that, and one output.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is not ONNX, or its graph is no two-layer network; the message names the
            node. A softmax or sigmoid at the end must be taken off.
        ImportError
            If onnx is not installed.
        """
        from pureneuron.model.onnx_format import read_onnx

        return cls(**read_onnx(path))

    def to_onnx(self, path: str | Path, *, dtype: DTypeLike = "float64") -> None:
        """Write the network as an ONNX model with the input ``x`` and the output ``y``.

        Parameters
        ----------
        path : str or Path
            Where to write. What stands there is kept until the new file is complete.
        dtype : str or dtype
            Type of weights, input and output: float64, which loses nothing, or float32, which more
            runtimes know.

        Raises
        ------
        ValueError
            If there is no such type, or a weight is too large for it.
        ImportError
            If onnx is not installed.
        """
        from pureneuron.model.onnx_format import write_onnx

        write_onnx(path, vars(self), dtype)


def save_network(
    network: TwoLayerNetwork, path: str | Path, metadata: dict[str, str] | None = None
) -> None:
    """Write ``network`` to ``path``, with further text ``metadata`` where given."""
    tensors = {name: getattr(network, name) for name in _REQUIRED + _OPTIONAL}
    tensors["negative_slope"] = np.array([network.negative_slope])
    write_tensors(path, tensors, {**(metadata or {}), "format": _FORMAT})


def load_network(path: str | Path) -> TwoLayerNetwork:
    """Read a network from ``path``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not safetensors, is cut short, or holds no two-layer network.
    """
    tensors = read_tensors(path)
    missing = [name for name in _REQUIRED if name not in tensors]
    if missing:
        held = ", ".join(sorted(tensors)) or "nothing"
        raise ValueError(
            f"{path} holds no two-layer network: {' and '.join(missing)} missing (it holds {held})"
        )
    slope = tensors.pop("negative_slope", np.zeros(1))
    try:
        if slope.size != 1:
            raise ValueError(f"negative_slope has {slope.size} values; one is expected")
        return TwoLayerNetwork(
            **{name: tensors[name] for name in _REQUIRED + _OPTIONAL if name in tensors},
            negative_slope=slope.item(),
        )
    except ValueError as error:
        raise ValueError(f"{path} holds no valid two-layer network: {error}") from error


def _frozen(name: str, value: ArrayLike, ndim: int) -> Array:
    _refuse_complex(name, value)
    array = np.array(value, dtype=np.float64)
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimensions, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds a value that is not finite")
    array.flags.writeable = False
    return array


def _like(X: AnyArray, *weights: Array) -> tuple[AnyArray, ...]:
    """Return weights as arrays like the inputs, in their library, place and precision."""
    if isinstance(X, np.ndarray):
        return weights
    xp = array_api_compat.array_namespace(X)
    return tuple(xp.astype(each, X.dtype) for each in native(weights, X))


def _refuse_complex(name: str, value: ArrayLike) -> None:
    if np.iscomplexobj(value):
        raise ValueError(f"{name} is complex; real numbers are expected")
