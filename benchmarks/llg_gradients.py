"""Derivatives of Monte Carlo statistics beside those of the Fokker-Planck equation.

    python benchmarks/llg_gradients.py [--trials 100000] [--batches 25]

One macrospin (Delta = 20, alpha = 0.1) and one pulse of twice the critical current and
two units of reduced time, with edges. A cell is a derivative with respect to the
logarithm of the quantity (of `b_z`, in units of the anisotropy field), its standard
error, and its z-score; an empty one says why. Exit code 1 if some |z| is 4 or more, or an
error more than a tenth of its derivative (of rise and fall, which at half maximum act in
second order only: a hundredth of that of the voltage).
"""

import argparse
import math
import sys
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from scipy import constants

import mtjax.llg as llg


jax.config.update("jax_enable_x64", True)

GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
DELTA, ALPHA, OVERDRIVE, TAU, STEP = 20.0, 0.1, 2.0, 2.0, 0.05
SIDE, THICKNESS, M_S = 20e-9, 1e-9, 1e6
B_K = 2 * DELTA * constants.k * 300 / (SIDE**2 * THICKNESS * M_S)
UNIT = (1 + ALPHA**2) / (ALPHA * GAMMA * B_K)  # of reduced time [s]
DT = STEP / (GAMMA * B_K)
JUNCTION: dict[str, Any] = dict(
    resistance_area=5e-12, tmr=1.0, v_half=0.5, polarisation=0.6
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
    "voltage": lambda d, p: p.voltage,
    "width": lambda d, p: p.width,
    "rise": lambda d, p: p.rise,
    "fall": lambda d, p: p.fall,
}
EMPTY = {
    "tmr": "no effect on a level where the source sets the voltage (R_s = 0)",
    "v_half": "no effect on a level where the source sets the voltage (R_s = 0)",
    "series_resistance": "no reference: at R_s > 0 the voltage follows the angle",
}


def setting() -> tuple:
    """The magnet, its shape anisotropy made up for, and the pulse."""
    tensor = llg.prism_tensor(jnp.zeros(3), *(jnp.array([1.0, 1.0, THICKNESS / SIDE]),) * 2)
    shape = constants.mu_0 * M_S**2 * (tensor[2, 2] - tensor[0, 0]) / 2
    junction = llg.Junction(**JUNCTION, series_resistance=0.0)
    device = llg.Macrospin(
        junction=junction,
        m_s=M_S,
        side=SIDE,
        thickness=THICKNESS,
        alpha=ALPHA,
        k_u=B_K * M_S / 2 + shape,
    )
    volts = (
        OVERDRIVE
        * ALPHA
        * B_K
        / float(junction.torque_per_volt(jnp.asarray(M_S), jnp.asarray(THICKNESS)))
    )
    edge = 40 * DT  # whole steps: the ramp of a part of one is not exact
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
    steps = math.ceil(float(TAU + 0.2) * UNIT / DT) + 2
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
    )
    if isinstance(observe, llg.Switched):
        return 1 - found.switched[0] / found.trials[0]
    window = found.parallel - found.antiparallel
    return ((found.mean[0] - found.antiparallel) / window)[0]


def exact(changes, base, count: bool):
    """The same by the Fokker-Planck equation."""
    found = llg.fokker_planck(*moved(changes, base), modes=121, substeps=32)
    if count:
        return found.write_error_rate
    return (1 + found.moments[1] / math.sqrt(3)) / 2


def main():
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--batches", type=int, default=25)
    options = parser.parse_args()
    base, zero = setting(), jnp.zeros(len(QUANTITIES))
    score, path = llg.Score(relaxation=3 / UNIT), llg.Pathwise()
    columns = {
        "error rate, Score": (llg.Switched(), score),
        "level, Score": (llg.Level(), score),
        "level, Pathwise": (llg.Level(), path),
        "error rate, Pathwise": (llg.Switched(), path),
    }
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
        count = isinstance(observe, llg.Switched)
        expected = np.array(jax.grad(exact)(zero, base, count))
        value, error = samples.mean(0), samples.std(0, ddof=1) / math.sqrt(len(keys))
        z = (value - expected) / error
        text[column] = {
            name: f"{expected[i]:9.4f} {value[i]:9.4f} +- {error[i]:.4f} {z[i]:+6.2f}"
            for i, name in enumerate(QUANTITIES)
        }
        size = np.abs(expected)
        slight = [name in ("rise", "fall") for name in QUANTITIES]
        size[slight] = 0.1 * size[list(QUANTITIES).index("voltage")]
        failed += [
            f"{column}: {name}: z = {z[i]:.2f}, error {error[i] / size[i]:.1%}"
            for i, name in enumerate(QUANTITIES)
            if not (abs(z[i]) < 4 and error[i] <= 0.1 * size[i])
        ]
    print(f"{options.trials} trials; expected, obtained, standard error, z")
    for column, cells in text.items():
        print(f"\n{column}")
        if isinstance(cells, str):
            print(f"  not offered: {cells}")
            continue
        for name, cell in cells.items():
            print(f"  {name:18s}{cell}")
    print("\nno cell:")
    for name, reason in EMPTY.items():
        print(f"  {name:18s}{reason}")
    print("\n" + ("\n".join(failed) if failed else "Every cell holds."))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
