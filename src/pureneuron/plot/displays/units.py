"""Units: rows of W as images, over space and time, or as bars with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from pureneuron.plot.displays.rows import RowsDisplay, chosen
from pureneuron.plot.fitted import Fitted, errors_to_draw, half_width, names_of, network_of

__all__ = ["UnitsDisplay", "units"]


class UnitsDisplay(RowsDisplay):
    """Units of a network: rows of W, each with its bias."""

    what = "unit"

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, **options: Any) -> Self:
        """Draw the units of a fitted estimator; options are those of :func:`units`."""
        return cls.of(estimator, **options).plot(ax)

    @classmethod
    def of(
        cls,
        fitted: Fitted,
        *,
        neurons: Sequence[int] | None = None,
        image_shape: tuple[int, int] | None = None,
        lags: int | None = None,
    ) -> Self:
        """Take what is to be drawn from what is fitted."""
        network = network_of(fitted)
        numbers = chosen(neurons, network.n_neurons, "unit")
        errors = errors_to_draw(fitted, image_shape, lags)
        if errors is None:
            network = network.normalized()
        between = ", " if image_shape is None else "\n"
        titles = [
            f"unit {a}" + (f"{between}bias {bias:.3g}" if network.hidden_bias.any() else "")
            for a, bias in zip(numbers, network.hidden_bias[numbers], strict=True)
        ]
        return cls(
            network.W[numbers],
            None if errors is None else half_width(errors, errors.W)[numbers],
            titles=titles,
            input_names=names_of(fitted)[0],
            image_shape=image_shape,
            lags=lags,
        )


def units(
    fitted: Fitted,
    *,
    neurons: Sequence[int] | None = None,
    image_shape: tuple[int, int] | None = None,
    lags: int | None = None,
    ax: Any = None,
) -> UnitsDisplay:
    """Draw the units: rows of W at unit length.

    Parameters
    ----------
    fitted : TwoLayerNetwork, Recovery, Identification or fitted estimator
        Standard errors, where there are any, give the bars 95 % intervals.
    neurons : sequence of int, optional
        Which units; all if left out, of which the first 64 are drawn.
    image_shape : (int, int), optional
        Height and width, where the inputs are an image.
    lags : int, optional
        Number of lags, where the inputs are the past of one or several stimuli, the lag slowest:
        time goes from left to right, places from top to bottom.
    ax : Axes or array of Axes, optional
        Where to draw; one is divided.

    Returns
    -------
    UnitsDisplay
        With ``figure_``, ``axes_`` and ``artists_``.

    Raises
    ------
    ValueError
        If the inputs do not have that shape, or there is no such unit.
    """
    display = UnitsDisplay.of(fitted, neurons=neurons, image_shape=image_shape, lags=lags)
    return display.plot(ax)
