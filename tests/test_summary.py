"""The table of a recovery: what it shows, and that it shows what is there."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pureneuron import recover
from pureneuron.datasets import make_teacher
from pureneuron.samples import ArraySamples
from pureneuron.summary import number

D, K, M, N = 4, 3, 2, 1500
INPUTS = ("age", "weight", "height", "a_very_long_name_of_an_input")


def fitted(*, noise=0.1, repeated=False, n_neurons=K, offset=0.0, **options):
    rng = np.random.default_rng(1)
    teacher = make_teacher(D, K, M, rng=0)
    X = rng.standard_normal((N, D))
    Y = teacher.predict(X) + noise * rng.standard_normal((N, M)) + offset
    names = INPUTS
    if repeated:
        X, names = np.column_stack([X, X[:, 0]]), (*names, "again")
    samples = ArraySamples(X, Y, input_names=names, output_names=("left", "right"))
    return recover(samples, n_neurons, rng=0, **options)


@pytest.fixture(scope="module")
def recovery():
    return fitted()


def cells(text, name):
    """Return what stands in the rows of a coefficient."""
    lines = [line for line in text.splitlines() if line.startswith(f"  {name} ")]
    return [line.removeprefix(f"  {name} ").split() for line in lines]


def test_names_come_from_the_samples(recovery):
    assert recovery.input_names == INPUTS
    assert recovery.output_names == ("left", "right")
    X = np.random.default_rng(0).standard_normal((50, 2))
    plain = recover(ArraySamples(X, np.maximum(X[:, 0], 0.0)), 1)
    assert (plain.input_names, plain.output_names) == (("x0", "x1"), ("y0",))


def test_every_coefficient_has_its_row(recovery):
    text, errors = recovery.summary(), recovery.standard_errors
    intervals = recovery.conf_int()
    for part, names in (("W", INPUTS[:3]), ("A", ("left", "right"))):
        for j, name in enumerate(names):
            rows = cells(text, f"{part} {name}")
            assert len(rows) == K
            for a, row in enumerate(rows):
                where = (a, j) if part == "W" else (j, a)
                value = getattr(recovery.network, part)[where]
                error = getattr(errors, part)[where]
                ends = getattr(intervals, part)[where]
                p = 2.0 * stats.t.sf(abs(value) / error, errors.freedom)
                shown = [float(cell) for cell in row]
                expected = [value, error, value / error, p, *ends]
                assert shown == pytest.approx(expected, rel=6e-3, abs=1e-3)
    assert text.count("W a_very_long_name_of") == K
    assert {line.count("…") for line in text.splitlines() if "very_long" in line} == {1}


def test_the_header_says_what_the_fit_is(recovery):
    head = recovery.summary().split("coef")[0]
    facts = dict(re.findall(r"(\w[^:\n]*?): +(\S+(?: \S+)?)", head))
    assert facts["Status"] == "RECOVERED"
    assert facts["Errors"] == recovery.standard_errors.kind
    assert [facts[name] for name in ("Rows", "Inputs", "Neurons", "Outputs")] == [
        str(size) for size in (N, D, K, M)
    ]
    assert float(facts["Residual sd"]) == pytest.approx(0.1, rel=0.05)
    signal = make_teacher(D, K, M, rng=0).predict(np.random.default_rng(0).normal(size=(9999, D)))
    power = signal.var(axis=0).mean()
    assert float(facts["R²"]) == pytest.approx(power / (power + 0.01), abs=0.01)
    figures = recovery.stage("inference").figures
    assert facts["Omitted unit, p"] == f"{figures['omitted_unit_p_value']:.2g}"
    # Two outputs show two of three neurons: that the third is needed has to be tested.
    assert facts["One neuron less, p"] == f"{figures['smaller_p_value']:.2g}"
    assert facts["BIC"] == f"{recovery.bic:.1f}"


def test_the_criterion_is_that_of_the_likelihood(recovery):
    unknowns = K * (D + M - 1) + 1
    variance = recovery.loss
    likelihood = -0.5 * N * M * (np.log(2.0 * np.pi * variance) + 1.0)
    assert recovery.bic == pytest.approx(unknowns * np.log(N) - 2.0 * likelihood)


def test_the_criterion_chooses_the_size_and_the_noise():
    by_size = {k: fitted(n_neurons=k).bic for k in (K - 1, K)}
    assert min(by_size, key=by_size.get) == K
    # It knows the determinant of the covariance: equal noise gains nothing but its price.
    extra = fitted(noise_covariance="full").bic - by_size[K]
    assert 0.0 < extra < 2.0 * np.log(N)


def test_biases_and_a_slope_are_shown_where_they_are_fitted():
    assert "bias" not in fitted().summary()
    assert "slope" not in fitted().summary()
    recovery = fitted(fit_hidden_bias=True, fit_intercept=True, negative_slope="auto", offset=3.0)
    text = recovery.summary()
    assert len(cells(text, "bias")) == K
    assert [float(row[0]) for row in cells(text, "left")] == pytest.approx(
        [recovery.network.output_bias[0]], abs=1e-3
    )
    slope = next(line for line in text.splitlines() if line.startswith("negative slope"))
    assert len(slope.split()) == 2 + 6


def test_entries_that_are_not_determined_say_so():
    recovery = fitted(repeated=True)
    assert np.isinf(recovery.standard_errors.W[:, [0, 4]]).all()
    text = recovery.summary()
    for name in ("age", "again"):
        assert [row[1:] for row in cells(text, f"W {name}")] == [["undetermined"]] * K
    assert "their joint effect is: age, again" in " ".join(text.split())


def test_long_tables_are_cut_and_say_so(recovery):
    short = recovery.summary(max_rows=2 * (D + M))
    assert "neuron 1" in short
    assert "neuron 2" not in short
    assert "shown are 12 of 18 rows" in short
    tiny = recovery.summary(max_rows=3)
    assert "shown are 3 of 18 rows" in tiny
    assert "A left" not in tiny
    assert recovery.summary(max_rows=None) == recovery.summary()
    assert "shown are" not in recovery.summary()


def test_the_level_is_that_of_the_intervals(recovery):
    text = recovery.summary(level=0.9)
    assert "[0.05" in text
    assert "0.95]" in text
    shown = [float(cell) for cell in cells(text, "W age")[0][-2:]]
    assert shown == pytest.approx(recovery.conf_int(0.9).W[0, 0], abs=1e-3)
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        recovery.summary(level=95)


def test_without_noise_weights_are_exact():
    text = fitted(noise=0.0).summary()
    assert "exact fit" in text
    assert "the weights are exact, up to rounding" in text
    assert cells(text, "W age")[0][1] == "0"


def test_without_standard_errors_there_are_coefficients():
    recovery = replace(fitted(), errors=None)
    text = recovery.summary()
    assert "std err" not in text
    assert "no standard errors" in text
    assert [len(row) for row in cells(text, "W age")] == [1] * K


def test_what_is_not_certified_says_so():
    recovery = fitted(n_neurons=K - 1)
    assert not recovery.certified
    assert f"not certified, so do not rely on these numbers: {recovery.reason[:20]}" in " ".join(
        recovery.summary().split()
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.0, "1.0000"), (-0.25, "-0.2500"), (3e-8, "3e-08"), (2.5e7, "2.5e+07")],
)
def test_numbers_show_their_leading_digits(value, text):
    assert number(value) == text
