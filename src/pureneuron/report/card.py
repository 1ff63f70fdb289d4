"""A recovery as a notebook shows it: the answer first, then the facts; the stages fold out."""

from __future__ import annotations

from html import escape

from pureneuron.model.in_notebooks import network_as_html
from pureneuron.report.result import Result

__all__ = ["card"]


def card(result: Result) -> str:
    """Return HTML without scripts or styles of its own."""
    colour = "#1a7f37" if result.certified else "#b35900"
    facts = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in result.facts()
    )
    stages = "".join(
        f"<tr><td>{escape(stage.name)}</td><td>{escape(stage.summary)}</td>"
        f"<td>{stage.seconds:.2f} s</td></tr>"
        for stage in result.stages
    )
    remarks = "".join(f"<li>{escape(text)}</li>" for text in (*result.warnings, *result.notes))
    network = network_as_html(result.network, result.input_names, result.output_names)
    return (
        f'<div><p><b style="color:{colour}">{escape(result.status.name)}</b>: '
        f"{escape(result.reason)}.<br>{escape(result.advice)}</p>"
        f"{f'<ul>{remarks}</ul>' if remarks else ''}"
        f"<table><tbody>{facts}</tbody></table>"
        f"<details><summary>Network</summary>{network}</details>"
        f"<details><summary>Stages</summary><table><tbody>{stages}</tbody></table></details></div>"
    )
