"""The report: the answer first, everything escaped, nothing from elsewhere."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from pureneuron import identify, recover
from pureneuron.datasets import make_teacher
from pureneuron.report import rendered
from pureneuron.row_sample import RowSample
from pureneuron.samples import ArraySamples
from pureneuron.standard_errors import StandardErrors
from reported import HOSTILE, D, K, M, N, fitted


@pytest.fixture(scope="module")
def recovery():
    return fitted()


class Reader(HTMLParser):
    """Collects tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)


def test_the_answer_comes_first(recovery):
    words = " ".join(Reader(rendered(recovery)).words)
    assert words.index("RECOVERED") < words.index("Units")
    assert recovery.advice in words
    assert "Do not rely on them" not in words


def test_a_network_that_is_not_recovered_says_so():
    failed = fitted(2)
    words = " ".join(" ".join(Reader(rendered(failed)).words).split())
    assert failed.status.name == "MISFIT"
    assert failed.advice in words
    assert "Do not rely on them" in words
    assert "rejects this network" in words


def test_every_picture_has_its_text(recovery):
    drawn = [a for tag, a in Reader(rendered(recovery)).attributes if a.get("role") == "img"]
    assert len(drawn) == 6  # units, mixing, fit, residuals, order, spectrum
    assert all(len(attributes["aria-label"]) > 30 for attributes in drawn)
    assert rendered(recovery).count("<svg") == 6


def test_a_linear_part_is_drawn_and_named():
    L = np.zeros((M, D))
    L[1, 4] = 3.0
    L[0, 2] = -2.0
    found = fitted(K, fit_linear=True, linear=L)
    drawn = [
        a["aria-label"] for _, a in Reader(rendered(found)).attributes if a.get("role") == "img"
    ]
    (said,) = [each for each in drawn if each.startswith("The linear part of each output")]
    weights = found.network.linear  # Beside L a neuron may be turned round: it is not that above.
    for j, (shown, i) in enumerate(re.findall(r"largest weight (\S+) of x(\d)", said)):
        assert abs(weights[j, int(i)]) == np.abs(weights[j]).max()
        assert float(shown) == pytest.approx(weights[j, int(i)], rel=1e-3)
    assert said.count("largest weight") == M


def test_a_slope_has_its_standard_error():
    recovery = fitted(K, negative_slope="auto", slope=0.2)
    facts = dict(recovery.facts())
    network, errors = recovery.network, recovery.standard_errors
    value, error = facts["Negative slope"].split(" ± ")
    assert float(value) == pytest.approx(network.negative_slope, rel=1e-3)
    assert float(error) == pytest.approx(errors.negative_slope, rel=0.05)
    assert facts["Negative slope"] in " ".join(Reader(rendered(recovery)).words)


def test_the_library_may_be_put_in_other_words(recovery):
    text = rendered(replace(recovery, reason="reason", notes=("note",)), worded=str.upper)
    words = "".join(Reader(text).words)
    stage = recovery.stages[0].summary.upper()
    assert all(part in words for part in ("REASON.", "NOTE", recovery.advice.upper(), stage))


def test_identifiers_are_unique(recovery):
    found = [a["id"] for _, a in Reader(rendered(recovery)).attributes if "id" in a]
    assert len(found) == len(set(found))
    named = set(re.findall(r'(?:href="|url\()#([^")]+)', rendered(recovery)))
    assert named <= set(found)


def test_nothing_is_loaded_from_elsewhere(recovery):
    text = rendered(recovery)
    addresses = re.findall(r'(?:src|href)="([^"#]*)"', text)
    assert all(address.startswith("data:") or not address for address in addresses)
    assert "<script" not in text


def test_hostile_names_stay_text():
    text = rendered(fitted(K, inputs=HOSTILE, outputs=("<b>y</b>", "</style>")))
    read = Reader(text)
    assert "script" not in read.tags
    assert "b" not in read.tags
    assert not any("onload" in attributes for _, attributes in read.attributes)
    assert HOSTILE[0][:16] in "".join(read.words)


def test_names_that_turn_the_text_round_are_spelled_out():
    turned = "\u202eevil"
    page = rendered(fitted(K, outputs=(turned, "line\nbreak")))
    assert "\u202e" not in page
    assert "A \\u202eevil" in page
    assert "A line\\u000abreak" in page


def test_one_of_a_kind_is_no_plural():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((N, D))
    y = np.maximum(X[:, 0], 0.0) + 0.1 * rng.standard_normal(N)
    page = rendered(recover(ArraySamples(X, y), 1, rng=0))
    assert f"{D} inputs, 1 neuron, 1 output</title>" in page
    assert "1 neurons" not in page
    assert "1 outputs" not in page


def test_the_criterion_of_a_number_that_was_given_is_listed():
    found = fitted(K)
    row = re.search(r'<td class="number">3</td>.*?</tr>', rendered(found))
    assert f"{found.bic:.1f}" in row[0]


def test_it_says_how_to_repeat_it_and_what_it_took(recovery):
    words = "".join(Reader(rendered(recovery)).words)
    assert "recover(samples, rng=0)" in words
    assert f"{recovery.n_passes} passes" in words
    assert re.search(r"numpy \d+\.\d+", words)


def test_numbers_of_neurons_that_were_tried_are_listed(recovery):
    tried = recovery.stage("number of neurons").figures
    assert len(tried["n_neurons"]) >= 2
    rows = re.findall(
        r"<tr( class=\"chosen\")?><td class=\"number\">(\d+)</td>", rendered(recovery)
    )
    assert {int(size) for _, size in rows} >= {int(size) for size in tried["n_neurons"]}
    assert [size for chosen, size in rows if chosen] == [str(K)]
    criterion = dict(zip(tried["n_neurons"], tried["bic"], strict=True))
    assert criterion[K] == pytest.approx(recovery.bic)
    assert criterion[K] == min(criterion.values())


def test_shapes(recovery, tmp_path):
    assert "pictures of the inputs" in rendered(recovery, image_shape=(2, 3))
    assert "over lags and places" in rendered(recovery, lags=2)
    with pytest.raises(ValueError, match="give image_shape or lags, not both"):
        rendered(recovery, lags=2, image_shape=(2, 3))
    with pytest.raises(ValueError, match=r"image_shape 4×4 does not hold the 6 inputs"):
        recovery.report(tmp_path / "a.html", image_shape=(4, 4))
    assert not list(tmp_path.iterdir())


def test_it_is_written_whole_and_small(recovery, tmp_path):
    recovery.report(tmp_path / "a.html")
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    assert (tmp_path / "a.html").stat().st_size < 1e6
    with pytest.raises(ValueError, match=r"should end in \.html"):
        recovery.report(tmp_path / "a.pdf")


@pytest.mark.parametrize("d", [40, 64])  # as many bars as there are, and lines
def test_large_networks_stay_below_a_megabyte(recovery, d):
    rng, k, m = np.random.default_rng(0), 40, 40
    network, Y = make_teacher(d, k, m, rng=0), rng.standard_normal((2000, m))
    variance = np.full(m * k + k * d + k + m + 1, 1e-3)
    large = replace(
        recovery,
        network=network,
        errors=StandardErrors.of_variance(
            variance, np.zeros((1, len(variance))), (k, d, m), "iid", np.inf
        ),
        input_names=tuple(f"the input with number {i}" for i in range(d)),
        output_names=tuple(f"the output with number {j}" for j in range(m)),
        rows=RowSample(np.arange(2000), Y, Y + rng.standard_normal(Y.shape), 2000),
    )
    assert len(rendered(large).encode()) < 1e6
    assert len(rendered(large, lags=8).encode()) < 1e6


def test_a_box_has_a_report():
    teacher = make_teacher(D, K, M, rng=0)
    found = identify(teacher.predict, D, rng=0)
    words = " ".join(Reader(rendered(found)).words)
    assert "RECOVERED" in words
    assert "Questions" in words
    assert found.rows is not None
    np.testing.assert_allclose(found.rows.predictions, found.rows.outputs, rtol=1e-6, atol=1e-8)


def test_without_rows_it_says_so(recovery):
    assert "No rows are at hand" in rendered(replace(recovery, rows=None))


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_what_is_not_installed_is_named(recovery, monkeypatch, package):
    monkeypatch.setattr(
        "pureneuron.report.page.find_spec", lambda name: None if name == package else name
    )
    with pytest.raises(ImportError, match=r"pip install 'pureneuron\[report\]'"):
        rendered(recovery)


def test_in_a_notebook():
    shown = fitted(K, inputs=HOSTILE)._repr_html_()
    assert "RECOVERED" in shown
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "and 4 neurons more" in make_teacher(30, 20, 2, rng=0)._repr_html_()
