import equinox as eqx


class Pathwise(eqx.Module):
    """The derivative along each trial's path, its noise held fixed.

    Serves smooth observables at the end of the pulse, such as `Level`: mean and variance
    of each device and pulse, for every parameter of device and pulses. Exact for the
    sample means of the trials that were run (a property of the code, not a statistical
    statement). By a few parameters of single spins tangents run
    along with the trials; by more, a backward pass runs each block again, with states
    kept at the square root of the number of steps.
    """
