"""Links to an object by the module where it is written lead to the page of its public name.

Docstrings name functions by their modules, ``pureneuron.optimize.gauss_newton.minimize``. The
reference lists them where users import them, ``pureneuron.optimize.minimize``.
"""

from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def _public(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    if node.get("refdomain") != "py":
        return None
    *modules, name = node["reftarget"].split(".")
    domain = env.get_domain("py")
    while len(modules) > 1:
        modules.pop()
        target = ".".join([*modules, name])
        if target in domain.objects:
            return domain.resolve_xref(
                env, node["refdoc"], app.builder, node["reftype"], target, node, content
            )
    return None


def setup(app: Sphinx) -> dict[str, Any]:
    """Resolve what the Python domain has not found."""
    app.connect("missing-reference", _public)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
