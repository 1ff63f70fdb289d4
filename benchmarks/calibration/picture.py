"""The picture: coverage of each cell in its band, and how often the omitted-unit test rejects."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from .intervals import CELLS, band, coverage
from .omitted import POWER, rejected
from .records import Record, Records
from .tables import Share, share

__all__ = ["draw_picture"]

_COLOURS = {"W": "C0", "A": "C1", "hidden_bias": "C2", "output_bias": "C3"}


def draw_picture(stores: dict[str, Records], path: Path) -> None:
    """Draw what has been measured."""
    import matplotlib.pyplot as plt

    # Names in the file depend on a salt, which is random unless it is given.
    with plt.rc_context({"svg.hashsalt": "calibration"}):
        figure, axes = plt.subplots(1, 3, figsize=(15, 6), layout="constrained")
        _draw_coverage(axes[0], stores["model"])
        _draw_rejections(axes[1], stores["model"], list(CELLS), (0.035, 0.065), "from the model")
        _draw_rejections(axes[2], stores["power"], list(POWER), (0.99, 1.0), "not right")
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def _draw_coverage(axis: Any, records: Records) -> None:
    measured = [cell for cell in CELLS if records.of(cell)]
    for i, cell in enumerate(measured):
        low, high = band(cell)
        axis.fill_betweenx([i - 0.4, i + 0.4], 100 * low, 100 * high, color="0.9")
        for j, (name, colour) in enumerate(_COLOURS.items()):
            value, error = coverage(records.of(cell), name)
            if not math.isnan(value):
                spread = 0.0 if math.isnan(error) else 200 * error
                where = i + 0.12 * (j - 1.5)
                axis.errorbar(100 * value, where, xerr=spread, fmt="o", ms=3, color=colour)
    for name, colour in _COLOURS.items():
        axis.plot([], [], "o", ms=3, color=colour, label=name.replace("_", " "))
    axis.axvline(95.0, color="0.6", lw=0.8)
    axis.set(title="coverage of 95 % intervals, %")
    axis.legend(frameon=False)
    _name_rows(axis, measured)


def _draw_rejections(
    axis: Any, records: Records, cells: list[str], wanted: tuple[float, float], title: str
) -> None:
    measured = [cell for cell in cells if records.of(cell)]
    axis.axvspan(100 * wanted[0], 100 * wanted[1], color="0.9")
    for i, cell in enumerate(measured):
        found = _rejections(records.of(cell))
        if found.of:
            low, high = found.interval
            value = found.value
            sides = [[100 * (value - low)], [100 * (high - value)]]
            axis.errorbar(100 * value, i, xerr=sides, fmt="o", ms=3, color="C0")
    axis.set(title=f"rejected at 5 %, {title}, %")
    _name_rows(axis, measured)


def _rejections(records: list[Record]) -> Share:
    return share(rejected(each) for each in records if each["status"] != "none")


def _name_rows(axis: Any, names: list[str]) -> None:
    axis.set_yticks(range(len(names)), names, fontsize=7)
    axis.set_ylim(max(len(names), 1) - 0.5, -0.5)
