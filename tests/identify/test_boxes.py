"""Sources of answers: each must give exactly what the thing itself computes."""

import fcntl
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pureneuron.datasets import make_teacher
from pureneuron.identify.boxes import Box, BoxError, box_of, command_box

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 3))
W, A = RNG.standard_normal((4, 3)), RNG.standard_normal((2, 4))
b, c = RNG.standard_normal(4), RNG.standard_normal(2)
Z = np.maximum(X @ W.T + b, 0.0) @ A.T + c


def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


# Functions, networks, and what is no box


def test_a_function_is_asked_as_it_is():
    def double(X):
        return 2.0 * X[:, 0]

    box = box_of(double)
    assert (box.n_inputs, box.link, box.name, box.output_names) == (
        None,
        "identity",
        "double",
        None,
    )
    assert (box.function(X) == 2.0 * X[:, 0]).all()
    assert box_of(box) is box
    assert box_of(partial(np.sum, axis=1)).name == "partial"


def test_a_network_is_asked_for_its_predictions():
    network = make_teacher(3, 4, 2, rng=0)
    box = box_of(network)
    assert (box.n_inputs, box.link) == (3, "identity")
    assert (box.function(X) == network.predict(X)).all()


@pytest.mark.parametrize("source", [None, 3, X, "model.safetensors", Path("box"), StandardScaler()])
def test_other_things_are_refused_with_what_is_accepted(source):
    with pytest.raises(TypeError, match=r"command_box|pass the method"):
        box_of(source)


def test_a_class_is_no_box():
    with pytest.raises(TypeError, match="class MLPRegressor is no box, an object of it may be"):
        box_of(MLPRegressor)


def test_extras_are_not_imported_for_nothing():
    program = (
        "import sys; from pureneuron.identify.boxes import box_of; box_of(len);"
        "sys.exit(', '.join({'torch', 'onnx', 'onnxruntime'} & {*sys.modules}) or None)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# scikit-learn


def fitted(estimator, y, X=X):
    # Few iterations: what the weights are does not matter. Warnings are errors here.
    return estimator.set_params(max_iter=3, solver="sgd", n_iter_no_change=1, tol=1e9).fit(X, y)


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_regressor_is_asked_for_its_predictions(outputs):
    y = Z[:, 0] if outputs == 1 else Z
    estimator = fitted(MLPRegressor(hidden_layer_sizes=4), y)
    box = box_of(estimator)
    assert (box.n_inputs, box.link, box.name) == (3, "identity", "MLPRegressor")
    assert (box.function(X) == estimator.predict(X)).all()
    assert np.shape(box.function(X)) == y.shape


def test_three_classes_are_probabilities_through_a_softmax():
    y = np.array(["blue", "green", "red"])[np.arange(20) % 3]
    estimator = fitted(MLPClassifier(4), y)
    box = box_of(estimator)
    assert (box.n_inputs, box.link, box.output_names) == (3, "softmax", ("blue", "green", "red"))
    assert (box.function(X) == estimator.predict_proba(X)).all()


def test_two_classes_are_the_probability_of_the_second():
    estimator = fitted(MLPClassifier(4), np.arange(20) % 2)
    box = box_of(estimator)
    assert (box.link, box.output_names) == ("sigmoid", ("1",))
    assert (box.function(X) == estimator.predict_proba(X)[:, 1]).all()


@pytest.mark.parametrize("wrapped", [False, True])
def test_two_labels_are_not_taken_for_two_classes(wrapped):
    labels = (X[:, :2] > 0.0).astype(int)
    estimator = fitted(MLPClassifier(4), labels)
    if wrapped:
        inner = make_pipeline(StandardScaler(), estimator)
        search = GridSearchCV(inner, {"mlpclassifier__alpha": [0.1]}, cv=2)
        estimator = search.fit(X, labels)
    box = box_of(estimator)
    assert (box.link, box.output_names) == ("sigmoid", ("0", "1"))
    assert (box.function(X) == estimator.predict_proba(X)).all()
    assert np.shape(box.function(X)) == (20, 2)


def test_a_classifier_for_each_label_is_asked_for_each():
    estimator = MultiOutputClassifier(LogisticRegression()).fit(X, (X[:, :2] > 0.0).astype(int))
    box = box_of(estimator)
    assert box.link == "sigmoid"
    assert (box.function(X)[:, 1] == estimator.predict_proba(X)[1][:, 1]).all()
    threes = MultiOutputClassifier(LogisticRegression()).fit(X, np.argsort(X)[:, :2])
    with pytest.raises(ValueError, match="several labels of more than two classes"):
        box_of(threes)


def test_a_classifier_without_probabilities_is_asked_for_its_decision_function():
    estimator = RidgeClassifier().fit(X, np.arange(20) % 3)
    box = box_of(estimator)
    assert box.link == "identity"
    assert (box.function(X) == estimator.decision_function(X)).all()


@pytest.mark.parametrize("libraries", [["pandas"], ["polars"], []])
def test_names_of_the_fit_are_given_to_the_estimator(libraries, monkeypatch):
    from pureneuron.identify.boxes import sklearn

    found = sklearn.find_spec
    monkeypatch.setattr(sklearn, "find_spec", lambda name: name in libraries and found(name))
    frame = pd.DataFrame(X, columns=["left", "right", "up"])
    estimator = fitted(MLPRegressor(hidden_layer_sizes=4), Z, frame)
    box = box_of(estimator)
    assert box.n_inputs == 3
    assert (box.function(X) == estimator.predict(frame)).all()


def test_a_pipeline_may_select_columns_by_their_names():
    frame = pd.DataFrame(X, columns=["left", "right", "up"])
    chosen = ColumnTransformer([("scale", StandardScaler(), ["up", "left"])])
    pipeline = make_pipeline(chosen, LinearRegression()).fit(frame, Z)
    box = box_of(pipeline)
    assert (box.n_inputs, box.name) == (3, "Pipeline")
    assert (box.function(X) == pipeline.predict(frame)).all()


@pytest.mark.parametrize("estimator", [MLPRegressor(), make_pipeline(MLPClassifier())])
def test_an_estimator_must_be_fitted(estimator):
    with pytest.raises(NotFittedError, match="not fitted"):
        box_of(estimator)


# Programs

LINES = "import sys; rows = [line.split(',') for line in sys.stdin];"


def python(program):
    # Without site packages it starts at once.
    return [sys.executable, "-I", "-S", "-c", program]


def test_numbers_go_to_a_program_and_back_to_the_last_bit():
    rng = np.random.default_rng(1)
    # All kinds of bits: every exponent, the least and the largest numbers, both zeros.
    numbers = rng.integers(0, 2**64, 3000, dtype=np.uint64).view(np.float64)
    numbers = numbers[np.isfinite(numbers)][:2900]
    ends = [5e-324, -5e-324, 1.7976931348623157e308, 0.1, -0.0, 0.0]
    X = np.append(numbers, ends * 4)[: (len(numbers) + 24) // 4 * 4].reshape(-1, 4)
    box = command_box(python("import sys; sys.stdout.write(sys.stdin.read())"), n_inputs=4)
    answers = box.function(X)
    assert answers.dtype == np.float64
    assert (answers.view(np.uint64) == np.ascontiguousarray(X).view(np.uint64)).all()
    assert (box.n_inputs, box.link, box.output_names) == (4, "identity", None)


def test_a_large_batch_fills_no_pipe():
    # It answers each row at once, so that both pipes are in use; a megabyte each way.
    program = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    X = np.random.default_rng(2).standard_normal((10_000, 5))
    assert (command_box(python(program)).function(X) == X).all()


def test_rows_are_written_as_csv_and_a_command_is_split_like_in_a_shell(tmp_path):
    script = tmp_path / "a box.py"
    script.write_text(
        f"{LINES}\nassert rows == [['1.0', '-2.5\\n'], ['0.1', '1e-300\\n']], rows\n"
        "assert sys.argv[1:] == ['two words', '$HOME;'], sys.argv\nprint(1)\nprint(2)"
    )
    box = command_box(f"{sys.executable} '{script}' \"two words\" '$HOME;'")
    answers = box.function(np.array([[1.0, -2.5], [0.1, 1e-300]]))
    assert answers.tolist() == [[1.0], [2.0]]
    assert command_box("sh -c 'exit 1'").name == "sh -c 'exit 1'"


@pytest.mark.parametrize(
    "answer",
    [
        "1,2\n3,4\n",
        "1,2\n3,4",
        "1, 2\r\n3, 4\r\n\r\n",
        "\ufeff1,2\n3,4\n",
        "y0,y1\n1,2\n3,4\n",
        '"a","b"\n"1",2\n3,4\n',
    ],
)
def test_answers_are_read_with_and_without_a_line_of_names(answer):
    box = command_box(python(f"import sys; sys.stdout.buffer.write({answer.encode()!r})"))
    assert box.function(X[:2]).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_nan_and_infinity_are_answers():
    box = command_box(python(r"print('nan\ninf\n-inf\nNaN')"))
    assert np.array_equal(
        box.function(X[:4]), [[np.nan], [np.inf], [-np.inf], [np.nan]], equal_nan=True
    )


def test_a_program_that_dies_once_is_asked_again(tmp_path):
    state = tmp_path / "state"
    program = (
        f"{LINES} import os\nfirst = not os.path.exists({str(state)!r})\n"
        f"open({str(state)!r}, 'a').write('started ')\nif first: sys.exit('out of luck')\n"
        "for row in rows: print(float(row[0]))"
    )
    box = command_box(python(program))
    assert (box.function(X)[:, 0] == X[:, 0]).all()
    assert state.read_text() == "started started "
    box.function(X)
    assert state.read_text() == "started started started "


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("print('warming up', file=sys.stderr); sys.exit('no licence')", "status 1: no licence"),
        ("sys.exit(3)", r"status 3 \(tried twice\)"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by SIGKILL"),
        ("print(1); print(2)", "answered with 2 lines to 3 rows"),
        ("print('y'); print(1); print(2)", "with 2 lines after the line of names 'y' to 3 rows"),
        ("[print(i) for i in range(4)]", "answered with 4 lines to 3 rows"),
        ("pass", "answered with 0 lines to 3 rows"),
        ("print('1,2\\n3,oops\\n5,6')", "'oops' in line 2, which is no number"),
        ("print('y,z\\n1,2\\n3,4\\n5,')", "'' in line 4, which is no number"),
        ("print('1,2\\n3\\n5,6')", "with 1 numbers in line 2, but with 2 in the first"),
    ],
)
def test_what_went_wrong_is_said(program, message, tmp_path):
    count = f"import sys; open({str(tmp_path / 'count')!r}, 'a').write('.')\n"
    box = command_box(python(count + program))
    with pytest.raises(BoxError, match=f"the command .*python.* {message}"):
        box.function(X[:3])
    assert (tmp_path / "count").read_text() == ".."


# A program that hangs with another that it started. Each holds a lock for as long as it lives.
HANGING = """
import fcntl, subprocess, sys, time
file = open(sys.argv[1], 'a')
fcntl.flock(file, fcntl.LOCK_SH)
if len(sys.argv) == 2:
    again = [sys.executable, '-I', '-S', '-c', PROGRAM, sys.argv[1], 'child']
    subprocess.Popen(again, close_fds=False)
    print('waiting for a sign', file=sys.stderr, flush=True)
else:
    file.write('started '); file.flush()
time.sleep(60)
"""


@pytest.fixture
def hanging(tmp_path):
    lock = tmp_path / "lock"
    program = f"PROGRAM = {HANGING!r}\n{HANGING}"
    return lock, [*python(program), str(lock)]


def is_released(lock):
    until = time.monotonic() + 10.0
    with open(lock) as file:
        while time.monotonic() < until:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.01)
            else:
                return True
    return False


def test_a_program_that_hangs_is_killed_with_what_it_started(hanging):
    lock, command = hanging
    message = r"was not done within 1 s: waiting for a sign; give it a longer timeout"
    with pytest.raises(BoxError, match=message):
        command_box(command, timeout=1.0).function(X)
    assert lock.read_text() == "started started "
    assert is_released(lock)


@pytest.fixture
def heeds_interrupts():
    """Shells have what they start in the background ignore them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_interrupts")
def test_an_interrupt_kills_the_program(hanging):
    lock, command = hanging
    main = threading.get_ident()

    def interrupt():
        until = time.monotonic() + 10.0
        while time.monotonic() < until and not (lock.exists() and lock.read_text()):
            time.sleep(0.01)
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    began = time.monotonic()
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        command_box(command).function(X)
    thread.join()
    assert time.monotonic() - began < 30.0
    # Once: an interrupt is no failure to try again after.
    assert lock.read_text() == "started "
    assert is_released(lock)


def test_a_program_that_cannot_be_started_is_refused(tmp_path):
    for command in ("", [], "'unbalanced"):
        with pytest.raises(ValueError, match="command"):
            command_box(command)
    with pytest.raises(ValueError, match="there is no program 'no-such-program'"):
        command_box("no-such-program --fast")
    script = tmp_path / "box"
    script.write_bytes(b"\x00\x01")
    script.chmod(0o755)
    with pytest.raises(BoxError, match="cannot be started"):
        command_box([str(script)]).function(X)


def test_arguments_of_commands_are_checked():
    for timeout in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="timeout must be a positive number"):
            command_box(python("pass"), timeout=timeout)
    with pytest.raises(ValueError, match="n_inputs must be at least 1, got 0"):
        command_box(python("pass"), n_inputs=0)


# PyTorch


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def module(torch, *end, dtype):
    first, second = torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)
    net = torch.nn.Sequential(first, torch.nn.ReLU(), second, *end).to(dtype)
    with torch.no_grad():
        for layer, weight, bias in ((first, W, b), (second, A, c)):
            layer.weight.copy_(torch.tensor(weight))
            layer.bias.copy_(torch.tensor(bias))
    return net


@pytest.mark.extras
@pytest.mark.parametrize(
    ("dtype", "least", "most"),
    [("float64", 0.0, 1e-14), ("float32", 1e-9, 1e-5), ("bfloat16", 1e-4, 0.1)],
)
def test_a_module_is_asked_in_its_own_type(torch, dtype, least, most):
    net = module(torch, dtype=getattr(torch, dtype))
    box = box_of(net)
    assert (box.n_inputs, box.link, box.name) == (3, "identity", "Sequential")
    fixed = X.copy()
    fixed.flags.writeable = False
    answers = box.function(fixed)
    assert isinstance(answers, np.ndarray)
    assert answers.dtype == np.float64
    assert least <= np.abs(answers - Z).max() < most
    assert all(each.grad is None for each in net.parameters())


@pytest.mark.extras
@pytest.mark.parametrize("fails", [False, True])
def test_the_modes_of_a_module_are_left_as_they_were(torch, fails):
    net = module(torch, torch.nn.BatchNorm1d(2), torch.nn.Dropout(0.9), dtype=torch.float64)
    net.train()
    net[3].eval()  # Frozen: training goes on with the others.
    modes = [part.training for part in net.modules()]
    with torch.no_grad():
        # As it is used: nothing dropped, the running means.
        wanted = net[3](net[:3](torch.tensor(X))).numpy()
    if fails:
        with pytest.raises(RuntimeError):
            box_of(net).function(X[:, :2])
    else:
        assert (box_of(net).function(X) == wanted).all()
    assert [part.training for part in net.modules()] == modes


@pytest.mark.extras
@pytest.mark.parametrize(
    ("name", "link", "wanted"),
    [
        ("Softmax", "softmax", softmax(Z)),
        ("LogSoftmax", "softmax", softmax(Z)),
        ("Sigmoid", "sigmoid", 1.0 / (1.0 + np.exp(-Z))),
        ("Tanh", "identity", np.tanh(Z)),
    ],
)
def test_the_end_of_a_module_is_its_link(torch, name, link, wanted):
    options = {"dim": 1} if "Softmax" in name else {}
    end = torch.nn.Sequential(getattr(torch.nn, name)(**options))
    box = box_of(module(torch, end, dtype=torch.float64))
    assert box.link == link
    assert box.function(X) == pytest.approx(wanted, abs=1e-14)


@pytest.mark.extras
def test_a_softmax_over_the_rows_is_no_link(torch):
    assert box_of(module(torch, torch.nn.Softmax(dim=0), dtype=torch.float32)).link == "identity"


@pytest.mark.extras
def test_modules_of_other_kinds(torch):
    class Pair(torch.nn.Module):
        def forward(self, x):
            return x, x

    class Rectifier(torch.nn.Module):
        def forward(self, x):
            return torch.relu(x[:, 0])

    with pytest.raises(TypeError, match="Pair answers with tuple"):
        box_of(Pair()).function(X)
    box = box_of(Rectifier())
    assert box.n_inputs is None
    assert box.function(X) == pytest.approx(np.maximum(X[:, 0], 0.0), abs=1e-6)
    with pytest.raises(TypeError, match="class Pair is no box"):
        box_of(Pair)


# ONNX


@pytest.fixture
def onnx():
    pytest.importorskip("onnxruntime")
    return pytest.importorskip("onnx")


def save(onnx, path, *end, real="FLOAT", shape=("n", 3), inputs=("x",), outputs=("y",)):
    """Write the network with nodes ``end`` after it; ``(type, options)``, the last makes y."""
    make, real = onnx.helper, getattr(onnx.TensorProto, real)
    dtype = make.tensor_dtype_to_np_dtype(real)
    weights = {"W": W.T, "b": b, "A": A.T, "c": c, "flat": np.array([-1, 3])}
    nodes = [
        make.make_node("Reshape", ["x", "flat"], ["rows"]),
        make.make_node("Gemm", ["rows", "W", "b"], ["z"]),
        make.make_node("Relu", ["z"], ["h"]),
        make.make_node("Gemm", ["h", "A", "c"], ["y" if not end else "y0"]),
    ]
    for i, (kind, options) in enumerate(end):
        name = "y" if i + 1 == len(end) else f"y{i + 1}"
        nodes.append(make.make_node(kind, [f"y{i}"], [name], **options))
    nodes.append(make.make_node("ArgMax", ["y"], ["label"], axis=1, keepdims=0))
    integers = onnx.TensorProto.INT64
    forms = {"y": (real, [shape[0], 2]), "label": (integers, [shape[0]])}
    graph = make.make_graph(
        nodes,
        "network",
        [make.make_tensor_value_info(name, real, shape) for name in inputs],
        [make.make_tensor_value_info(name, *forms[name]) for name in outputs],
        [
            onnx.numpy_helper.from_array(
                value.astype(np.int64 if name == "flat" else dtype, order="C"), name
            )
            for name, value in weights.items()
        ],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


@pytest.mark.extras
@pytest.mark.parametrize(("real", "least", "most"), [("FLOAT", 1e-9, 1e-5), ("DOUBLE", 0.0, 1e-14)])
@pytest.mark.parametrize("shape", [("n", 3), (1, 3), (7, 3), (20, 3), ("n", 1, 3), ("n", "d")])
def test_a_graph_is_asked_in_its_type_and_shape(onnx, tmp_path, real, least, most, shape):
    path = save(onnx, tmp_path / "box.ONNX", real=real, shape=shape)
    box = box_of(str(path))
    assert (box.n_inputs, box.link) == (None if shape[1] == "d" else 3, "identity")
    assert box.name == str(path)
    answers = box.function(X)
    assert answers.dtype == np.float64
    assert answers.shape == (20, 2)
    assert least <= np.abs(answers - Z).max() < most
    assert box.function(X[:1]) == pytest.approx(answers[:1], abs=most)


@pytest.mark.extras
@pytest.mark.parametrize(
    ("end", "link", "wanted"),
    [
        ([("Softmax", {"axis": 1})], "softmax", softmax(Z)),
        ([("LogSoftmax", {})], "softmax", softmax(Z)),
        ([("Softmax", {"axis": 0})], "identity", softmax(Z.T).T),
        ([("Sigmoid", {}), ("Identity", {})], "sigmoid", 1.0 / (1.0 + np.exp(-Z))),
        ([("Sigmoid", {}), ("Tanh", {})], "identity", np.tanh(1.0 / (1.0 + np.exp(-Z)))),
    ],
)
def test_the_end_of_a_graph_is_its_link(onnx, tmp_path, end, link, wanted, monkeypatch):
    path = save(onnx, tmp_path / "box.onnx", *end, real="DOUBLE")
    box = box_of(path)
    assert box.link == link
    assert box.function(X) == pytest.approx(wanted, abs=1e-14)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert box_of(path).link == "identity"


@pytest.mark.extras
def test_labels_are_not_the_answer(onnx, tmp_path):
    path = save(onnx, tmp_path / "both.onnx", real="DOUBLE", outputs=("label", "y"))
    assert box_of(path).function(X) == pytest.approx(Z, abs=1e-13)
    path = save(onnx, tmp_path / "labels.onnx", outputs=("label",))
    with pytest.raises(ValueError, match=r"no output of real numbers \(it has label: tensor\(int"):
        box_of(path)


@pytest.mark.extras
def test_graphs_that_cannot_be_asked_are_refused(onnx, tmp_path):
    path = save(onnx, tmp_path / "two.onnx", inputs=("x", "u"))
    with pytest.raises(ValueError, match=r"has 2 inputs \(x, u\); one matrix is expected"):
        box_of(path)
    path = save(onnx, tmp_path / "vector.onnx", shape=(3,))
    with pytest.raises(ValueError, match=r"x of .* is tensor\(float\) of shape \[3\]; a matrix"):
        box_of(path)
    (tmp_path / "text.onnx").write_text("no graph")
    with pytest.raises(ValueError, match="is not a readable ONNX file"):
        box_of(tmp_path / "text.onnx")


def test_an_onnx_file_must_be_there_and_needs_its_extra(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*box\.onnx"):
        box_of(tmp_path / "box.onnx")
    (tmp_path / "box.onnx").touch()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"pip install 'pureneuron\[onnx\]'"):
        box_of(tmp_path / "box.onnx")


def test_a_box_is_a_value():
    box = Box(len, 3, "identity", "box", None)
    with pytest.raises(AttributeError):
        box.link = "softmax"
