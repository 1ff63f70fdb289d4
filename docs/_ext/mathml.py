"""Formulas as MathML, which browsers draw by themselves: no script is loaded for them."""

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util.math import get_node_equation_number


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    formula = convert(node.astext(), display="block")
    number = get_node_equation_number(self, node) if node["number"] else ""
    anchor = f' id="{node["ids"][0]}"' if node["ids"] else ""
    label = f'<span class="eqno">({number})</span>' if number else ""
    self.body.append(f'<div class="math"{anchor} tabindex="0">{formula}{label}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the renderer ``mathml``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
