"""``--report``, ``report`` and ``plot``: written whole, or nothing is done."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest

from command_line import process
from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher
from pureneuron.samples import write_table

D, K, M, N = 6, 3, 2, 1500


@pytest.fixture
def samples(tmp_path):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((N, D))
    Y = make_teacher(D, K, M, rng=0).predict(X) + 0.05 * rng.standard_normal((N, M))
    names = [*(f"x{i}" for i in range(D)), *(f"y{j}" for j in range(M))]
    path = tmp_path / "samples.csv"
    write_table(path, dict(zip(names, np.column_stack([X, Y]).T, strict=True)))
    return path


@pytest.fixture
def model(tmp_path, samples, command):
    path = tmp_path / "model.safetensors"
    assert command("fit", samples, "-o", path)[0] == 0
    return path


def test_fit_writes_a_report_that_says_how_to_repeat_it(samples, tmp_path):
    page = tmp_path / "page.html"
    ran = process("fit", samples, "-k", K, "--report", page, "--image-shape", "2x3")
    assert ran.returncode == 0
    assert f"Wrote the report to {page}" in " ".join(ran.stdout.split())
    text = page.read_text()
    repeated = ["fit", samples, "-k", K, "--report", page, "--image-shape", "2x3", "--force"]
    assert " ".join(map(str, ["pureneuron", *repeated])) in text
    assert process(*repeated).returncode == 0
    assert "pictures of the inputs" in text


def test_a_report_of_a_model_and_its_samples(samples, model, tmp_path, command):
    page = tmp_path / "page.html"
    status, out, _ = command("report", model, samples, "-o", page, "--json")
    record = json.loads(out)
    assert status == 0
    assert record["status"] == "RECOVERED"
    assert record["moved"] < 1e-3
    assert record["report"] == str(page)
    assert "RECOVERED" in page.read_text()


def test_a_model_of_other_samples_is_noted(samples, tmp_path, command):
    other = tmp_path / "other.safetensors"
    teacher = make_teacher(D, K, M, rng=0)
    TwoLayerNetwork(teacher.A, teacher.W + 0.1).save(other)
    _, _, err = command("report", other, samples, "-o", tmp_path / "page.html")
    assert "is not the best network for these samples" in err


def test_a_box_has_a_report(model, tmp_path, command):
    page = tmp_path / "page.html"
    status, _, _ = command("identify", model, "--report", page)
    assert status == 0
    assert "Questions" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--report", "page.pdf"), "must end in .html"),
        (("--report", "page.html", "--image-shape", "3x3"), "does not hold the 6 inputs"),
        (("--report", "page.html", "--image-shape", "3"), "such as 8x8"),
        (("--report", "page.html", "--lags", "4"), "does not divide the 6 inputs"),
        (("--lags", "2"), "say how --report shows inputs"),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_before_the_fit(
    samples, tmp_path, refused, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    assert message in refused("fit", samples, *arguments)
    assert not list(tmp_path.glob("page*"))


def test_an_existing_report_is_kept_unless_forced(samples, tmp_path, refused, command):
    page = tmp_path / "page.html"
    page.write_text("mine")
    assert "--force" in refused("fit", samples, "--report", page)
    assert page.read_text() == "mine"
    assert command("fit", samples, "--report", page, "--force")[0] == 0
    assert page.read_text() != "mine"


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_pictures_of_a_model(model, samples, tmp_path, command, ending):
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    for kind, more in (
        ("units", ("--lags", "2", "--neurons", "0,2")),
        ("mixing", ()),
        ("residuals", (samples, "--of", "y1")),
        ("compare", (model,)),
    ):
        path = tmp_path / f"{kind}.{ending}"
        status, out, _ = command("plot", kind, model, *more, "-o", path)
        assert status == 0
        assert "Wrote the picture to" in out
        assert path.read_bytes().startswith(starts[ending])
    status, out, _ = command("plot", "mixing", model, "-o", path, "--force", "--json")
    assert (status, json.loads(out)) == (0, {"picture": str(path)})
    assert not plt.get_fignums()  # none stays open


def test_the_linear_part_of_a_model(model, tmp_path, refused, command):
    assert "has no linear part" in refused("plot", "linear", model, "-o", tmp_path / "a.png")
    teacher, linear = make_teacher(D, K, M, rng=0), np.ones((M, D))
    other = tmp_path / "linear.safetensors"
    TwoLayerNetwork(teacher.A, teacher.W, linear=linear).save(other)
    path = tmp_path / "linear.svg"
    status, _, _ = command("plot", "linear", other, "--image-shape", "2x3", "-o", path)
    assert (status, path.read_bytes()[:5]) == (0, b"<?xml")


def test_pictures_that_cannot_be_drawn(model, samples, refused, tmp_path):
    path = tmp_path / "a.png"
    assert "there is no unit 7" in refused("plot", "units", model, "--neurons", "7", "-o", path)
    assert "takes numbers" in refused("plot", "units", model, "--neurons", "a", "-o", path)
    wrong = refused("plot", "residuals", model, samples, "--of", "y5", "-o", path)
    assert "there is no output 'y5'" in wrong
    fewer = refused("plot", "residuals", model, samples, "--inputs", "x0,x1", "-o", path)
    assert "the model has 6 inputs and 2 outputs" in fewer
    report = ("report", model, samples, "--inputs", "x0,x1", "-o", tmp_path / "a.html")
    assert "the model has 6 inputs and 2 outputs" in refused(*report)
    assert "--linear fits one" in refused("plot", "linear", model, "-o", path)
    assert "must end in .png or .svg or .pdf" in refused("plot", "units", model, "-o", "a.txt")
    assert not path.exists()
