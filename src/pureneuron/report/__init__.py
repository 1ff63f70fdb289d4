"""The report: one HTML page of a recovery. Jinja and matplotlib load with the first."""

from pureneuron.report.page import page, write_report

__all__ = ["page", "write_report"]
