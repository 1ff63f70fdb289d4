"""Reading a network off a black box, with about as many questions as there are parameters.

``run`` is the method on one page. ``boxes`` are the sources of answers; ``questions`` counts them,
in the coordinates of a ``region``. ``precision`` sees how exactly a box answers, ``line`` finds
where it bends along a line, ``units`` reads the neurons there, ``search`` chooses the lines and
holds the ``reading`` against fresh answers, ``polish`` fits it to all of them, and ``orientation``
decides which way round the neurons are. Boxes with noise are ``sampled``, by a ``design``.
"""

from pureneuron.identify.boxes import Box, BoxError, box_of, command_box
from pureneuron.identify.identification import Identification
from pureneuron.identify.identify import identify

__all__ = ["Box", "BoxError", "Identification", "box_of", "command_box", "identify"]
