"""The report: one HTML page of a recovery. Jinja and matplotlib load with the first."""

from pureneuron.report.page import check_installed, rendered, write_report

__all__ = ["check_installed", "rendered", "write_report"]
