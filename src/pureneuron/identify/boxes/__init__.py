"""Boxes: where the answers come from. One source a file; ``box_of`` chooses among them."""

from pureneuron.identify.boxes.box import Box, BoxError, Link
from pureneuron.identify.boxes.command import command_box
from pureneuron.identify.boxes.sources import box_of

__all__ = ["Box", "BoxError", "Link", "box_of", "command_box"]
