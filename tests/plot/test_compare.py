"""The picture of units beside the true ones: the right pixels at the right place."""

import numpy as np
import pytest

from pureneuron import plot
from pureneuron.model import TwoLayerNetwork


def network(k=3, d=6):
    rng = np.random.default_rng(0)
    return TwoLayerNetwork(rng.standard_normal((2, k)), rng.standard_normal((k, d)))


def pictures(display):
    """Return the images drawn, line by line, as (title, array, colour limits)."""
    return [
        (axes.get_title(), np.asarray(axes.images[0].get_array()), axes.images[0].get_clim())
        for axes in display.axes_.flat
        if axes.images
    ]


def test_pairs_are_matched_and_share_a_symmetric_scale():
    truth = network()
    net = TwoLayerNetwork(3.0 * truth.A, truth.W / 3.0).permuted([2, 0, 1])
    metric = np.diag([0.0, 1, 2, 3, 4, 5])
    drawn = pictures(plot.compare(net, truth, image_shape=(2, 3), metric=metric))
    assert len(drawn) == 12
    for view, letter in ((drawn[:6], "cos"), (drawn[6:], "r")):
        above, below = view[:3], view[3:]
        for (title, left, limits), (_, right, other_limits) in zip(above, below, strict=True):
            assert title.endswith(f"{letter} = 1.000000")
            np.testing.assert_allclose(left, right)
            assert limits == other_limits
            assert limits[0] == -limits[1]
    np.testing.assert_allclose(drawn[0][1].ravel(), truth.normalized().W[2])


def test_contributions_fade_where_inputs_hardly_vary():
    metric = np.diag([1e-12, 1.0, 2.0, 3.0, 4.0, 5.0])
    drawn = pictures(plot.compare(network(), network(), image_shape=(1, 6), metric=metric))
    for _, image, _ in drawn[6:]:
        assert abs(image[0, 0]) < 1e-5
        assert np.sum(image**2) == pytest.approx(1.0)


def test_other_numbers_of_units():
    truth = network(12)
    display = plot.compare(truth.permuted(range(11)), truth, image_shape=(3, 2))
    assert len(pictures(display)) == 22
    assert "True units without a partner: 11." in display.figure_._supxlabel.get_text()
    drawn = pictures(plot.compare(truth, truth.permuted([0]), image_shape=(3, 2)))
    assert len(drawn) == 13
    assert "unit 1\nunmatched" in [title for title, _, _ in drawn]


def test_a_dead_unit_is_white():
    net = TwoLayerNetwork(np.ones((1, 1)), np.zeros((1, 6)))
    for _, image, limits in pictures(plot.compare(net, net, image_shape=(2, 3), metric=np.eye(6))):
        assert not image.any()
        assert limits == (-1.0, 1.0)


def test_without_a_shape_there_are_bars():
    display = plot.compare(network(), network())
    assert len(display.artists_) == 6
    assert not pictures(display)


@pytest.mark.parametrize(("d", "across"), [(6, "get_xlim"), (50, "get_ylim")])
def test_bars_and_lines_of_a_pair_share_a_scale(d, across):
    net = TwoLayerNetwork(np.ones((1, 1)), np.eye(1, d) - 0.4)
    display = plot.compare(net, TwoLayerNetwork(np.ones((1, 1)), np.ones((1, d))))
    above, below = (getattr(axes, across)() for axes in display.axes_.flat)
    assert above == below
    assert above[0] == -above[1]


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"image_shape 8×8 does not hold the 6 inputs"):
        plot.compare(network(), network(), image_shape=(8, 8))
    with pytest.raises(ValueError, match=r"metric has shape \(5, 5\); \(6, 6\) is expected"):
        plot.compare(network(), network(), metric=np.eye(5))
    with pytest.raises(ValueError, match="the networks differ in size"):
        plot.compare(network(), network(d=7))
