import equinox as eqx

from ..data import quantity, Scalar


class Spec(eqx.Module):
    """How weights become arrays.

    `None` for `dac_bits` or `adc_bits` is an ideal converter.
    """

    levels: int = eqx.field(static=True, default=4)
    """Levels of one cell; a differential pair then has `2 * levels - 1` weights."""
    tile: int = eqx.field(static=True, default=64)
    """Word lines and bit lines of a tile."""
    dac_bits: int | None = eqx.field(static=True, default=None)
    adc_bits: int | None = eqx.field(static=True, default=None)
    wire: Scalar = quantity(
        "Ohm", lower=0, default=0.0, doc="resistance of a line segment between two cells"
    )
    read_voltage: Scalar = quantity(
        "V", above=0, default=0.1, doc="word-line voltage of the largest input"
    )

    def __check_init__(self):
        if self.levels < 2:
            raise ValueError(f"`levels` must be at least 2, got {self.levels}.")
        if self.tile < 1:
            raise ValueError(f"`tile` must be at least 1, got {self.tile}.")
        for name in ("dac_bits", "adc_bits"):
            bits = getattr(self, name)
            if bits is not None and not 1 <= bits <= 24:
                raise ValueError(f"`{name}` must be from 1 to 24, or None, got {bits}.")
