"""Figures made from networks and recoveries; they need matplotlib, which loads with the first."""

from pureneuron.report.units import plot_units

__all__ = ["plot_units"]
