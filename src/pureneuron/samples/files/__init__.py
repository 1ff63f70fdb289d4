"""Rows in files: which columns and rows are meant, and how they are read, whole or in pieces."""

from pureneuron.samples.files.reading import (
    FileSamples,
    LoadedSamples,
    StreamedFiles,
    read_inputs,
    read_prediction_data,
    read_samples,
)

__all__ = [
    "FileSamples",
    "LoadedSamples",
    "StreamedFiles",
    "read_inputs",
    "read_prediction_data",
    "read_samples",
]
