"""Tables in files, one format a module: named columns, read a block of rows at a time."""

from pureneuron.samples.files.tables.formats import ENDINGS, ending_of, open_table
from pureneuron.samples.files.tables.table import Block, Dialect, Table, UnclearColumns
from pureneuron.samples.files.tables.write import write_table

__all__ = [
    "ENDINGS",
    "Block",
    "Dialect",
    "Table",
    "UnclearColumns",
    "ending_of",
    "open_table",
    "write_table",
]
