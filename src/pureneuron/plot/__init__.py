"""Pictures of networks and recoveries; they need matplotlib, which loads with the first.

Each function takes a network, a recovery, an identification or a fitted estimator, and ``ax`` to
draw into. It returns a display, as scikit-learn's do: ``figure_``, ``axes_`` and the artists are
its attributes, and ``plot`` draws it once more elsewhere.
"""

from pureneuron.plot.displays.compare import CompareDisplay, compare
from pureneuron.plot.displays.linear import LinearDisplay, linear
from pureneuron.plot.displays.mixing import MixingDisplay, mixing
from pureneuron.plot.displays.order import OrderDisplay, order
from pureneuron.plot.displays.residuals import ResidualsDisplay, residuals
from pureneuron.plot.displays.spectrum import SpectrumDisplay, spectrum
from pureneuron.plot.displays.units import UnitsDisplay, units

__all__ = [
    "CompareDisplay",
    "LinearDisplay",
    "MixingDisplay",
    "OrderDisplay",
    "ResidualsDisplay",
    "SpectrumDisplay",
    "UnitsDisplay",
    "compare",
    "linear",
    "mixing",
    "order",
    "residuals",
    "spectrum",
    "units",
]
