"""``pureneuron identify``: boxes, options, what is said, files and exit statuses."""

import json
import os
import shlex
import subprocess
import sys
from inspect import signature

import numpy as np
import pytest

from command_line import PYTHON, process
from networks import random_network
from pureneuron import TwoLayerNetwork, identify
from pureneuron.cli.identify import identify as identify_command
from pureneuron.cli.models import save_model
from pureneuron.cli.wording import in_options
from pureneuron.identify import box_of
from pureneuron.model import load_metadata
from pureneuron.results import Status

D, K, M = 4, 3, 5
TRUTH = random_network(0, d=D, k=K, m=M)

# A program without NumPy starts fast; it answers as TRUTH does.
PROGRAM = f"""
import sys
W = {TRUTH.W.tolist()}
b = {TRUTH.hidden_bias.tolist()}
A = {TRUTH.A.tolist()}
c = {TRUTH.output_bias.tolist()}
for line in sys.stdin:
    x = [float(cell) for cell in line.split(",")]
    h = [max(sum(v * u for v, u in zip(w, x)) + each, 0.0) for w, each in zip(W, b)]
    print(",".join(repr(sum(v * u for v, u in zip(a, h)) + each) for a, each in zip(A, c)))
"""


@pytest.fixture
def box(tmp_path):
    path = tmp_path / "box.safetensors"
    TRUTH.save(path)
    return path


@pytest.fixture
def program(tmp_path):
    """Make a program of Python code, and return the command that runs it."""

    def make(code):
        path = tmp_path / "box.py"
        path.write_text(code)
        return shlex.join([sys.executable, str(path)])

    return make


def assert_same(network, truth, tolerance=1e-7):
    """Assert that two networks have the same units, up to order and scale, and the same rest."""
    match = network.match(truth)
    assert not len(match.unmatched_left)
    assert not len(match.unmatched_right)
    left, right = network.normalized(), truth.normalized()
    for found, wanted in (
        (left.W[match.left], right.W[match.right]),
        (left.hidden_bias[match.left], right.hidden_bias[match.right]),
        (left.A[:, match.left], right.A[:, match.right]),
        (left.output_bias, right.output_bias),
        (left.linear, right.linear),
        (left.negative_slope, right.negative_slope),
    ):
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


# What it says


def test_identify_as_a_process(box, tmp_path):
    path = tmp_path / "model.safetensors"
    done = process("identify", box, "-o", path)
    assert (done.returncode, done.stderr) == (0, "")  # No progress where there is no terminal.
    assert done.stdout.startswith("RECOVERED: ")
    for part in (
        " questions, ",
        f" for each of {K * (D + 1) + K * M + M} parameters\n",
        "Largest difference ",
        "The box itself is exact to ",
        "\nLinear part: none\n",
        "\nNegative slope: 0\n",
        "largest of W",
        f"\nWrote the network to {path}\n",
    ):
        assert part in done.stdout
    assert "Behind a softmax" not in done.stdout
    network = TwoLayerNetwork.load(path)
    assert_same(network, TRUTH)
    for i in range(K):
        row = next(line for line in done.stdout.splitlines() if line.split()[:1] == [str(i)])
        j, at = np.abs(network.W[i]).argmax(), np.abs(network.A[:, i]).argmax()
        assert f"{network.hidden_bias[i]:.6g}" in row
        assert f"{network.W[i, j]:.6g} (x{j})" in row
        assert f"{network.A[at, i]:.6g} (y{at})" in row
    metadata = {
        name: json.loads(text) for name, text in load_metadata(path).items() if text[0] != "p"
    }
    assert metadata["status"] == "RECOVERED"
    assert metadata["n_questions"] > 0
    assert metadata["accuracy"] < 1e-6
    assert metadata["output_names"] == [f"y{j}" for j in range(M)]
    assert sorted(each.name for each in tmp_path.iterdir()) == [box.name, path.name]


def test_identify_prints_json(box):
    done = process("identify", box, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout)
    assert_same(TwoLayerNetwork(**record["network"]), TRUTH)
    again = identify(TRUTH, rng=0)
    assert record["n_questions"] == again.n_questions
    assert record["reason"] == again.reason
    assert record["accuracy"] == again.accuracy
    assert record["rounding"] == again.rounding
    assert record["n_fresh"] == again.n_fresh > 0
    assert (record["status"], record["certified"]) == ("RECOVERED", True)
    assert record["advice"].startswith("The network is identified")
    assert record["n_neurons"] == K
    assert record["n_parameters"] == K * (D + 1) + K * M + M
    assert record["questions_per_parameter"] == again.n_questions / record["n_parameters"]
    assert record["link"] == "identity"
    assert record["notes"] == record["warnings"] == []
    assert [stage["name"] for stage in record["stages"]] == [each.name for each in again.stages]
    assert 0 < sum(stage["figures"]["questions"] for stage in record["stages"]) <= again.n_questions
    assert record["seconds"] > 0
    assert record["model"] is None
    assert record["input_names"] == [f"x{j}" for j in range(D)]


def test_quiet_prints_the_status_alone(box, command):
    status, out, err = command("identify", box, "--quiet")
    assert (status, err) == (0, "")
    assert out.startswith("RECOVERED: ")
    assert out.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize(
    ("arguments", "drawn"), [((), True), (("--quiet",), False), (("--json",), False)]
)
def test_progress_is_drawn_on_a_terminal(program, arguments, drawn):
    reading, writing = os.openpty()
    try:
        # A program takes its time, so that there is a moment to draw.
        call = ["identify", "--command", program(PROGRAM), "-d", str(D), *arguments]
        done = subprocess.run(
            [sys.executable, "-m", "pureneuron", *call],
            stdout=subprocess.PIPE,
            stderr=writing,
            env={**os.environ, "TERM": "xterm"},
            timeout=120,
            check=False,
        )
        os.write(writing, b".")  # So that there is something to read.
        shown = os.read(reading, 1_000_000)
    finally:
        os.close(reading)
        os.close(writing)
    assert done.returncode == 0
    assert (len(shown) > 1) is drawn
    assert (b" questions" in shown) is drawn
    assert done.stdout.startswith(b"{" if "--json" in arguments else b"RECOVERED")


def test_one_output_is_listed_by_its_weight(tmp_path, command):
    truth = random_network(3, d=D, k=2, m=1)
    truth.save(tmp_path / "box.safetensors")
    status, out, _ = command("identify", tmp_path / "box.safetensors")
    assert status == 0
    assert "length of A" not in out
    record = json.loads(command("identify", tmp_path / "box.safetensors", "--json")[1])
    rows = [line.split() for line in out.splitlines()]
    for i, weight in enumerate(record["network"]["A"][0]):
        (row,) = (row for row in rows if row[:1] == [str(i)])
        assert row[-1] == f"{weight:.6g}"


def test_long_lists_of_neurons_are_cut(tmp_path, command):
    random_network(2, d=6, k=18, m=3).save(tmp_path / "box.safetensors")
    status, out, _ = command("identify", tmp_path / "box.safetensors")
    assert status == 0
    assert "\nand 2 neurons more, see --json\n" in out


def test_a_linear_part_and_a_slope(tmp_path, command):
    truth = random_network(1, d=D, k=2, m=M, slope=0.1)
    truth.save(tmp_path / "leaky.safetensors")
    status, out, _ = command("identify", tmp_path / "leaky.safetensors")
    assert status == 0
    assert "\nNegative slope: 0.1\n" in out
    assert "\nLinear part: none\n" in out
    random_network(1, d=D, k=2, m=M, linear=True).save(tmp_path / "skip.safetensors")
    status, out, _ = command("identify", tmp_path / "skip.safetensors")
    assert status == 0
    record = json.loads(command("identify", tmp_path / "skip.safetensors", "--json")[1])
    linear = np.array(record["network"]["linear"])
    j, i = np.unravel_index(np.abs(linear).argmax(), linear.shape)
    assert f"\nLinear part: largest {linear[j, i]:.6g} (x{i} of output y{j})\n" in out
    assert "\nNote: there is a linear part beside the neurons" in out
    assert len(record["notes"]) == 1


# Options


def test_options_default_to_those_of_the_library():
    defaults = {name: each.default for name, each in signature(identify).parameters.items()}
    options = {option.name: option for option in identify_command.params}
    for name in ("link", "batch_size", "n_neurons"):
        assert options[name].default == defaults[name]


def test_options_reach_the_library(box, command, monkeypatch):
    seen = {}

    def spy(source, **asked):
        seen.update(asked, name=source.name)
        raise ValueError("seen")

    monkeypatch.setattr("pureneuron.cli.identify.identify_box", spy)
    arguments = ("-k", 7, "--budget", 900, "--link", "sigmoid", "--batch-size", 12, "--seed", 5)
    arguments += ("--fresh", 300, "--time-limit", 60, "--noise-sd", 0.5)
    assert command("identify", box, *arguments, "--center", "-1,2,3,4", "--scale", "0.5")[0] == 2
    assert seen.pop("callback") is not None  # Where there is no terminal, lines are written.
    assert seen == {
        "name": str(box),
        "n_neurons": 7,
        "budget": 900,
        "center": (-1.0, 2.0, 3.0, 4.0),
        "scale": (0.5,),
        "link": "sigmoid",
        "batch_size": 12,
        "noise": 0.5,
        "n_fresh": 300,
        "time_limit": 60.0,
        "rng": 5,
    }
    seen.clear()
    assert command("identify", box, "-d", D, "--bounds", "-2,3")[0] == 2
    assert (seen["bounds"], seen["n_inputs"]) == ((-2.0, 3.0), D)
    assert "center" not in seen
    assert seen["noise"] is False
    assert command("identify", box, "--noise")[0] == 2
    assert seen["noise"] is True


def test_another_number_of_neurons_is_noted(box, command):
    status, out, _ = command("identify", box, "-k", K + 2)
    assert status == 0
    assert f"\nNote: {K + 2} neurons were asked for, and {K} are seen here\n" in out


def test_a_budget_that_is_too_small(box, tmp_path, command):
    path = tmp_path / "model.safetensors"
    arguments = ("identify", box, "--budget", 20)
    status, out, _ = command(*arguments, "-o", path)
    assert status == 1
    assert out.startswith("OUT_OF_BUDGET: ")
    assert out.splitlines()[1].endswith("Raise the budget.")
    assert "No fresh questions were asked" in out
    assert "\nNothing is saved, because nothing was read\n" in out
    assert not path.exists()
    status, out, _ = command(*arguments, "--json", "-o", path)
    record = json.loads(out)
    assert status == 1
    assert (record["status"], record["certified"]) == ("OUT_OF_BUDGET", False)
    assert record["accuracy"] is None
    assert record["model"] is None
    assert record["n_questions"] <= 20


def test_what_is_read_is_saved_though_it_is_not_recovered(tmp_path, command):
    # Fresh questions are the last: without them the network is read, and not certified.
    random_network(0, d=D, k=K, m=1).save(tmp_path / "box.safetensors")
    path = tmp_path / "model.safetensors"
    asked = json.loads(command("identify", tmp_path / "box.safetensors", "--json")[1])
    budget = asked["n_questions"] - asked["n_fresh"]
    arguments = ("--budget", budget, "-o", path)
    status, out, _ = command("identify", tmp_path / "box.safetensors", *arguments)
    assert status == 1
    assert f"\nWrote the network, which is NOT RECOVERED, to {path}\n" in out
    assert TwoLayerNetwork.load(path).n_neurons > 0
    metadata = load_metadata(path)
    assert json.loads(metadata["status"]) == "OUT_OF_BUDGET"
    assert json.loads(metadata["accuracy"]) is None


def test_the_names_of_a_model_are_kept(tmp_path, command):
    names = [f"stim_{j}" for j in range(D)], [f"rate_{j}" for j in range(M)]
    path, copy = tmp_path / "box.safetensors", tmp_path / "copy.safetensors"
    save_model(TRUTH, path, input_names=tuple(names[0]), output_names=tuple(names[1]))
    status, out, _ = command("identify", path, "-o", copy)
    assert status == 0
    assert " (stim_" in out
    assert " (rate_" in out
    metadata = load_metadata(copy)
    assert json.loads(metadata["input_names"]) == names[0]
    assert json.loads(metadata["output_names"]) == names[1]


# Programs


def test_a_program_is_read(program, command):
    arguments = ("identify", "--command", program(PROGRAM), "-d", D, "--json")
    status, out, err = command(*arguments)
    assert (status, err) == (0, "")
    record = json.loads(out)
    assert record["status"] == "RECOVERED"
    assert_same(TwoLayerNetwork(**record["network"]), TRUTH)


@pytest.mark.parametrize(
    ("code", "message", "options"),
    [
        ("import time; time.sleep(60)", "was not done within 0.3 s", ("--timeout", "0.3")),
        ("import sys; sys.exit('no paper')", "ended with exit status 1: no paper", ()),
        ("import os; os.kill(os.getpid(), 9)", "was ended by SIGKILL", ()),
        ("print('hello')", "answered with 0 lines after the line of names 'hello' to ", ()),
        ("for _ in open(0): print('1,n_inputs=3')", "'n_inputs=3' in line 1, which is no", ()),
    ],
)
def test_a_program_that_does_not_answer(program, refused, command, code, message, options):
    call = ("identify", "--command", program(code), "-d", D, *options)
    error = refused(*call)
    assert error.startswith("Error: the command ")
    assert message in error
    status, out, err = command(*call, "--json")
    assert (status, err) == (2, "")
    assert json.loads(out) == {"error": error.removeprefix("Error: ").rstrip("\n")}


def test_a_program_that_dies_on_the_way_leaves_no_file(program, tmp_path, refused):
    count = tmp_path / "count"
    code = f"""
import pathlib, sys
count = pathlib.Path({str(count)!r})
with count.open("a") as file:
    file.write(".")
if len(count.read_text()) > 3:
    sys.exit("worn out")
"""
    call = ("identify", "--command", program(code + PROGRAM), "-d", D, "-o", tmp_path / "m.onnx")
    error = refused(*call) if onnx_is_there() else refused(*call[:-2])
    assert "worn out" in error
    assert len(count.read_text()) == 5  # Tried twice.
    assert not (tmp_path / "m.onnx").exists()


def onnx_is_there():
    try:
        import onnx  # noqa: F401
    except ImportError:
        return False
    return True


# Boxes that are no such network


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("print(float('nan'))", "NOT_FINITE"),
        ("print(__import__('math').tanh(x) + x)", "NOT_PIECEWISE_LINEAR"),
    ],
)
def test_what_else_a_box_may_be(program, command, code, status):
    line = f"for line in open(0):\n    x = sum(map(float, line.split(',')))\n    {code}\n"
    call = ("identify", "--command", program(line), "-d", 2)
    exit_status, out, _ = command(*call)
    assert exit_status == 1
    assert out.startswith(f"{status}: ")
    assert in_options(Status[status].advice) in out
    assert not PYTHON.search(out)
    record = json.loads(command(*call, "--json")[1])
    assert record["status"] == status
    assert record["certified"] is False


def test_an_interrupt_before_anything_is_read(box, command, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pureneuron.cli.identify.identify_box", interrupted)
    status, out, err = command("identify", box)
    assert (status, out, err.strip()) == (130, "", "Error: interrupted")


# Bad usage


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give a box: the path of a file, or --command"),
        (("{box}", "--command", "cat"), "give one box"),
        (("--command", "cat"), "cat does not say how many inputs it has: give --n-inputs"),
        (("--command", "no-such-program", "-d", "3"), "there is no program 'no-such-program'"),
        (("--command", "", "-d", "3"), "command is empty"),
        (("{box}", "-d", "3"), "has 4 inputs, and --n-inputs says 3"),
        (("{box}", "-d", "0"), "'--n-inputs'"),
        (("{box}", "-k", "0"), "an integer of at least 1 or 'auto' is expected"),
        (("{box}", "--timeout", "3"), "--timeout is for --command"),
        (("--command", "cat", "-d", "1", "--timeout", "0"), "'--timeout'"),
        (("{box}", "--bounds", "1,-1"), "two numbers are expected, the lower one first"),
        (("{box}", "--bounds", "1"), "two numbers are expected, the lower one first"),
        (("{box}", "--bounds", "0,inf"), "finite numbers separated by commas"),
        (("{box}", "--bounds=-1,1", "--scale", "2"), "leave out --center and --scale"),
        (("{box}", "--center", "left"), "finite numbers separated by commas"),
        (("{box}", "--center", "1,2"), "center must be a number or 4 numbers"),
        (("{box}", "--scale", "-1"), "scale finite and positive"),
        (("{box}", "--budget", "0"), "'--budget'"),
        (("{box}", "--batch-size", "0"), "'--batch-size'"),
        (("{box}", "--link", "probit"), "'--link'"),
        (("{box}", "-o", "model.npz"), "the name must end in .safetensors or .onnx"),
        (("{box}", "-o", "no/model.safetensors"), "there is no folder no"),
        (("{box}", "-o", "{box}"), "exists and was kept; --force replaces it"),
        (("{box}", "-o", "{box}", "--force"), "is also the box to be read"),
        (("model.pkl",), "model.pkl: a box is an .onnx or a .safetensors file"),
        (("n_neurons.safetensors",), "there is no model file n_neurons.safetensors"),
        (("max_iter/n_inputs=3.onnx",), "there is no file max_iter/n_inputs=3.onnx"),
    ],
)
def test_bad_usage(box, refused, arguments, message):
    before = box.read_bytes()
    error = refused("identify", *(each.replace("{box}", str(box)) for each in arguments))
    assert message in error
    assert box.read_bytes() == before


def test_messages_of_the_library_are_in_the_words_of_the_command_line(box, command, monkeypatch):
    def refuse(*_, **__):
        raise ValueError("batch_size must be at least 1, n_inputs too (link='softmax', budget=3)")

    monkeypatch.setattr("pureneuron.cli.identify.identify_box", refuse)
    error = "--batch-size must be at least 1, --n-inputs too (--link softmax, --budget 3)"
    assert command("identify", box)[2] == f"Error: {error}\n"


def test_a_file_that_is_no_box(tmp_path, refused):
    path = tmp_path / "box.safetensors"
    path.write_bytes(b"nothing of the kind")
    assert f"{path} is not a readable safetensors model file" in refused("identify", path)


def test_a_missing_package_is_noticed_before_the_work(box, tmp_path, refused, monkeypatch):
    def refuse(*_, **__):
        pytest.fail("work started")

    monkeypatch.setattr("pureneuron.cli.models.find_spec", lambda _: None)
    monkeypatch.setattr("pureneuron.cli.identify.identify_box", refuse)
    error = refused("identify", box, "-o", tmp_path / "model.onnx")
    assert "pip install 'pureneuron[onnx]'" in error


# ONNX


@pytest.mark.extras
def test_from_an_onnx_file_to_another(tmp_path, command):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    path, copy = tmp_path / "box.onnx", tmp_path / "copy.onnx"
    TRUTH.to_onnx(path)
    status, out, _ = command("identify", path, "-o", copy, "--json")
    record = json.loads(out)
    assert (status, record["status"], record["model"]) == (0, "RECOVERED", str(copy))
    network = TwoLayerNetwork.from_onnx(copy)
    assert_same(network, TRUTH)
    X = np.random.default_rng(0).standard_normal((20, D))
    answers = box_of(copy).function(X)
    np.testing.assert_allclose(answers, TRUTH.predict(X), rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(record["network"]["W"], network.W, rtol=1e-15)


@pytest.mark.extras
def test_what_an_onnx_file_ends_in_is_the_link(tmp_path, command):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    path = tmp_path / "box.onnx"
    TRUTH.to_onnx(path)
    model = onnx.load(path)
    model.graph.node.append(onnx.helper.make_node("Softmax", ["y"], ["p"], axis=1))
    model.graph.output[0].name = "p"
    onnx.save(model, path)
    status, out, _ = command("identify", path)
    assert status == 0
    assert "\nBehind a softmax the outputs are known up to a function that all" in out
    record = json.loads(command("identify", path, "--json")[1])
    assert record["link"] == "softmax"
    centred = TwoLayerNetwork(
        TRUTH.A - TRUTH.A.mean(axis=0),
        TRUTH.W,
        TRUTH.hidden_bias,
        TRUTH.output_bias - TRUTH.output_bias.mean(),
    )
    assert_same(TwoLayerNetwork(**record["network"]), centred, tolerance=1e-6)


@pytest.mark.extras
def test_an_onnx_file_that_is_none(tmp_path, refused):
    pytest.importorskip("onnxruntime")
    path = tmp_path / "box.onnx"
    path.write_bytes(b"nothing of the kind")
    assert f"{path} is not a readable ONNX file" in refused("identify", path)
