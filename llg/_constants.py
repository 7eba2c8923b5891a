"""Constants (CODATA, through `scipy.constants`)."""

from scipy import constants


GAMMA = constants.physical_constants["electron gyromag. ratio"][0]  # [rad/(s T)]
K_B = constants.k  # [J/K]
MU_0 = constants.mu_0  # [T m/A]
# Spin angular momentum carried per charge: hbar / (2 e) [J s/C]
SPIN_PER_CHARGE = constants.hbar / (2 * constants.e)
