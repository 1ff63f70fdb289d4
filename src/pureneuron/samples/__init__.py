"""Where samples come from, one source a module, all seen through one protocol."""

from pureneuron.devices import to_numpy
from pureneuron.samples.arrays import ArraySamples
from pureneuron.samples.batch import (
    Batch,
    First,
    Kernel,
    Leaf,
    Max,
    Merged,
    Min,
    Stacked,
    Sum,
    merge,
    merge_leaves,
)
from pureneuron.samples.counted import CountedSamples
from pureneuron.samples.device import on_device
from pureneuron.samples.files import read_inputs, read_prediction_data, read_samples
from pureneuron.samples.files.memory import memory_limit
from pureneuron.samples.files.paths import Paths
from pureneuron.samples.files.tables import Dialect, UnclearColumns, write_table
from pureneuron.samples.numbers import refuse_nonfinite
from pureneuron.samples.protocol import Samples
from pureneuron.samples.streamed import StreamedSamples

__all__ = [
    "ArraySamples",
    "Batch",
    "CountedSamples",
    "Dialect",
    "First",
    "Kernel",
    "Leaf",
    "Max",
    "Merged",
    "Min",
    "Paths",
    "Samples",
    "Stacked",
    "StreamedSamples",
    "Sum",
    "UnclearColumns",
    "memory_limit",
    "merge",
    "merge_leaves",
    "on_device",
    "read_inputs",
    "read_prediction_data",
    "read_samples",
    "refuse_nonfinite",
    "to_numpy",
    "write_table",
]
