"""Linear part: rows of L, the weights that reach an output past the units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from pureneuron.plot.displays.rows import RowsDisplay, chosen
from pureneuron.plot.fitted import Fitted, errors_to_draw, half_width, names_of, network_of

__all__ = ["LinearDisplay", "linear"]


class LinearDisplay(RowsDisplay):
    """The linear part of a network, a row for each output."""

    what = "output"

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, **options: Any) -> Self:
        """Draw the linear part of a fitted estimator; options are those of :func:`linear`."""
        return cls.of(estimator, **options).plot(ax)

    @classmethod
    def of(
        cls,
        fitted: Fitted,
        *,
        outputs: Sequence[int] | None = None,
        image_shape: tuple[int, int] | None = None,
        lags: int | None = None,
    ) -> Self:
        """Take what is to be drawn from what is fitted."""
        network = network_of(fitted)
        numbers = chosen(outputs, network.n_outputs, "output")
        if not network.linear.any():
            raise ValueError("the network has no linear part: fit_linear=True fits one")
        errors = errors_to_draw(fitted, image_shape, lags)
        inputs, names = names_of(fitted)
        return cls(
            network.linear[numbers],
            None if errors is None else half_width(errors, errors.linear)[numbers],
            titles=[names[j] for j in numbers],
            input_names=inputs,
            image_shape=image_shape,
            lags=lags,
        )


def linear(
    fitted: Fitted,
    *,
    outputs: Sequence[int] | None = None,
    image_shape: tuple[int, int] | None = None,
    lags: int | None = None,
    ax: Any = None,
) -> LinearDisplay:
    """Draw the linear part L: what the inputs add to each output past the units.

    Parameters
    ----------
    fitted : TwoLayerNetwork, Recovery, Identification or fitted estimator
        Standard errors, where there are any, give the bars 95 % intervals.
    outputs : sequence of int, optional
        Which outputs; all if left out, of which the first 64 are drawn.
    image_shape, lags
        As in :func:`units`.
    ax : Axes or array of Axes, optional
        Where to draw; one is divided.

    Returns
    -------
    LinearDisplay
        With ``figure_``, ``axes_`` and ``artists_``.

    Raises
    ------
    ValueError
        If the network has no linear part, there is no such output, or the inputs do not have that
        shape.
    """
    return LinearDisplay.of(fitted, outputs=outputs, image_shape=image_shape, lags=lags).plot(ax)
