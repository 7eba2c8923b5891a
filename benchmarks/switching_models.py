"""Write error of a macrospin: published approximations, ours, and Fokker--Planck.

For stabilities 20 to 80 and overdrives .3 to 4, at times where the write error is about
.9, .5, 1e-3, 1e-6 and 1e-9, prints the relative error of each: Brown's rate below
threshold, Butler's growing cap with pi/2 and with the exact start angle above, the hazard
that circuit simulators integrate, and `compact.write_error`. Run with
`python benchmarks/switching_models.py`.
"""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize

from mtjax import compact, llg


jax.config.update("jax_enable_x64", True)
STABILITY = (20.0, 40.0, 60.0, 80.0)
OVERDRIVE = (0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.3, 1.6, 2.0, 3.0, 4.0)
AIMS = (0.9, 0.5, 1e-3, 1e-6, 1e-9)


def times(i, delta):
    """Reduced times at which our expression passes the aims."""

    def above(log_tau, aim):
        error = compact.write_error(jnp.exp(log_tau), jnp.array(i), jnp.array(delta))
        return float(jnp.log(error)) - np.log(aim)

    return [np.exp(scipy.optimize.brentq(above, -6, 60, args=(aim,))) for aim in AIMS]


def exact(i, delta, taus):
    """Fokker--Planck: in time, or the slowest mode where the barrier is above 12 kT."""
    if i < 1 and delta * (1 - i) ** 2 > 12:
        rate = float(llg.relaxation_rate(delta, -i))
        return np.exp(-rate * np.array(taus)), rate
    errors = [float(llg.write_error_rate(delta, i, tau, substeps=16)) for tau in taus]
    rate = float(llg.relaxation_rate(delta, -i)) if delta * (1 + i) ** 2 < 600 else np.nan
    return np.array(errors), rate


def rows():
    """Stability, overdrive, exact error, and the relative error of each law."""
    for delta in STABILITY:
        for i in OVERDRIVE:
            taus = times(i, delta)
            truth, rate = exact(i, delta, taus)
            tau, at = jnp.array(taus), (jnp.full(5, i), jnp.full(5, delta))
            hazard = np.exp(-np.asarray(compact.escape_rate(*at)) * tau)
            laws = {
                "ours": compact.write_error(tau, *at),
                "hazard": hazard,
                "Brown": np.exp(-np.asarray(compact.thermal_rate(*at)) * tau),
            }
            if i < 1:
                laws |= {"Butler": np.full(5, np.nan), "angle": np.full(5, np.nan)}
            else:
                cap = compact.precessional_write_error
                laws["Brown"] = np.full(5, np.nan)
                laws["Butler"] = cap(tau, *at) if i > 1 else np.full(5, np.nan)
                angle = compact.start_angle(at[0])
                laws["angle"] = cap(tau, *at, angle) if i > 1 else np.full(5, np.nan)
            ours = float(compact.escape_rate(jnp.array(i), jnp.array(delta)))
            ratio = {name: np.asarray(x) / truth - 1 for name, x in laws.items()}
            for j in range(len(AIMS)):
                apart = float(abs(laws["ours"][j] - truth[j]))
                row = {name: float(x[j]) for name, x in ratio.items()}
                yield delta, i, float(truth[j]), row, apart, ours / rate - 1


def main():
    names = ("ours", "hazard", "Brown", "Butler", "angle")
    print("relative errors of the write error; last: of the rate of the slowest mode")
    print(f"{'delta':>5} {'i':>4} {'exact':>9} " + " ".join(f"{n:>10}" for n in names))
    for delta, i, truth, row, apart, rate in rows():
        told = " ".join(f"{row[n]:10.2g}" for n in names)
        print(f"{delta:5.0f} {i:4.1f} {truth:9.2e} {told}  |abs| {apart:.1e}  {rate:.1e}")


if __name__ == "__main__":
    main()
