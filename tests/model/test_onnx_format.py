"""ONNX files, read and written; graphs are built by hand, and onnxruntime's answers the oracle."""

import numpy as np
import pytest

from networks import differing, inputs, random_network
from pureneuron import TwoLayerNetwork

pytestmark = pytest.mark.extras

X = inputs()
NETWORK = random_network(0, d=4, k=3, m=2)
A, W, b, c = NETWORK.A, NETWORK.W, NETWORK.hidden_bias, NETWORK.output_bias
L, SCALE = random_network(1, d=4, m=2, linear=True).linear, np.array([0.5, 2.0, 1.0, 3.0])


@pytest.fixture
def onnx():
    pytest.importorskip("onnxruntime")
    return pytest.importorskip("onnx")


@pytest.fixture
def save(onnx, tmp_path):
    """Write a graph: nodes as (op, inputs, output, attributes), constants by name."""

    def make(nodes, constants, *, dtype="float32", shape=("n", 4), last=2, opset=17, **parts):
        helper = onnx.helper
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        tensors = [
            # Whole numbers and truth values are shapes and the like.
            onnx.numpy_helper.from_array(
                each if each.dtype.kind in "ib" else each.astype(dtype), name
            )
            for name, each in ((name, np.array(value)) for name, value in constants.items())
        ]
        graph = helper.make_graph(
            [
                helper.make_node(kind, operands.split(), output.split(), **dict(*attributes))
                for kind, operands, output, *attributes in nodes
            ],
            "graph",
            [helper.make_tensor_value_info(name, kind, shape) for name in parts.get("inputs", "x")],
            [
                helper.make_tensor_value_info(name, kind, ["n", last])
                for name in parts.get("outputs", "y")
            ],
            tensors,
        )
        for node in graph.node:
            node.name = parts.get("names", {}).get(node.output[0], "")
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8
        )
        path = tmp_path / "model.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return make


def answers(path, X, dtype="float32"):
    """Run a model file."""
    onnxruntime = pytest.importorskip("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (only,) = session.get_inputs()
    return session.run(None, {only.name: np.asarray(X, dtype)})[0].astype(np.float64)


def check_read(path, dtype="float32", shape=(-1, 4)):
    network = TwoLayerNetwork.from_onnx(path)
    expected = answers(path, X.reshape(shape), dtype)
    rel = {"float16": 1e-2, "float32": 1e-5, "float64": 1e-12}[dtype]
    assert network.predict(X) == pytest.approx(expected, rel=rel, abs=rel * abs(expected).max())
    return network


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("trans", [0, 1])
def test_gemm_is_read_either_way_round(save, dtype, trans):
    turn = np.asarray if trans else np.transpose
    path = save(
        [
            ("Gemm", "x W b", "z", {"transB": trans, "alpha": 0.5, "beta": -2.0}),
            ("Relu", "z", "h"),
            ("Gemm", "h A c", "y", {"transB": trans, "beta": 3.0}),
        ],
        {"W": turn(W), "b": b, "A": turn(A), "c": c[None]},
        dtype=dtype,
    )
    network = check_read(path, dtype)
    assert network.W == pytest.approx(0.5 * W, rel=1e-6)
    assert network.hidden_bias == pytest.approx(-2.0 * b, rel=1e-6)
    assert network.A == pytest.approx(A, rel=1e-6)
    assert network.output_bias == pytest.approx(3.0 * c, rel=1e-6)


# Nodes of graphs that are read, their constants, and what else `save` is told.
READ = {
    "no biases": (
        [("MatMul", "x Wt", "z"), ("Relu", "z", "h"), ("MatMul", "h At", "y")],
        {},
    ),
    "biases on either side": (
        [
            *(("MatMul", "x Wt", "p"), ("Add", "b p", "z"), ("Relu", "z", "h")),
            *(("MatMul", "h At", "q"), ("Add", "q c", "y")),
        ],
        {},
    ),
    "scaler, as scikit-learn's exporter writes it": (
        [
            *(("Sub", "x shift", "s"), ("Div", "s scale", "t"), ("Cast", "t", "u", {"to": 1})),
            *(("MatMul", "u Wt", "p"), ("Add", "p b", "z"), ("Relu", "z", "h")),
            *(("MatMul", "h At", "q"), ("Add", "q c", "r"), ("Reshape", "r form", "y")),
        ],
        {"form": [-1, 2]},
    ),
    "torch's traced exporter": (
        [
            *(("Flatten", "x", "f", {"axis": 1}), ("Gemm", "f W b", "z", {"transB": 1})),
            *(("LeakyRelu", "z", "h", {"alpha": 0.125}), ("Gemm", "h A c", "y", {"transB": 1})),
        ],
        {},
    ),
    "torch's exporter without folding": (
        [
            ("Constant", "", "root", {"value_float": 1.5}),
            *(("Transpose", "W", "T", {"perm": [1, 0]}), ("MatMul", "x T", "p")),
            *(("Add", "p b", "z"), ("Relu", "z", "h"), ("Identity", "A", "B")),
            *(("Gemm", "h B c", "o", {"transB": 1}), ("Div", "o root", "y")),
        ],
        {},
    ),
    "default slope": (
        [("Gemm", "x Wt b", "z"), ("LeakyRelu", "z", "h"), ("Gemm", "h At c", "y")],
        {},
    ),
    "learned slope": (
        [("Gemm", "x Wt b", "z"), ("PRelu", "z slope", "h"), ("Gemm", "h At", "y")],
        {"slope": [0.25, 0.25, 0.25]},
    ),
    "skip": (
        [
            *(("Gemm", "x Wt b", "z"), ("Relu", "z", "h"), ("Gemm", "h At c", "o")),
            *(("MatMul", "x Lt", "s"), ("Add", "s o", "y")),
        ],
        {},
    ),
    "skip as the third operand": (
        [
            *(("Gemm", "x Wt b", "z"), ("Relu", "z", "h"), ("Gemm", "x Lt c", "s")),
            ("Gemm", "h At s", "y", {"beta": -0.5}),
        ],
        {},
    ),
    "two branches": (
        [
            *(("Gemm", "x Wt b", "z"), ("Relu", "z", "h"), ("Gemm", "h At c", "o")),
            *(("MatMul", "x Lt", "s"), ("Relu", "s", "t"), ("Sub", "o t", "y")),
        ],
        {},
    ),
    "dropout, number, and a branch that is not used": (
        [
            *(("Softmax", "x", "unused"), ("Dropout", "x ratio off", "e")),
            *(("Gemm", "e Wt", "p"), ("Add", "p half", "z"), ("Relu", "z", "h")),
            *(("Gemm", "h At c", "o"), ("Mul", "half o", "y")),
        ],
        {"ratio": 0.5, "off": False, "half": 0.5},
    ),
    "shape kept by number of rows": (
        [
            *(("Shape", "x", "shape"), ("Gather", "shape zero", "n", {"axis": 0})),
            *(("Unsqueeze", "n axes", "m"), ("Concat", "m minus", "form", {"axis": 0})),
            *(("Reshape", "x form", "f"), ("Gemm", "f Wt b", "z"), ("Relu", "z", "h")),
            ("Gemm", "h At c", "y"),
        ],
        {"zero": 0, "axes": [0], "minus": [-1]},
    ),
}
WEIGHTS = {"W": W, "Wt": W.T, "b": b, "A": A, "At": A.T, "c": c, "Lt": L.T}
WEIGHTS |= {"shift": np.arange(4.0)[None], "scale": SCALE}


def used(nodes, constants):
    names = {name for _, operands, *_ in nodes for name in operands.split()}
    return {name: value for name, value in {**WEIGHTS, **constants}.items() if name in names}


@pytest.mark.parametrize("name", READ)
def test_graphs_of_two_layers_are_read(save, name):
    nodes, constants = READ[name]
    check_read(save(nodes, used(nodes, constants)))


@pytest.mark.parametrize("rows", ["n", 40])
@pytest.mark.parametrize("flatten", ["Flatten", "Reshape", "rows"])
def test_images_are_flattened(save, flatten, rows):
    node = {
        "Flatten": ("Flatten", "x", "f"),
        "Reshape": ("Reshape", "x form", "f"),
        "rows": ("Reshape", "x keep", "f"),
    }[flatten]
    nodes = [node, ("Gemm", "f Wt b", "z"), ("Relu", "z", "h"), ("Gemm", "h At", "y")]
    keep = [0, -1] if rows == "n" else [40, -1]
    path = save(nodes, used(nodes, {"form": [-1, 4], "keep": keep}), shape=(rows, 1, 2, 2))
    check_read(path, shape=(-1, 1, 2, 2))


def test_half_precision_is_read(save):
    nodes = [("Gemm", "x Wt b", "z"), ("Relu", "z", "h"), ("Gemm", "h At c", "y")]
    network = check_read(save(nodes, used(nodes, {}), dtype="float16"), "float16")
    assert np.array_equal(network.W, W.astype(np.float16))


def test_weights_that_are_cast_on_the_way_are_rounded(save, onnx):
    nodes = [
        *(("Cast", "Wt", "half", {"to": onnx.TensorProto.FLOAT16}),),
        *(("Cast", "half", "full", {"to": onnx.TensorProto.FLOAT}),),
        *(("Gemm", "x full", "z"), ("Relu", "z", "h"), ("Gemm", "h At", "y")),
    ]
    assert np.array_equal(check_read(save(nodes, used(nodes, {}))).W, W.astype(np.float16))


def test_inputs_of_an_unknown_number(save):
    nodes = [("Gemm", "x Wt b", "z"), ("Relu", "z", "h"), ("Gemm", "h At c", "y")]
    check_read(save(nodes, used(nodes, {}), shape=("n", "d")))


# Nodes before the output y, constants, what else `save` is told, and what the message must say.
HIDDEN = [("Gemm", "x Wt b", "z"), ("Relu", "z", "h"), ("Gemm", "h At c", "o")]
REFUSED = {
    "kind": ([("Gemm", "x Wt", "z"), ("Tanh", "z", "h"), ("Gemm", "h At", "y")], "Tanh that gives"),
    "softmax": ([*HIDDEN, ("Softmax", "o", "y")], "the Softmax that gives 'y': take it off"),
    "sigmoid": (
        [("Gemm", "x Wt", "z"), ("Sigmoid", "z", "h"), ("Gemm", "h At", "y")],
        "that gives 'h': Sigmoid is no part",
    ),
    "transA": ([("Gemm", "x Wt", "y", {"transA": 1})], r"Gemm that gives 'y': .*\(transA\)"),
    "deep": (
        [*HIDDEN, ("Relu", "o", "p"), ("Gemm", "p square", "y")],
        "the Relu that gives 'p': it is a second rectifier",
    ),
    "linear": ([("MatMul", "x Lt", "y")], "it has no ReLU"),
    "left": ([("MatMul", "Lt x", "y")], "the MatMul that gives 'y': it has a constant"),
    "product": ([*HIDDEN, ("MatMul", "x Lt", "s"), ("Mul", "o s", "y")], "the Mul that gives 'y'"),
    "rows": ([*HIDDEN, ("Add", "o square", "y")], r"the Add that gives 'y': .*shape \(2, 2\)"),
    "wider": (
        [("Gemm", "x Wt", "z"), ("Relu", "z", "h"), ("Gemm", "h thin", "o"), ("Add", "o c", "y")],
        "the Add that gives 'y': it adds 2 values to 1",
    ),
    "sizes": ([("Gemm", "x At", "y")], "the Gemm that gives 'y': it takes 3 values and gets 4"),
    "cast": ([*HIDDEN, ("Cast", "o", "y", {"to": 7})], "the Cast that gives 'y': .*INT64"),
    "flatten": ([*HIDDEN, ("Flatten", "o", "y", {"axis": 0})], r"the Flatten .*\(axis=0\)"),
    "reshape": ([*HIDDEN, ("Reshape", "o column", "y")], "Reshape that .*2 columns become 1"),
    "all rows": ([*HIDDEN, ("Reshape", "o rest", "y")], "Reshape .*2 columns become -1"),
    "sum of rows": (
        [("Shape", "x", "s"), ("Cast", "s", "t", {"to": 1}), *HIDDEN, ("Div", "o t", "y")],
        "the Div that gives 'y': it makes something else than a new shape",
    ),
    "dropout": (
        [*HIDDEN, ("Dropout", "o ratio on", "y")],
        "the Dropout that gives 'y': .*training mode",
    ),
    "zero": ([*HIDDEN, ("Div", "o none", "y")], "the Div that gives 'y': it divides by zero"),
    "slopes": (
        [("Gemm", "x Wt", "z"), ("PRelu", "z b", "h"), ("Gemm", "h At", "y")],
        "the PRelu that gives 'h': .*different slopes",
    ),
    "random": (
        [*HIDDEN, ("RandomNormal", "", "r", {"shape": [2]}), ("Add", "o r", "y")],
        "the RandomNormal that gives 'r'",
    ),
    "constant": ([("Identity", "square", "y")], "constant where"),
}
ODD = {"square": np.eye(2), "thin": np.ones((3, 1)), "column": [-1, 1], "rest": [1, -1]}
ODD |= {"ratio": 0.5, "on": True, "none": 0.0}


@pytest.mark.parametrize("name", REFUSED)
def test_other_graphs_are_refused_by_node(save, name):
    nodes, message = REFUSED[name]
    path = save(nodes, used(nodes, ODD))
    with pytest.raises(ValueError, match=f"model.onnx holds no two-layer network: .*{message}"):
        TwoLayerNetwork.from_onnx(path)


def test_nodes_are_called_by_their_names(save):
    nodes = [("Gemm", "x Wt", "z"), ("Tanh", "z", "h"), ("Gemm", "h At", "y")]
    path = save(nodes, used(nodes, {}), names={"h": "/1/Tanh"})
    with pytest.raises(ValueError, match=r"node '/1/Tanh' \(Tanh\): Tanh is no part"):
        TwoLayerNetwork.from_onnx(path)


def test_inputs_and_outputs_must_be_one_matrix(save):
    nodes = [("Gemm", "x Wt", "z"), ("Relu", "z", "h"), ("Gemm", "h At", "y")]
    constants = used(nodes, {})
    with pytest.raises(ValueError, match=r"it has 2 inputs \(x, v\)"):
        TwoLayerNetwork.from_onnx(save(nodes, constants, inputs="xv"))
    with pytest.raises(ValueError, match=r"it has 2 outputs \(y, h\)"):
        TwoLayerNetwork.from_onnx(save(nodes, constants, outputs="yh"))
    for shape in (("n", "a", 4), (4,), ()):
        with pytest.raises(ValueError, match=r"input 'x' has shape .*\(N, d\) is expected"):
            TwoLayerNetwork.from_onnx(save(nodes, constants, shape=shape))
    with pytest.raises(ValueError, match=r"Gemm that gives 'z': it takes inputs of several dim"):
        TwoLayerNetwork.from_onnx(save(nodes, constants, shape=("n", 3, 4)))
    half = [("Flatten", "x", "f", {"axis": 2}), ("Gemm", "f Wt", "y")]
    with pytest.raises(ValueError, match=r"Flatten that gives 'f': .*rows apart \(axis=2\)"):
        TwoLayerNetwork.from_onnx(save(half, used(half, {}), shape=("n", 3, 4)))


def test_files_that_are_not_onnx_are_refused(onnx, tmp_path):
    path = tmp_path / "model.onnx"
    with pytest.raises(FileNotFoundError, match="no model file"):
        TwoLayerNetwork.from_onnx(path)
    for content in (b"", b"not a model", NETWORK.W.tobytes()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"model\.onnx is not a readable ONNX file"):
            TwoLayerNetwork.from_onnx(path)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("slope", [0.0, 0.1, -0.3])
@pytest.mark.parametrize("linear", [False, True])
def test_written_networks_predict_the_same(onnx, tmp_path, dtype, slope, linear):
    network = random_network(3, slope=slope, linear=linear)
    path = tmp_path / "model.onnx"
    network.to_onnx(path, dtype=dtype)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    rel = 1e-5 if dtype == "float32" else 1e-12
    Y = network.predict(X)
    assert answers(path, X, dtype) == pytest.approx(Y, rel=rel, abs=rel * abs(Y).max())
    read = TwoLayerNetwork.from_onnx(path)
    if dtype == "float64":
        assert not differing(read, network)
    else:
        assert np.array_equal(read.A, network.A.astype(np.float32))
        assert read.negative_slope == np.float32(slope)


def test_files_are_written_whole_and_in_a_known_type(onnx, tmp_path):
    path = tmp_path / "model.onnx"
    large = TwoLayerNetwork(A=[[1e39]], W=[[1.0]])
    large.to_onnx(str(path), dtype=np.float64)
    before = path.read_bytes()
    for network, dtype, message in (
        (large, "float32", "A holds a value too large for float32"),
        (NETWORK, "float16", "dtype must be one of float32, float64, got 'float16'"),
        (NETWORK, "single precision", "dtype must be one of float32, float64"),
    ):
        with pytest.raises(ValueError, match=message):
            network.to_onnx(path, dtype=dtype)
    assert path.read_bytes() == before
    NETWORK.to_onnx(path)
    assert not differing(TwoLayerNetwork.from_onnx(path), NETWORK)
    assert [each.name for each in tmp_path.iterdir()] == ["model.onnx"]
