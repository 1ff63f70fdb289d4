"""Rows on the workers of a Dask cluster, reduced where they are."""

from pureneuron.samples.dask.source import DaskSamples

__all__ = ["DaskSamples"]
