import builtins

import numpy as np
import pytest

from pureneuron import TwoLayerNetwork
from pureneuron.report import plot_units


def network(k=3, d=6, seed=0):
    rng = np.random.default_rng(seed)
    return TwoLayerNetwork(rng.standard_normal((4, k)), rng.standard_normal((k, d)))


def pictures(figure):
    """Return for each view the images drawn, as (title, array, colour limits)."""
    return [
        [
            (axes.get_title(), np.asarray(axes.images[0].get_array()), axes.images[0].get_clim())
            for axes in part.axes
            if axes.images
        ]
        for part in figure.subfigs
    ]


def test_units_alone():
    net = network()
    (view,) = pictures(plot_units(net, shape=(2, 3)))
    assert [title for title, _, _ in view] == ["unit 0", "unit 1", "unit 2"]
    for row, (_, image, limits) in zip(net.normalized().W, view, strict=True):
        np.testing.assert_allclose(image, row.reshape(2, 3))
        assert limits == pytest.approx((-np.abs(row).max(), np.abs(row).max()))


def test_pairs_are_matched_and_share_a_symmetric_scale():
    truth = network()
    net = TwoLayerNetwork(3.0 * truth.A, truth.W / 3.0).permuted([2, 0, 1])
    weights, contributions = pictures(
        plot_units(net, truth=truth, shape=(2, 3), metric=np.diag([0.0, 1, 2, 3, 4, 5]))
    )
    for view, letter in ((weights, "cos"), (contributions, "r")):
        above, below = view[:3], view[3:]
        for (title, left, limits), (_, right, other_limits) in zip(above, below, strict=True):
            assert title.endswith(f"{letter} = 1.000000")
            np.testing.assert_allclose(left, right)
            assert limits == other_limits
            assert limits[0] == -limits[1]


def test_contributions_fade_where_inputs_hardly_vary():
    variances = np.array([1e-12, 1.0, 2.0, 3.0, 4.0, 5.0])
    _, view = pictures(plot_units(network(), shape=(1, 6), metric=np.diag(variances)))
    for _, image, _ in view:
        assert abs(image[0, 0]) < 1e-5
        assert np.sum(image**2) == pytest.approx(1.0)


def test_other_numbers_of_units():
    truth = network(12)
    figure = plot_units(truth.permuted(range(11)), truth=truth, shape=(3, 2))
    (view,) = pictures(figure)
    assert len(view) == 22
    assert "True units without a partner: 11." in figure._supxlabel.get_text()
    (view,) = pictures(plot_units(truth, truth=truth.permuted([0]), shape=(3, 2)))
    assert len(view) == 13
    assert "unit 1\nunmatched" in [title for title, _, _ in view]


def test_a_dead_unit_is_white():
    net = TwoLayerNetwork(np.ones((1, 1)), np.zeros((1, 6)))
    for view in pictures(plot_units(net, truth=net, shape=(2, 3), metric=np.eye(6))):
        for _, image, limits in view:
            assert not image.any()
            assert limits == (-1.0, 1.0)


def test_the_figure_can_be_saved(tmp_path):
    plot_units(network(), shape=(2, 3), metric=np.eye(6)).savefig(tmp_path / "units.png")
    assert (tmp_path / "units.png").read_bytes().startswith(b"\x89PNG")


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"shape \(8, 8\) does not hold the 6 inputs"):
        plot_units(network())
    with pytest.raises(ValueError, match=r"metric has shape \(5, 5\); \(6, 6\) is expected"):
        plot_units(network(), shape=(2, 3), metric=np.eye(5))
    with pytest.raises(ValueError, match="the networks differ in size"):
        plot_units(network(), truth=network(d=7), shape=(2, 3))


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def absent(name, *arguments, **options):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match=r"pip install 'pureneuron\[report\]'"):
        plot_units(network(), shape=(2, 3))
