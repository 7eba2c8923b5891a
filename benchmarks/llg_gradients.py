"""Derivatives of Monte Carlo statistics beside those of the Fokker-Planck equation.

    python benchmarks/llg_gradients.py [--trials 100000] [--batches 50]

One macrospin (Delta = 20, alpha = 0.1) and one pulse of 2.5 times the critical current
and 1.5 units of reduced time, with edges nearly as long, from the antiparallel state and
through a series resistance of twice that of the parallel junction, so that its voltage
follows the angle. The equation is solved here by finite volumes, its derivatives are
central differences.

A cell is a derivative with respect to the logarithm of the quantity (of `b_z`, in units of
the anisotropy field), its standard error, and its z-score. Exit code 1 if some |z| is 4 or
more, or an error more than a tenth of its derivative.
"""

import argparse
import math
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from scipy import constants
from scipy.linalg import solve_banded

import mtjax.llg as llg
from mtjax.data import State


jax.config.update("jax_enable_x64", True)

GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
DELTA, ALPHA, OVERDRIVE, TAU, STEP = 20.0, 0.1, 2.5, 1.5, 0.05
# Steps of an edge, nearly as many as of the pulse: in short ones the derivatives by rise
# and fall are of second order, next to nothing.
EDGE = 300
CELLS, STEPS = 2000, 1000  # of the reference
SIDE, THICKNESS, M_S = 20e-9, 1e-9, 1e6
B_K = 2 * DELTA * constants.k * 300 / (SIDE**2 * THICKNESS * M_S)
UNIT = (1 + ALPHA**2) / (ALPHA * GAMMA * B_K)  # of reduced time [s]
DT = STEP / (GAMMA * B_K)
JUNCTION = llg.Junction(
    resistance_area=1e-12, tmr=1.5, v_half=1.0, polarisation=0.6, series_resistance=5e3
)

QUANTITIES = {
    "m_s": lambda d, p: d.m_s,
    "side": lambda d, p: d.side,
    "thickness": lambda d, p: d.thickness,
    "alpha": lambda d, p: d.alpha,
    "k_u": lambda d, p: d.k_u,
    "b_z": lambda d, p: d.b_z,
    "temperature": lambda d, p: d.temperature,
    "resistance_area": lambda d, p: d.junction.resistance_area,
    "polarisation": lambda d, p: d.junction.polarisation,
    "tmr": lambda d, p: d.junction.tmr,
    "v_half": lambda d, p: d.junction.v_half,
    "series_resistance": lambda d, p: d.junction.series_resistance,
    "voltage": lambda d, p: p.voltage,
    "width": lambda d, p: p.width,
    "rise": lambda d, p: p.rise,
    "fall": lambda d, p: p.fall,
}


def shape_anisotropy(m_s, side, thickness):
    """Of a square prism [J/m^3]."""
    edges = jnp.stack([side, side, thickness])
    tensor = llg.prism_tensor(jnp.zeros(3), edges, edges)
    return constants.mu_0 * m_s**2 * (tensor[2, 2] - tensor[0, 0]) / 2


def setting() -> tuple:
    """The magnet, its shape anisotropy made up for, and the pulse."""
    flat = shape_anisotropy(*map(jnp.asarray, (M_S, SIDE, THICKNESS)))
    device = llg.Macrospin(
        junction=JUNCTION,
        m_s=M_S,
        side=SIDE,
        thickness=THICKNESS,
        alpha=ALPHA,
        k_u=B_K * M_S / 2 + flat,
    )
    per_volt = JUNCTION.torque_per_volt(jnp.asarray(M_S), jnp.asarray(THICKNESS))
    # The junction gets half of the voltage when antiparallel, and less on its way.
    volts = -2.2 * OVERDRIVE * ALPHA * B_K / float(per_volt)
    edge = EDGE * DT
    pulses = llg.Pulses.product(voltage=volts, width=TAU * UNIT, rise=edge, fall=edge)
    return device, pulses


def moved(changes, base) -> tuple:
    """Device and pulses with each quantity changed, relative to its value."""
    device, pulses = base
    values = [
        where(device, pulses) + change * (B_K if name == "b_z" else where(device, pulses))
        for (name, where), change in zip(QUANTITIES.items(), changes, strict=True)
    ]
    return eqx.tree_at(lambda x: [w(*x) for w in QUANTITIES.values()], base, values)


def statistics(changes, base, observe, gradient, key, trials):
    """Share of the trials that are left, or mean level, after the pulse."""
    device, pulses = moved(changes, base)
    steps = math.ceil(float(TAU) * UNIT / DT) + EDGE + 2
    grid = llg.TimeGrid(dt=DT, steps=steps, settle=math.ceil(UNIT / DT))
    found = llg.sweep(
        device,
        device.samples(1),
        pulses,
        grid,
        observe=observe,
        key=key,
        trials=trials,
        gradient=gradient,
        start=State.ANTIPARALLEL,
        integrator=llg.Integrator.CAYLEY,
    )
    if isinstance(observe, llg.Switched):
        return 1 - found.switched[0] / found.trials[0]
    window = found.parallel - found.antiparallel
    return ((found.mean[0] - found.antiparallel) / window)[0]


def exact(changes, base) -> tuple[float, float]:
    r"""Share left and mean level, by the density $\rho$ of $z = m_z$ in `CELLS` volumes.

    Its flux is $(1 - z^2) r\, [(z + b_z / B_k - a(V) / \alpha B_k)\, \rho
    - \rho' / 2\Delta]$ with $r = \alpha\gamma B_k / (1 + \alpha^2)$ and the voltage $V$ of
    each $z$. Crank and Nicolson's steps, from the equilibrium in the lower well.
    """
    device, pulses = moved(changes, base)
    d, p = jax.tree.map(float, (device, pulses))
    k = d.k_u - float(shape_anisotropy(device.m_s, device.side, device.thickness))
    delta = k * d.side**2 * d.thickness / (constants.k * d.temperature)
    b_k = 2 * k / d.m_s
    rate = d.alpha * GAMMA * b_k / (1 + d.alpha**2)
    per_volt = float(device.junction.torque_per_volt(device.m_s, device.thickness))

    face = np.linspace(-1, 1, CELLS + 1)
    z, dz = (face[1:] + face[:-1]) / 2, 2 / CELLS
    end = p.width + (p.rise + p.fall) / 2
    dt = end / STEPS
    t = (np.arange(STEPS) + 0.5) * dt
    source = p.voltage * np.clip(t / p.rise, 0, 1) * np.clip((end - t) / p.fall, 0, 1)
    circuit = device.junction.circuit(device.side**2)
    volts = np.asarray(circuit.junction_voltage(face[1:-1], jnp.asarray(source)[:, None]))

    rho = np.where(z < 0, np.exp(delta * (z**2 - 1) + 2 * delta * d.b_z / b_k * z), 0.0)
    rho /= rho.sum()
    slope = 1 / (2 * delta * dz)
    for v in volts:
        drift = (face[1:-1] + d.b_z / b_k - per_volt * v / (d.alpha * b_k)) / 2
        share = (1 - face[1:-1] ** 2) * rate * dt / dz / 2  # of half a step
        # What the left and the right cell give to the flux through a face.
        left, right = share * (drift + slope), share * (drift - slope)
        flux = left * rho[:-1] + right * rho[1:]
        known = rho - np.diff(flux, prepend=0, append=0)
        bands = np.ones((3, CELLS))
        bands[0, 1:], bands[2, :-1] = right, -left
        bands[1, :-1] += left
        bands[1, 1:] -= right
        rho = solve_banded((1, 1), bands, known)
    return float(rho[z < 0].sum()), float(rho @ (1 + z) / 2)


def slopes(base) -> np.ndarray:
    """Derivatives of both by the changes, shape `(2, quantities)`."""
    h, unit = 1e-3, np.eye(len(QUANTITIES))
    return np.array(
        [np.subtract(exact(h * e, base), exact(-h * e, base)) / (2 * h) for e in unit]
    ).T


def main():
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--batches", type=int, default=50)
    options = parser.parse_args()
    base, zero = setting(), jnp.zeros(len(QUANTITIES))
    score, path = llg.Score(relaxation=3 / UNIT), llg.Pathwise()
    columns = {
        "error rate, Score": (llg.Switched(), score),
        "level, Score": (llg.Level(), score),
        "level, Pathwise": (llg.Level(), path),
        "error rate, Pathwise": (llg.Switched(), path),
    }
    expected_of = dict(zip((True, False), slopes(base), strict=True))
    keys, failed, text = jr.split(jr.key(0), options.batches), [], {}
    for column, (observe, gradient) in columns.items():
        each = options.trials // options.batches
        slope = lambda key, o=observe, g=gradient, n=each: jax.grad(statistics)(
            zero, base, o, g, key, n
        )
        try:
            samples = np.array([slope(key) for key in keys])
        except ValueError as refused:
            text[column] = str(refused)
            continue
        expected = expected_of[isinstance(observe, llg.Switched)]
        value, error = samples.mean(0), samples.std(0, ddof=1) / math.sqrt(len(keys))
        z = (value - expected) / error
        text[column] = {
            name: f"{expected[i]:9.4f} {value[i]:9.4f} +- {error[i]:.4f} {z[i]:+6.2f}"
            for i, name in enumerate(QUANTITIES)
        }
        failed += [
            f"{column}: {name}: z = {z[i]:.2f}, error {error[i] / abs(expected[i]):.1%}"
            for i, name in enumerate(QUANTITIES)
            if not (abs(z[i]) < 4 and error[i] <= 0.1 * abs(expected[i]))
        ]
    print(f"{options.trials} trials; expected, obtained, standard error, z")
    for column, cells in text.items():
        print(f"\n{column}")
        if isinstance(cells, str):
            print(f"  not offered: {cells}")
            continue
        for name, cell in cells.items():
            print(f"  {name:18s}{cell}")
    print("\n" + ("\n".join(failed) if failed else "Every cell holds."))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
