"""Passes that are kept in a folder, so that a run that was stopped goes on."""

from pureneuron.samples.checkpoint.journal import Journal
from pureneuron.samples.checkpoint.samples import CheckpointedSamples

__all__ = ["CheckpointedSamples", "Journal"]
