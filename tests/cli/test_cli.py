"""The command line, run as a process where its process matters: streams, exit statuses, files."""

import json
import os
import subprocess
import sys
from html import unescape

import numpy as np
import pytest

from command_line import PYTHON, process
from pureneuron import TwoLayerNetwork
from pureneuron.cli.terminal import json_ready
from pureneuron.cli.wording import in_options
from pureneuron.datasets import make_teacher
from pureneuron.model import load_metadata
from pureneuron.results import Status
from pureneuron.samples import Stacked, read_samples, write_table

D, K, M, N = 12, 3, 4, 600
TEACHER = make_teacher(n_inputs=D, n_neurons=K, n_outputs=M, rng=0)


def columns(n=N, *, noise=0.01, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, D))
    Y = TEACHER.predict(X) + noise * rng.standard_normal((n, M))
    return {f"x{j}": X[:, j] for j in range(D)} | {f"y{j}": Y[:, j] for j in range(M)}


@pytest.fixture
def samples(tmp_path):
    path = tmp_path / "samples.parquet"
    write_table(path, columns())
    return path


@pytest.fixture
def model(tmp_path, samples, command):
    path = tmp_path / "model.safetensors"
    assert command("fit", samples, "-k", K, "-o", path, "--quiet")[0] == 0
    return path


# fit


def test_fit_as_a_process(samples, tmp_path):
    path = tmp_path / "model.safetensors"
    done = process("fit", samples, "-k", K, "-o", path)
    assert done.returncode == 0
    assert done.stderr == ""  # No progress where there is no terminal.
    assert done.stdout.startswith("RECOVERED: ")
    for part in ("multistart", "Mean squared residual", f"Wrote the network to {path}"):
        assert part in done.stdout
    network = TwoLayerNetwork.load(path)
    assert network.match(TEACHER).error_W < 1e-3
    metadata = load_metadata(path)
    assert json.loads(metadata["input_names"]) == [f"x{j}" for j in range(D)]
    assert json.loads(metadata["output_names"]) == [f"y{j}" for j in range(M)]
    assert json.loads(metadata["status"]) == "RECOVERED"
    assert json.loads(metadata["loss"]) == pytest.approx(1e-4, rel=0.1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.safetensors", "samples.parquet"]


def test_fit_prints_json(samples):
    done = process("fit", samples, "--json")
    assert done.returncode == 0
    assert done.stderr == ""
    record = json.loads(done.stdout)
    assert record["status"] == "RECOVERED"
    assert record["certified"] is True
    assert record["model"] is None
    assert record["input_names"] == [f"x{j}" for j in range(D)]
    assert record["stages"][0]["name"] == "data"
    network = TwoLayerNetwork(record["network"]["A"], record["network"]["W"])
    assert network.match(TEACHER).error_A < 1e-3


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize(("arguments", "drawn"), [((), True), (("--quiet",), False)])
def test_progress_is_drawn_on_a_terminal(samples, arguments, drawn):
    reading, writing = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pureneuron", "fit", str(samples), "-k", str(K), *arguments],
            stdout=subprocess.PIPE,
            stderr=writing,
            env={**os.environ, "TERM": "xterm"},
            timeout=120,
            check=False,
        )
        os.write(writing, b".")  # So that there is something to read.
        shown = os.read(reading, 100_000)
    finally:
        os.close(reading)
        os.close(writing)
    assert done.returncode == 0
    assert (len(shown) > 1) is drawn
    assert done.stdout.startswith(b"RECOVERED")


def test_every_format_gives_the_same_network(tmp_path, command):
    found = {}
    table = columns()
    matrix = np.column_stack(list(table.values()))
    for ending in ("parquet", "csv", "npz", "npy"):
        write_table(tmp_path / f"samples.{ending}", table)
        found[ending] = ("fit", tmp_path / f"samples.{ending}", "-k", K)
    np.save(tmp_path / "plain.npy", matrix)
    found["plain"] = ("fit", tmp_path / "plain.npy", "-k", K, "--inputs", f"0:{D}")
    networks = []
    for arguments in found.values():
        status, out, _ = command(*arguments, "--json")
        assert status == 0
        record = json.loads(out)["network"]
        networks.append(TwoLayerNetwork(record["A"], record["W"]))
    for other in networks[1:]:
        match = other.match(networks[0])
        assert max(match.error_A, match.error_W) < 1e-16


def test_columns_come_in_natural_order(tmp_path, command):
    table = columns()
    shuffled = {name: table[name] for name in sorted(table, reverse=True)}
    path = tmp_path / "samples.csv"
    write_table(path, shuffled)
    record = json.loads(command("fit", path, "-k", K, "--json")[1])
    assert record["input_names"] == [f"x{j}" for j in range(D)]
    network = TwoLayerNetwork(record["network"]["A"], record["network"]["W"])
    assert network.match(TEACHER).error_W < 1e-3


def test_columns_can_be_named_and_weighted(tmp_path, command):
    table = {name.replace("x", "stim_").replace("y", "rate_"): c for name, c in columns().items()}
    rate = table["rate_0"].copy()
    rate[::7] += 100.0
    weight = np.ones(N)
    weight[::7] = 0.0
    path = tmp_path / "samples.parquet"
    write_table(path, {**table, "rate_0": rate, "w": weight})
    arguments = ("--inputs", "stim_*", "--outputs", "rate_*", "--weight", "w")
    status, out, _ = command("fit", path, "-k", K, *arguments, "--json")
    assert status == 0
    record = json.loads(out)
    assert record["output_names"] == ["rate_0", "rate_1", "rate_2", "rate_3"]
    network = TwoLayerNetwork(record["network"]["A"], record["network"]["W"])
    assert network.match(TEACHER).error_W < 1e-3


def test_a_column_of_groups(tmp_path, command, refused):
    labels = np.repeat(np.arange(60), 10)
    path = tmp_path / "samples.parquet"
    write_table(path, columns() | {"x99": labels, "day": [f"day {i}" for i in labels]})
    for column in ("day", "x99"):
        arguments = ("--groups", column, "--inputs", f"0:{D}", "--json")
        status, out, _ = command("fit", path, "-k", K, *arguments)
        assert status == 0
        record = json.loads(out)
        assert record["input_names"] == [f"x{j}" for j in range(D)]
        inference = next(each for each in record["stages"] if each["name"] == "inference")
        assert inference["figures"]["errors"] == "groups"
        assert record["standard_errors"]["kind"] == "groups"
        assert record["standard_errors"]["freedom"] == 60 - 1
    status, out, _ = command("fit", path, "-k", K, "--groups", "x99", "--json")
    assert json.loads(out)["input_names"] == [f"x{j}" for j in range(D)]
    assert "asked for as groups" in refused("fit", path, "--groups", "session")
    write_table(path, columns() | {"day": ["", *("day" for _ in range(N - 1))]}, force=True)
    error = refused("fit", path, "--groups", "day")
    assert f"column day of {path} has no label in row 0 (rows count from 0)" in error


def test_the_groups_reach_the_fit(samples, tmp_path, command, monkeypatch):
    seen = []

    def spy(data, **options):
        seen.append(data.reduce(lambda batch: {"group": Stacked(batch.extra["group"])})["group"])
        raise ValueError("seen")

    monkeypatch.setattr("pureneuron.cli.fit.recover", spy)
    path = tmp_path / "groups.csv"
    write_table(path, columns() | {"day": np.repeat(["b", "a"], N // 2)})
    assert command("fit", path, "--groups", "day")[0] == 2
    assert seen[0].tolist() == [1] * (N // 2) + [0] * (N // 2)


def test_options_reach_the_fit(samples, command):
    record = json.loads(
        command("fit", samples, "-k", K, "--hidden-bias", "--intercept", "--json")[1]
    )
    assert any(record["network"]["hidden_bias"])
    assert any(record["network"]["output_bias"])
    record = json.loads(
        command("fit", samples, "-k", K, "--no-refine", "--negative-slope", "0.1", "--json")[1]
    )
    assert record["n_iter"] == 0
    assert record["network"]["negative_slope"] == 0.1
    record = json.loads(command("fit", samples, "-k", K, "--negative-slope", "auto", "--json")[1])
    assert abs(record["network"]["negative_slope"]) < 0.05
    assert record["standard_errors"]["negative_slope"] > 0.0


def test_standard_errors_are_printed(samples, command):
    arguments = ("fit", samples, "-k", K, "--errors", "robust")
    status, out, _ = command(*arguments)
    assert status == 0
    table = out[out.index("Standard errors (robust)") :]
    record = json.loads(command(*arguments, "--json")[1])["standard_errors"]
    for a in range(K):
        row = next(line for line in table.splitlines() if line.split()[:1] == [str(a)])
        errors = np.array(record["W"][a])
        assert row.split()[1:3] == [f"{np.median(errors):.2g}", f"{errors.max():.2g}"]
        assert f"(x{errors.argmax()})" in row
    assert "bias" not in table.lower()
    assert "Standard errors" not in command(*arguments, "--quiet")[1]
    biased = command(*arguments, "--hidden-bias", "--intercept", "--negative-slope", "auto")[1]
    for shown in ("bias", *(f"Bias of output y{j}: " for j in range(M)), "Negative slope: "):
        assert shown in biased
    assert biased.count(" ± ") == K + M + 2  # The report of the slope has one, too.


def test_errors_and_intervals_in_json(samples, command):
    record = json.loads(command("fit", samples, "-k", K, "--errors", "iid", "--json")[1])
    assert np.isfinite(record["bic"])
    errors, intervals = record["standard_errors"], record["intervals"]
    assert (errors["kind"], intervals["level"]) == ("iid", 0.95)
    assert errors["freedom"] == pytest.approx(N * M - K * (D + M - 1))
    for name in ("A", "W"):
        value, error = np.array(record["network"][name]), np.array(errors[name])
        assert error.shape == value.shape
        ends = np.array(intervals[name])
        assert ends == pytest.approx(
            np.stack([value - 1.961 * error, value + 1.961 * error], axis=-1), abs=1e-5
        )
    for name, size in (("hidden_bias", K), ("output_bias", M)):
        assert errors[name] == [0.0] * size
    # The moment estimate has none.
    record = json.loads(command("fit", samples, "-k", K, "--no-refine", "--json")[1])
    assert record["standard_errors"] is None
    assert record["intervals"] is None


def test_what_is_undetermined_is_null_in_json(tmp_path, command):
    path = tmp_path / "samples.parquet"
    table = columns()
    write_table(path, table | {f"x{D}": table["x0"]})
    out = command("fit", path, "-k", K)[1]
    assert "undetermined (x0, x12)" in out
    record = json.loads(command("fit", path, "-k", K, "--json")[1])
    for errors, intervals in zip(
        record["standard_errors"]["W"], record["intervals"]["W"], strict=True
    ):
        assert [j for j, error in enumerate(errors) if error is None] == [0, D]
        assert intervals[0] == [None, None]


def test_long_lists_of_neurons_are_cut(tmp_path, command):
    rng = np.random.default_rng(0)
    teacher = make_teacher(n_inputs=20, n_neurons=18, n_outputs=18, rng=0)
    X = rng.standard_normal((4000, 20))
    Y = teacher.predict(X) + 0.01 * rng.standard_normal((4000, 18))
    path = tmp_path / "samples.npz"
    np.savez(path, X=X, Y=Y)
    status, out, _ = command("fit", path, "-k", 18)
    assert status == 0
    assert "\nand 2 neurons more, see --json\n" in out


def test_a_fit_that_is_not_recovered_exits_1_and_is_saved(samples, tmp_path):
    path = tmp_path / "model.safetensors"
    arguments = ("--init", "random", "--max-iter", 1, "--restarts", 1)
    done = process("fit", samples, "-k", K, "-o", path, *arguments)
    assert done.returncode == 1
    assert done.stdout.startswith("NOT_CONVERGED: ")
    assert "raise --max-iter" in done.stdout
    assert "(in Python: init=network)" in done.stdout
    assert f"Wrote the network, which is NOT RECOVERED, to {path}" in done.stdout
    assert json.loads(load_metadata(path)["status"]) == "NOT_CONVERGED"


def test_quiet_prints_the_status_alone(samples, command):
    status, out, err = command("fit", samples, "-k", K, "--quiet")
    assert (status, err) == (0, "")
    assert out.startswith("RECOVERED: ")
    assert out.count("\n") == 1


def test_an_existing_model_is_kept_unless_forced(samples, tmp_path, refused, command, monkeypatch):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"precious")
    with monkeypatch.context() as patch:
        patch.setattr("pureneuron.cli.fit.recover", lambda *_, **__: pytest.fail("work started"))
        error = refused("fit", samples, "-k", K, "-o", path)
    assert f"{path} exists and was kept; --force replaces it" in error
    assert path.read_bytes() == b"precious"
    assert command("fit", samples, "-k", K, "-o", path, "--force")[0] == 0
    assert TwoLayerNetwork.load(path).n_neurons == K


def test_a_failed_fit_keeps_what_force_would_replace(tmp_path, refused):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"precious")
    refused("fit", tmp_path / "nothing.parquet", "-o", path, "--force")
    assert path.read_bytes() == b"precious"


def test_where_a_model_cannot_go(samples, tmp_path, refused):
    assert "the name must end in .safetensors" in refused("fit", samples, "-o", tmp_path / "m.npz")
    assert "there is no folder" in refused("fit", samples, "-o", tmp_path / "no" / "m.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    assert "is a folder" in refused("fit", samples, "-o", tmp_path / "folder.safetensors")


# Bad input


def test_bad_input_as_a_process(tmp_path):
    done = process("fit", tmp_path / "nothing.parquet")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"Error: there is no file {tmp_path / 'nothing.parquet'}\n"
    done = process("fit", tmp_path / "nothing.parquet", "--json")
    assert done.returncode == 2
    assert done.stderr == ""
    assert json.loads(done.stdout) == {"error": f"there is no file {tmp_path / 'nothing.parquet'}"}


@pytest.mark.parametrize("ending", ["parquet", "npz", "npy"])
def test_a_truncated_file(tmp_path, refused, ending):
    whole, cut = tmp_path / f"whole.{ending}", tmp_path / f"cut.{ending}"
    write_table(whole, columns())
    cut.write_bytes(whole.read_bytes()[:-1000])
    error = refused("fit", cut)
    assert str(cut) in error
    assert "cut short" in error


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_values_that_are_not_finite(tmp_path, refused, value, name):
    table = columns()
    table["x7"] = table["x7"].copy()
    table["x7"][41] = value
    path = tmp_path / "samples.csv"
    write_table(path, table)
    assert f"{name} at row 41 of {path}, column 'x7'" in refused("fit", path)
    assert f"{name} at row 41 of {path}, column 'x7'" in refused("diagnose", path)


def test_too_few_rows(tmp_path, refused):
    write_table(tmp_path / "samples.csv", columns(8))
    error = refused("fit", tmp_path / "samples.csv", "-k", K)
    assert "unknowns, more than the 32 measured outputs of n = 8" in error
    assert "rows are needed" in error


@pytest.mark.parametrize("k", ["0", "-3", "2.5", "many"])
def test_a_bad_number_of_neurons(samples, refused, k):
    error = refused("fit", samples, "-k", k)
    assert "an integer of at least 1 or 'auto' is expected" in error
    assert f"'{k}'" in error


def test_moments_that_do_not_apply_say_what_does(samples, refused):
    error = refused("fit", samples, "-k", M + 1, "--init", "moments")
    assert (
        f"--init moments: moments need --neurons <= min(inputs, outputs), and {M + 1} is" in error
    )
    assert "use --init random" in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--no-refine", "--init", "random"), "use --init moments or no --no-refine"),
        (("--no-refine", "--negative-slope", "auto"), "--negative-slope auto finds the slope"),
        (("--no-refine", "--noise-covariance", "full"), "--noise-covariance full weights the"),
        (("--no-refine", "-k", "9"), "--no-refine returns the moment estimate: moments need --n"),
        (("--no-refine", "--hidden-bias"), "moments know no biases; use --init random"),
        (("--negative-slope", "2"), "--negative-slope must be a number between -1 and 1"),
        (("--init", "moments", "-k", "4"), "moments need B = AW to have rank 4, and only 3"),
        (("-k", "5000"), f"measured outputs of n = {N}: at least"),
        (("--inputs", "0:99"), "'0:99', asked for as inputs, does not fit"),
        (("--inputs", "x*", "--outputs", "x0"), "column x0 of"),
        (("--weight", "y*"), f"'y*', asked for as weight, means {M} columns"),
        (("--weight", "y0", "--outputs", "y1"), "weight holds a negative weight"),
    ],
)
def test_errors_speak_of_options(samples, refused, arguments, message):
    error = refused("fit", samples, *arguments)
    assert message in error
    assert not PYTHON.search(error)


def test_columns_that_are_not_clear_are_asked_for_by_option(tmp_path, model, refused, command):
    stim = {name.replace("x", "stim_").replace("y", "rate_"): c for name, c in columns().items()}
    path = tmp_path / "named.csv"
    write_table(path, stim)
    plain = tmp_path / "plain.npy"
    np.save(plain, np.column_stack(list(stim.values())))
    bare = tmp_path / "bare.safetensors"
    TEACHER.save(bare)
    for call in (
        ("fit", path),
        ("diagnose", path),
        ("predict", bare, path, "-o", tmp_path / "p.csv"),
        ("compare", bare, bare, "--samples", path),
    ):
        error = refused(*call)
        assert f"stim_0, stim_1, …, stim_{D - 1} ({D} columns, 'stim_*'), rate_0" in error
        assert error.endswith("name the inputs, as in --inputs 'stim_*'\n")
    error = refused("fit", path, "--inputs", "stim_*")
    assert error.endswith("name the outputs, as in --outputs 'rate_*'\n")
    assert refused("fit", plain).endswith(f"by position, as in --inputs 0:{D + M - 1}\n")
    status, out, _ = command("fit", path, "--json")
    assert status == 2
    assert json.loads(out)["error"].endswith("as in --inputs 'stim_*'")


def test_names_of_columns_and_files_are_never_put_in_other_words(tmp_path, refused):
    folder = tmp_path / "max_iter" / "n_restarts=3"
    folder.mkdir(parents=True)
    path = folder / "n_neurons.csv"
    assert f"there is no file {path}\n" in refused("fit", path)
    table = columns()
    write_table(path, table | {"negative_slope": np.full(N, np.nan)})
    error = refused("fit", path, "--inputs", "negative_slope,x0")
    assert f"NaN at row 0 of {path}, column 'negative_slope'" in error
    write_table(path, table | {"max_iter": np.full(N, "text")}, force=True)
    assert f"{path} holds 'text' in row 0 (rows count from 0), column max_iter" in refused(
        "fit", path, "--weight", "max_iter"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("raise n_restarts, or set max_iter", "raise --restarts, or set --max-iter"),
        (
            "refine from random starts (init='random').",
            "refine from random starts (--init random).",
        ),
        (
            "refine it (refine=True), not refine=False",
            "refine it (no --no-refine), not --no-refine",
        ),
        ("set fit_intercept=True or fit_hidden_bias", "set --intercept or --hidden-bias"),
        ("negative_slope=0.1, n_neurons='auto'", "--negative-slope 0.1, --neurons auto"),
        ("start from it (init=network)", "start from it (in Python: init=network)"),
        ("the weight of the inputs is an init", "the weight of the inputs is an init"),
        (
            "column 'max_iter', a/max_iter, max_iter.csv",
            "column 'max_iter', a/max_iter, max_iter.csv",
        ),
        ("max_iter=5/a, no_option=3, n_iter", "max_iter=5/a, no_option=3, n_iter"),
        ("pureneuron.datasets.symmetrize(X)", "pureneuron.datasets.symmetrize(X)"),
        ("sample_weight of n_samples", "weight of n"),
    ],
)
def test_the_words_of_the_command_line(text, expected):
    assert in_options(text) == expected


def test_all_advice_is_in_the_words_of_the_command_line():
    for status in Status:
        advice = in_options(status.advice).replace("in Python: init=network", "")
        assert not PYTHON.search(advice)


def test_reports_speak_of_options(tmp_path, command):
    # A neuron too few: the residual shows it, or a local minimum, and the advice is an option.
    path = tmp_path / "samples.parquet"
    write_table(path, columns(noise=0.1))
    arguments = ("fit", path, "-k", K - 1, "--intercept", "--restarts", "1")
    status, out, _ = command(*arguments)
    assert status == 1
    assert "raise --restarts" in out
    record = json.loads(command(*arguments, "--json")[1])
    assert "raise --restarts" in record["reason"]
    texts = [out, record["advice"], record["reason"], *(s["summary"] for s in record["stages"])]
    assert not any(PYTHON.search(text.replace("in Python: init=network", "")) for text in texts)
    status, out, _ = command(*arguments, "--quiet")
    assert not PYTHON.search(out)
    page = tmp_path / "page.html"
    command(*arguments, "--report", page)
    said = unescape(page.read_text())
    assert "raise --restarts" in said
    assert not PYTHON.search(said[said.index("<body>") : said.index("<svg")].replace("\n", " "))


def test_unknown_columns_and_options(samples, refused):
    assert "no column that matches 'stim_*'" in refused("fit", samples, "--inputs", "stim_*")
    assert "No such option" in refused("fit", samples, "--neuron", "3")
    assert "Missing argument" in refused("fit")
    assert "a number or 'auto'" in refused("fit", samples, "--negative-slope", "steep")


def test_an_unreadable_column_type(tmp_path, refused):
    (tmp_path / "samples.csv").write_text("x0,x1,y0\n1,one,2\n2,two,3\n")
    assert "column x1" in refused("fit", tmp_path / "samples.csv")


def test_a_pipe_without_greek_letters_gets_a_mark_in_their_place(samples):
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(
        [sys.executable, "-m", "pureneuron", "--help"],
        env=environment,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert b"y = A ?(W x + b) + c" in done.stdout


def test_an_interrupt_outside_a_fit(samples, command, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pureneuron.cli.fit.recover", interrupted)
    status, out, err = command("fit", samples)
    assert (status, out) == (130, "")
    assert err.strip() == "Error: interrupted"


def test_a_time_limit_before_there_is_a_network(samples, command):
    status, out, err = command("fit", samples, "--time-limit", "1e-9")
    assert (status, out) == (1, "")
    assert err.startswith("Error: --time-limit 1e-09 s has passed before there was a network")


def test_warnings_of_the_recovery_are_shown(tmp_path, command):
    rng = np.random.default_rng(0)
    X = rng.exponential(size=(4000, D)) - 1.0
    path = tmp_path / "samples.npz"
    np.savez(path, X=X, Y=TEACHER.predict(X))
    status, out, err = command("fit", path, "-k", K, "--no-refine")
    assert err == ""
    assert "\nWarning: the inputs are asymmetric" in out
    assert command("fit", path, "-k", K, "--no-refine", "--json")[0] == status
    record = json.loads(process("fit", path, "-k", K, "--no-refine", "--json").stdout)
    (warning,) = record["warnings"]
    assert warning.startswith("the inputs are asymmetric")
    assert json.loads(command("fit", path, "-k", K, "--json")[1])["warnings"] == []


@pytest.mark.filterwarnings("default")
def test_warnings_of_libraries_are_notes(tmp_path, command):
    table = columns()
    path = tmp_path / "samples.npy"
    np.save(path, np.column_stack(list(table.values())))
    # As Python 2 wrote the shape: NumPy warns that such a file is slow to read.
    path.write_bytes(path.read_bytes().replace(b"(600, 16), } ", b"(600L, 16), }"))
    status, out, err = command("fit", path, "-k", K, "--inputs", f"0:{D}", "--quiet")
    assert (status, out.count("\n")) == (0, 1)
    assert err.startswith("Note: Reading `.npy` or `.npz` file required additional header parsing")
    assert err.count("\n") == 1


# predict


@pytest.mark.parametrize("ending", ["parquet", "csv", "npz", "npy"])
def test_predictions_have_the_names_of_the_outputs(model, samples, tmp_path, command, ending):
    path = tmp_path / f"predictions.{ending}"
    status, out, err = command("predict", model, samples, "-o", path)
    assert (status, err) == (0, "")
    assert f"Wrote {N} rows" in out
    X, Y, _ = read_samples(samples).arrays()
    predicted = TwoLayerNetwork.load(model).predict(X)
    residual = np.mean((Y - predicted) ** 2)
    assert f"Mean squared residual over {N} rows of {samples}: {residual:.6g}" in out
    read = read_samples(path, inputs="y0", outputs="y1,y2,y3").arrays()
    np.testing.assert_allclose(np.column_stack(read[:2]), predicted, rtol=1e-12)


def test_predict_takes_the_columns_of_the_model(model, samples, tmp_path, command):
    table = {name: column for name, column in columns().items() if name.startswith("x")}
    reordered = dict(reversed(table.items()))
    write_table(tmp_path / "inputs.csv", {"time": np.arange(float(N)), **reordered})
    done = process(
        "predict", model, tmp_path / "inputs.csv", "-o", tmp_path / "p.npz", "--json", cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout)
    assert record["mean_squared_residual"] is None
    assert record["input_names"] == [f"x{j}" for j in range(D)]
    X = read_samples(samples).arrays()[0]
    with np.load(tmp_path / "p.npz") as file:
        np.testing.assert_allclose(file["Y"], TwoLayerNetwork.load(model).predict(X), rtol=1e-12)


def test_predict_refuses_other_columns(model, tmp_path, refused):
    table = columns()
    del table["x3"], table["x11"]
    path = tmp_path / "fewer.csv"
    write_table(path, table)
    error = refused("predict", model, path, "-o", tmp_path / "p.csv")
    assert f"{path} lacks inputs of the model: x3, x11" in error
    error = refused("predict", model, path, "-o", tmp_path / "p.csv", "--inputs", "y*")
    assert f"the model has {D} inputs, but {M} columns" in error
    assert not (tmp_path / "p.csv").exists()


def test_a_model_that_remembers_no_columns(tmp_path, samples, command, refused):
    path = tmp_path / "plain.safetensors"
    TEACHER.save(path)
    assert command("predict", path, samples, "-o", tmp_path / "p.csv")[0] == 0
    error = refused("predict", path, samples, "-o", tmp_path / "q.csv", "--inputs", "x0,x1")
    assert f"the model has {D} inputs" in error
    assert "gives 2" in error


def test_predictions_are_never_of_nan(model, tmp_path, refused):
    table = columns()
    table["x7"][41] = np.nan
    write_table(tmp_path / "gaps.csv", table)
    error = refused("predict", model, tmp_path / "gaps.csv", "-o", tmp_path / "p.csv")
    assert "Input X contains NaN at row 41, column 'x7' (rows count from 0)" in error
    assert "fill the gaps before predicting" in error
    assert not (tmp_path / "p.csv").exists()
    error = refused("compare", model, model, "--samples", tmp_path / "gaps.csv")
    assert "Input X contains NaN at row 41, column 'x7' (rows count from 0)" in error
    assert "fill the gaps before comparing" in error


def test_outputs_that_are_there_must_be_usable(model, tmp_path, command, refused):
    table = columns()
    write_table(tmp_path / "text.parquet", {**table, "y1": np.full(N, "high")})
    error = refused("predict", model, tmp_path / "text.parquet", "-o", tmp_path / "p.csv")
    assert "column y1" in error
    assert "real numbers are expected" in error
    X = np.column_stack([table[f"x{j}"] for j in range(D)])
    np.savez(tmp_path / "rows.npz", X=X, Y=np.ones((N - 1, M)))
    error = refused("predict", model, tmp_path / "rows.npz", "-o", tmp_path / "p.csv")
    assert f"X has {N}, Y has {N - 1}" in error
    assert not (tmp_path / "p.csv").exists()
    del table["y2"]
    write_table(tmp_path / "fewer.csv", table)
    status, out, _ = command("predict", model, tmp_path / "fewer.csv", "-o", tmp_path / "p.csv")
    assert status == 0
    assert "residual" not in out


def test_rows_without_outputs_do_not_count_in_the_residual(model, tmp_path, command):
    table = columns()
    table["y2"] = np.where(np.arange(N) < 100, np.nan, table["y2"])
    write_table(tmp_path / "gaps.parquet", table)
    arguments = ("predict", model, tmp_path / "gaps.parquet", "-o", tmp_path / "p.csv", "--json")
    record = json.loads(command(*arguments)[1])
    assert record["n_rows_with_outputs"] == N - 100
    assert record["mean_squared_residual"] == pytest.approx(1e-4, rel=0.1)


def test_existing_predictions_are_kept_unless_forced(model, samples, tmp_path, command, refused):
    path = tmp_path / "p.csv"
    path.write_text("precious")
    error = refused("predict", model, samples, "-o", path)
    assert f"{path} exists and was kept" in error
    assert path.read_text() == "precious"
    assert command("predict", model, samples, "-o", path, "--force")[0] == 0
    assert path.read_text().startswith('"y0"')


def test_predictions_do_not_replace_what_they_come_from(model, samples, refused):
    before = samples.read_bytes()
    error = refused("predict", model, samples, "-o", samples, "--force")
    assert "also an input of this command" in error
    assert samples.read_bytes() == before


def test_model_files_that_are_none(model, samples, tmp_path, refused):
    path = tmp_path / "no.safetensors"
    path.write_bytes(b"not a model at all")
    for call in (("predict", path, samples, "-o", tmp_path / "p.csv"), ("compare", model, path)):
        assert f"{path} is not a readable safetensors model file" in refused(*call)
    path.write_bytes(model.read_bytes()[:-40])
    assert "not a readable safetensors" in refused("compare", path, model)
    missing = tmp_path / "missing.safetensors"
    assert f"there is no model file {missing}" in refused("compare", missing, model)


# compare


def test_compare(model, samples, tmp_path, command):
    truth = tmp_path / "truth.safetensors"
    TEACHER.save(truth)
    status, out, _ = command("compare", model, truth)
    assert status == 0
    assert "Summed squared error of A" in out
    assert "pre-activation" not in out
    done = process("compare", model, truth, "--samples", samples, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout)
    match = TwoLayerNetwork.load(model).match(TEACHER)
    assert record["pairs"]["truth"] == match.right.tolist()
    assert record["error_A"] == pytest.approx(match.error_A)
    assert record["error_W"] == pytest.approx(match.error_W)
    for name in ("cosine_A", "cosine_W", "correlation"):
        assert min(record["pairs"][name]) > 0.9999
    assert record["relative_output_difference"] < 0.01
    assert record["unmatched_model"] == record["unmatched_truth"] == []


def test_compare_networks_that_differ_in_size(model, tmp_path, command, refused):
    smaller, other = tmp_path / "smaller.safetensors", tmp_path / "other.safetensors"
    TEACHER.permuted([0, 2]).save(smaller)
    status, out, _ = command("compare", model, smaller)
    assert status == 0
    assert "Neurons of the model without a partner: " in out
    make_teacher(n_inputs=D + 1, n_neurons=K, n_outputs=M, rng=0).save(other)
    assert "the networks differ in size" in refused("compare", model, other)


def test_compare_says_where_biases_and_slopes_differ(model, tmp_path, command):
    biased = tmp_path / "biased.safetensors"
    TwoLayerNetwork(TEACHER.A, TEACHER.W, np.ones(K), np.full(M, 2.0), 0.1).save(biased)
    status, out, _ = command("compare", model, biased)
    assert status == 0
    assert "true bias" in out
    assert "Output biases differ by 2" in out
    assert "negative slopes differ: 0 against 0.1" in out


# diagnose and the rest


def test_diagnose(samples, command):
    status, out, _ = command("diagnose", samples)
    assert status == 0
    for part in ("symmetry", "linear part", f"rank {K}", "gap of the detector"):
        assert part in out
    done = process("diagnose", samples, "-k", K, "--json")
    assert done.returncode == 0
    stages = json.loads(done.stdout)["stages"]
    assert [stage["name"] for stage in stages] == [
        "data",
        "symmetry",
        "linear part",
        "moments",
        "odd part",
        "separation",
        "sampling error",
    ]
    assert len(stages[2]["figures"]["singular_values"]) == M


def test_diagnose_says_why_there_are_no_moments(samples, command):
    status, out, err = command("diagnose", samples, "-k", 6)
    assert (status, err) == (0, "")
    words = " ".join(out.split())
    assert f"{M} outputs of {D} inputs show" in words
    assert "(--neurons)" in words
    assert "--init random" in words
    last = json.loads(command("diagnose", samples, "-k", 6, "--json")[1])["stages"][-1]
    assert last["name"] == "moments"
    assert last["figures"] == {"n_neurons": 6, "most_neurons": M}
    assert f"at most min({D}, {M}) = {M} neurons, and 6 are asked for" in last["summary"]


def test_diagnose_refuses_a_slope_out_of_range(samples, refused):
    for slope in ("2", "-1", "nan"):
        error = refused("diagnose", samples, "--negative-slope", slope)
        assert "--negative-slope" in error
        assert not PYTHON.search(error)


def test_version_and_help():
    done = process("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pureneuron")
    done = process("fit", "--help")
    assert done.returncode == 0
    assert "--init" in done.stdout


def test_json_holds_no_numbers_that_are_not_finite():
    record = {"a": np.array([1.0, np.nan]), "b": (np.inf, np.int64(3)), "c": {"d": np.float64(2)}}
    assert json_ready(record) == {"a": [1.0, None], "b": [None, 3], "c": {"d": 2.0}}
