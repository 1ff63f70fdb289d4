"""A figure of matplotlib as an element of a page: its colours follow the page, its text is text."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["inline_svg"]

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
# From so many points on, a picture of them is shorter than a list of them.
_MOST_MARKS = 400
# Wider figures, in points, are not made to fit a phone: they scroll there.
_BROAD = 500.0


def inline_svg(figure: Figure, name: str) -> str:
    """Return a figure as an ``svg`` element.

    Black becomes the colour of the text around it, so that the figure can be read on a dark page,
    and identifiers get a prefix, so that several figures can stand on one page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    name : str
        The prefix, and the identifier of the element.
    """
    import matplotlib
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D

    for line in figure.findobj(Line2D):
        dotted = line.get_marker() not in ("None", None, "")
        line.set_rasterized(dotted and np.size(line.get_xdata()) > _MOST_MARKS)
    for marks in figure.findobj(Collection):
        marks.set_rasterized(np.shape(marks.get_offsets())[0] > _MOST_MARKS)
    bars = [bar for axes in figure.axes for bar in axes.patches]
    for bar in bars:
        bar.set_rasterized(len(bars) > _MOST_MARKS)
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, dpi=110, metadata={"Date": None})
    return _adapted(file.getvalue(), name)


def _adapted(document: bytes, name: str) -> str:
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    root = ElementTree.fromstring(document)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                value = f"{name}-{value}"
            elif key == f"{{{_XLINK}}}href" and value.startswith("#"):
                value = f"#{name}-{value[1:]}"
            else:
                value = re.sub(r"url\(#", f"url(#{name}-", value)
                if key in ("style", "fill", "stroke"):
                    value = re.sub(r"#000000\b", "currentColor", value)
            element.set(key, value)
    # As wide as the page at most, and no larger than it was drawn.
    width = float(root.attrib.pop("width").removesuffix("pt"))
    root.attrib.pop("height")
    root.attrib |= {"style": f"max-width: min(100%, {width / 10.0:.1f}em)"}
    if width > _BROAD:
        root.set("class", "broad")
    root.attrib |= {"id": name, "aria-hidden": "true", "focusable": "false"}
    # The figure around it has the text that stands for it.
    return ElementTree.tostring(root, encoding="unicode")
