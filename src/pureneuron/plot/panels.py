"""Places to draw into: given axes, a given place that is divided, or a new figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "MARK", "OTHER_MARK", "hide_unused", "panel", "panels", "plain", "short"]

# Blue and orange are told apart by nearly all; white is zero.
COLOURS = "PuOr_r"
MARK = "#2f7ed8"
OTHER_MARK = "#c65911"


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install 'pureneuron[report]'") from error
    return plt


def panel(ax: Axes | None, *, size: tuple[float, float]) -> Axes:
    """Return the axes given, or those of a new figure of a size in inches."""
    if ax is not None:
        return ax
    _, new = _pyplot().subplots(figsize=size, layout="constrained")
    return new  # type: ignore[no-any-return]


def panels(ax: Any, rows: int, columns: int, *, size: tuple[float, float]) -> Any:
    """Return an array (rows, columns) of axes.

    Parameters
    ----------
    ax : Axes, array of Axes, or None
        One is divided, as scikit-learn does, and its figure gets a constrained layout if it has
        none; an array of the right number is taken as it is; None
        is a new figure.
    rows, columns : int
        How many.
    size : (float, float)
        Of a new figure, in inches.

    Raises
    ------
    ValueError
        If there are too few axes.
    """
    if ax is None:
        _, axes = _pyplot().subplots(
            rows, columns, figsize=size, layout="constrained", squeeze=False
        )
        return axes
    if not hasattr(ax, "get_subplotspec"):
        given = np.asarray(ax, dtype=object)
        if given.size != rows * columns:
            raise ValueError(f"ax has {given.size} axes, and {rows * columns} are needed")
        return given.reshape(rows, columns)
    _pyplot()
    if ax.figure.get_layout_engine() is None:
        # What is divided needs room between its parts.
        ax.figure.set_layout_engine("constrained")
    from matplotlib.gridspec import GridSpecFromSubplotSpec

    ax.set_axis_off()
    spec = ax.get_subplotspec()
    if spec is None:
        raise ValueError("ax has no place in a grid to be divided: make it by add_subplot")
    grid = GridSpecFromSubplotSpec(rows, columns, subplot_spec=spec)
    made = [[ax.figure.add_subplot(grid[i, j]) for j in range(columns)] for i in range(rows)]
    return np.array(made, dtype=object)


def hide_unused(axes: Any, used: int) -> None:
    """Hide the axes beyond those that are used."""
    for each in axes.flat[used:]:
        each.set_axis_off()


def short(name: str, most: int = 18) -> str:
    """Return a name of at most so many letters."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def plain(text: Any) -> Any:
    """Show a text as it is: a dollar sign in a name is no formula."""
    for each in np.atleast_1d(np.asarray(text, dtype=object)):
        each.set_parse_math(False)
    return text
