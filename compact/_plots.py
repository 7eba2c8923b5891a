from typing import Any

import numpy as np

from ._fit import Fit


def plot_residuals(fit: Fit, statistics: Any, *, axes: Any = None) -> Any:
    """Standardised residuals of the mean curve by pulse, with the band of two deviations.

    **Arguments:**

    - `fit`: Of these `statistics`.
    - `axes`: Matplotlib axes; a figure is made if there are none.

    **Returns:** the axes.
    """
    import matplotlib.pyplot as plt

    if axes is None:
        _, axes = plt.subplots(layout="constrained")
    residual, counts = (np.asarray(x) for x in fit.model.residuals(statistics))
    number = np.arange(residual.size)
    axes.axhspan(-2, 2, color="0.9")
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.plot(number[counts], residual[counts], "o")
    axes.set_xlabel("pulse, in the order of the grid")
    axes.set_ylabel("residual / deviation")
    chi, degrees = float(fit.chi_square), int(fit.degrees)
    axes.set_title(f"chi-square {chi:.1f}, {degrees} degrees of freedom")
    return axes
