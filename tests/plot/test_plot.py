"""Pictures of networks and recoveries: what is drawn is what is there."""

import builtins
import itertools
import subprocess
import sys
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from pureneuron import PureNeuronRegressor, TwoLayerNetwork, identify, plot
from pureneuron.datasets import make_teacher
from pureneuron.standard_errors import StandardErrors

D, K, M, N = 6, 3, 2, 1500


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((N, D))
    return X, make_teacher(D, K, M, rng=0).predict(X) + 0.1 * rng.standard_normal((N, M))


@pytest.fixture(scope="module")
def estimator(data):
    return PureNeuronRegressor(random_state=0).fit(*data)


def undetermined(recovery, a, i):
    errors: StandardErrors = recovery.standard_errors
    W = errors.W.copy()
    W[a, i] = np.inf
    return replace(recovery, errors=replace(errors, W=W))


def test_bars_are_the_weights_and_their_intervals(estimator):
    display = plot.units(estimator)
    ends = estimator.recovery_.conf_int(0.95).W
    for a, bars in enumerate(display.artists_):
        np.testing.assert_allclose([bar.get_width() for bar in bars], estimator.components_[a])
        drawn = np.array([segment[:, 0] for segment in bars.errorbar[2][0].get_segments()])
        np.testing.assert_allclose(drawn, ends[a])


def test_what_is_undetermined_is_said_and_not_drawn(estimator):
    display = plot.units(undetermined(estimator.recovery_, 1, 2))
    words = [text.get_text() for text in display.axes_.flat[1].texts]
    assert words == [" undetermined"]
    assert display.artists_[1][2].get_width() == 0.0


def test_units_as_images_and_over_lags(estimator):
    W = estimator.components_
    images = plot.units(estimator, image_shape=(2, 3), neurons=[2, 0]).artists_
    np.testing.assert_allclose(images[0].get_array(), W[2].reshape(2, 3), rtol=1e-14)
    np.testing.assert_allclose(images[1].get_array(), W[0].reshape(2, 3), rtol=1e-14)
    # Three lags of two places: time goes from left to right.
    lagged = plot.units(estimator, lags=3).artists_[0]
    np.testing.assert_allclose(lagged.get_array(), W[0].reshape(3, 2).T, rtol=1e-14)


def test_images_ask_for_no_errors(estimator):
    def expensive():
        raise AssertionError("errors were made")

    recovery = replace(estimator.recovery_, errors=expensive)
    plot.units(recovery, image_shape=(2, 3))
    plot.units(recovery, lags=2)
    with pytest.raises(AssertionError, match="errors were made"):
        plot.units(recovery)


def test_undetermined_weights_interrupt_a_line():
    half = np.full((1, 50), 0.1)
    half[0, [3, 7]] = np.inf
    display = plot.UnitsDisplay(
        np.ones((1, 50)), half, titles=["unit 0"], input_names=[f"x{i}" for i in range(50)]
    ).plot()
    assert list(np.flatnonzero(np.isnan(display.artists_[0].get_ydata()))) == [3, 7]
    assert [each.get_text() for each in display.axes_[0, 0].texts] == ["undetermined: 2 of 50"]


def test_a_network_alone_is_drawn_in_normal_form():
    net = TwoLayerNetwork(np.ones((1, 2)), 5.0 * np.eye(2, 3))
    bars = plot.units(net).artists_[1]
    assert [bar.get_width() for bar in bars] == [0.0, 1.0, 0.0]


def test_many_units_and_many_inputs():
    display = plot.units(make_teacher(50, 70, 3, rng=0))
    assert len(display.artists_) == 64
    assert "6 units more are not shown" in display.axes_.flat[63].get_xlabel()


def test_mixing(estimator):
    display = plot.mixing(estimator)
    np.testing.assert_array_equal(display.image_.get_array(), estimator.mixing_)
    low, high = display.image_.get_clim()
    assert low == -high
    error = estimator.recovery_.standard_errors.A[1, 2]
    assert display.texts_[5].get_text() == f"{estimator.mixing_[1, 2]:.3g}\n±{error:.1g}"


def test_cells_without_room_get_no_numbers():
    assert len(plot.mixing(make_teacher(12, 12, 3, rng=0)).texts_) == 36
    assert plot.mixing(make_teacher(70, 70, 1, rng=0)).texts_ == []
    assert plot.mixing(make_teacher(3, 1, 40, rng=0)).texts_ == []


def test_residuals_of_kept_rows_and_of_data(estimator, data):
    X, Y = data
    kept = plot.residuals(estimator, output=1)
    rows = estimator.recovery_.rows
    np.testing.assert_allclose(
        kept.residual, Y[rows.index, 1] - estimator.predict(X[rows.index])[:, 1]
    )
    given = plot.ResidualsDisplay.from_estimator(estimator, X, Y, output=1)
    np.testing.assert_allclose(given.residual, Y[:, 1] - estimator.predict(X)[:, 1])
    np.testing.assert_array_equal(given.points_[1].get_xdata(), np.arange(N))


def test_spectrum(estimator):
    recovery = estimator.recovery_
    display = plot.spectrum(recovery)
    values = recovery.stage("linear part").figures["singular_values"]
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), values)


def test_order_shows_every_number_that_was_tried(estimator):
    display = plot.order(estimator)
    tried = estimator.recovery_.stage("number of neurons").figures
    assert set(tried["n_neurons"]) <= set(display.n_neurons)
    assert display.chosen == K
    chosen = display.p_values[display.n_neurons == K]
    assert chosen == estimator.recovery_.stage("inference").figures["omitted_unit_p_value"]
    assert display.p_values[display.n_neurons == K - 1] < 1e-6


def test_the_test_of_one_neuron_less_has_a_mark_of_its_own(data):
    recovery = PureNeuronRegressor(K, random_state=0).fit(*data).recovery_
    display = plot.order(recovery)
    assert list(display.n_neurons) == list(display.line_.get_xdata()) == [K]
    assert display.smaller == recovery.stage("inference").figures["smaller_p_value"]
    assert display.smaller_.get_xdata() == [K - 1]
    assert display.ax_.get_xlim() == (K - 1.5, K + 0.5)


def test_the_linear_part_and_its_intervals(data):
    X, Y = data
    L = np.random.default_rng(3).standard_normal((M, D))
    estimator = PureNeuronRegressor(K, fit_linear=True, random_state=0).fit(X, Y + X @ L.T)
    recovery = estimator.recovery_
    assert recovery.network.linear.any()
    display = plot.LinearDisplay.from_estimator(estimator)
    assert [axes.get_title() for axes in display.axes_.flat] == ["y0", "y1"]
    ends = recovery.conf_int(0.95).linear
    for j, bars in enumerate(display.artists_):
        widths = [bar.get_width() for bar in bars]
        np.testing.assert_allclose(widths, recovery.network.linear[j])
        drawn = np.array([segment[:, 0] for segment in bars.errorbar[2][0].get_segments()])
        np.testing.assert_allclose(drawn, ends[j])
    (image,) = plot.linear(recovery, outputs=[1], image_shape=(2, 3)).artists_
    np.testing.assert_allclose(image.get_array().ravel(), recovery.network.linear[1])
    with pytest.raises(ValueError, match="there is no output 2: they are 0 to 1"):
        plot.linear(recovery, outputs=[2])


def test_a_p_value_below_the_scale_is_said():
    display = plot.OrderDisplay(np.array([1, 2, 3]), np.array([0.0, 1e-40, 0.5]), 3).plot()
    assert [text.get_text() for text in display.ax_.texts] == ["< 1e-16"]
    assert plot.OrderDisplay(np.array([3]), np.array([0.5]), 3).plot().ax_.texts[:] == []


def test_axes_that_are_given_are_used(estimator):
    _, (left, right) = plt.subplots(1, 2)
    assert plot.mixing(estimator, ax=left).ax_ is left
    display = plot.units(estimator, ax=right)
    assert display.figure_ is right.figure
    assert len(display.artists_) == K
    _, three = plt.subplots(3)
    assert list(plot.residuals(estimator, ax=three).axes_.flat) == list(three)
    with pytest.raises(ValueError, match="ax has 3 axes, and 2 are needed"):
        plot.units(estimator, neurons=[0, 1], ax=three)


def test_a_divided_axes_keeps_its_parts_apart(estimator):
    figure, ax = plt.subplots()
    axes = plot.residuals(estimator, ax=ax).axes_.flat
    figure.draw_without_rendering()
    boxes = [each.get_tightbbox() for each in axes]
    assert all(left.x1 <= right.x0 for left, right in itertools.pairwise(boxes))
    assert min(box.x0 for box in boxes) >= 0.0
    assert max(box.x1 for box in boxes) <= figure.bbox.x1


def test_what_can_be_drawn_and_what_not(estimator, data):
    pipeline = make_pipeline(FunctionTransformer(), PureNeuronRegressor(random_state=0)).fit(*data)
    assert len(plot.units(pipeline[-1]).artists_) == K
    box = identify(estimator.predict, D, rng=0)
    assert len(plot.units(box).artists_) == K
    with pytest.raises(ValueError, match="there is no spectrum"):
        plot.spectrum(box)
    with pytest.raises(TypeError, match=r"pipeline\[-1\]"):
        plot.units(pipeline)
    with pytest.raises(NotFittedError, match="Call 'fit'"):
        plot.units(PureNeuronRegressor())
    with pytest.raises(TypeError, match="got list"):
        plot.units([])
    with pytest.raises(ValueError, match="the network has no linear part: fit_linear=True"):
        plot.linear(estimator)
    with pytest.raises(ValueError, match="there are no tests"):
        plot.order(estimator.network_)
    with pytest.raises(ValueError, match="no rows are at hand: give X and y"):
        plot.residuals(estimator.network_)
    with pytest.raises(ValueError, match="there is no output 2"):
        plot.residuals(estimator, output=2)
    with pytest.raises(ValueError, match="there is no unit 3"):
        plot.units(estimator, neurons=[3])
    with pytest.raises(ValueError, match="lags=4 does not divide the 6 inputs"):
        plot.units(estimator, lags=4)


def test_dollar_signs_in_names_are_no_formulas(data):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(data[0], columns=["$\\frac", "a$b$", "c", "d", "e", "f"])
    fitted = PureNeuronRegressor(K, random_state=0).fit(X, data[1])
    plot.units(fitted).figure_.canvas.draw()


def test_matplotlib_loads_with_the_first_picture():
    script = "import sys, pureneuron.plot; print('matplotlib' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "False"


def test_without_matplotlib_the_extra_is_named(estimator, monkeypatch):
    real = builtins.__import__

    def absent(name, *arguments, **options):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match=r"pip install 'pureneuron\[report\]'"):
        plot.mixing(estimator)
