import enum


class Integrator(enum.Enum):
    """How a step is taken; both converge to Stratonovich's interpretation of the noise.

    - `HEUN`: the mean of the rates at both ends, then the norm is restored.
    - `CAYLEY`: the mean of the angular velocities at both ends as one rotation, by
      Cayley's map: the norm is kept by every step.

    Without noise both are of second order; with the noise of a spin, of strong order
    1/2 where the three components of the noise do not commute.
    """

    HEUN = "Heun"
    CAYLEY = "Cayley"
