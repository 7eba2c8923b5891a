import shutil
import subprocess

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.compact as compact
import mtjax.data as data

from .test_junction import JUNCTION
from .test_macrospin import TRUTH


MODEL = compact.SwitchingJunction(
    JUNCTION, TRUTH, compact.MagneticTemperature(curie=1100.0)
)
P, AP = data.State.PARALLEL, data.State.ANTIPARALLEL


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    openvaf = pytest.importorskip("openvaf_py")
    path = tmp_path_factory.mktemp("va") / "mtj.va"
    path.write_text(compact.verilog_a(MODEL))
    (module,) = openvaf.compile_va(str(path))
    return module


def evaluate(module, voltage, state, temperature, **parameters):
    """Resistive residuals by node: p, n, s, hp, ha."""
    values = {
        key: value
        for part in (JUNCTION, TRUTH)
        for key in data.quantities(part)
        for value in [float(getattr(part, key))]
    }
    values |= {
        "reference_junction": 300.0,
        "reference_magnet": 300.0,
        "curie": 1100.0,
        "anisotropy_exponent": 2.2,
        "u_p": 0.5,
        "u_ap": 0.5,
        "snap": 1e-11,
        "V(p,n)": voltage,
        "V(s)": state,
        "V(hp)": 0.0,
        "V(ha)": 0.0,
        "$temperature": temperature,
        "mfactor": 1.0,
    }
    residuals, _ = module.run_init_eval(values | parameters)
    return [resistive for resistive, _ in residuals]


@pytest.mark.parametrize("vcma, stray", ((0.0, 0.0), (0.2, 0.05)))
def test_verilog_a_equals_python(module, vcma, stray):
    names = [n["name"] for n in module.get_dae_system()["nodes"]]
    model = eqx.tree_at(
        lambda m: (m.switching.vcma, m.switching.stray),
        MODEL,
        (jnp.asarray(vcma), jnp.asarray(stray)),
    )
    for temperature in (233.0, 300.0, 398.0):
        for voltage in np.linspace(-0.9, 0.9, 13):
            v, t = jnp.array(voltage), jnp.array(temperature)
            for state, start, node in ((1.0, P, "hp"), (-1.0, AP, "ha"), (0.3, None, "")):
                row = evaluate(module, voltage, state, temperature, vcma=vcma, stray=stray)
                found = dict(zip(names, row, strict=True))
                current = model.current(v, jnp.array(state), t)
                np.testing.assert_allclose(found["p"], current, rtol=1e-9, atol=1e-18)
                np.testing.assert_allclose(found["n"], -current, rtol=1e-9, atol=1e-18)
                if start is not None:
                    rate = model.rate(v, start, t)
                    np.testing.assert_allclose(-found[node] / 1e-9, rate, rtol=1e-9)


def test_mismatch_parameters_scale_resistance_and_threshold(module):
    nominal = evaluate(module, 0.3, 1.0, 300.0)
    moved = evaluate(module, 0.3, 1.0, 300.0, mc_resistance=0.1)
    np.testing.assert_allclose(nominal[0] / moved[0], np.exp(0.1), rtol=1e-12)


def test_ranges_of_the_card_are_those_of_the_quantities():
    text = compact.verilog_a(MODEL)
    assert "parameter real tmr = 1.5 from [0.0:inf); // [1]" in text
    assert "parameter real stray = 0.0 from (-1.0:1.0);" in text
    assert "$random" not in text
    assert "@(" not in text


def run_ngspice(tmp_path, deck):
    if shutil.which("ngspice") is None:
        pytest.skip("ngspice is not installed")
    (tmp_path / "deck.cir").write_text(deck)
    out = subprocess.run(
        ["ngspice", "-b", "deck.cir"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (tmp_path / "out.txt").exists(), out.stdout + out.stderr
    return np.loadtxt(tmp_path / "out.txt")


@pytest.mark.parametrize("state", (1, -1))
def test_ngspice_current_equals_python(tmp_path, state):
    deck = f"""* I-V
{compact.ngspice(MODEL)}
V1 a 0 0
X1 a 0 s mtj state0={state}
Rhold s h 1e-12
Vh h 0 {state}
.options temp=85 reltol=1e-8
.control
dc V1 -0.25 0.25 0.05
wrdata out.txt i(V1)
.endc
.end
"""
    rows = run_ngspice(tmp_path, deck)
    v = jnp.asarray(rows[:, 0])
    ones = jnp.ones_like(v)
    expected = -MODEL.current(v, state * ones, 358.15 * ones)
    np.testing.assert_allclose(rows[:, 1], expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    "start, voltage, u", ((P, 0.35, 0.5), (P, 0.4, 0.01), (AP, -0.3, 0.7))
)
def test_ngspice_fires_when_survival_has_fallen_to_u(tmp_path, start, voltage, u):
    rate = float(MODEL.rate(jnp.array(voltage), start, jnp.array(300.0)))
    expected = -np.log(u) / rate
    deck = f"""* write
{compact.ngspice(MODEL)}
V1 a 0 {voltage}
X1 a 0 s mtj state0={1 if start is P else -1} u_p={u} u_ap={u} snap={expected * 1e-4}
.options temp=26.85 reltol=1e-6
.control
tran {expected / 2000} {expected * 1.05} 0 {expected / 2000} uic
wrdata out.txt v(s)
.endc
.end
"""
    time, state = run_ngspice(tmp_path, deck).T
    sign = 1 if start is P else -1
    crossed = time[np.argmax(sign * state < 0)]
    assert sign * state[0] > 0.99
    assert sign * state[-1] < -0.99
    # survival at the crossing is u, to 1e-3 (and the reversal itself takes 5 snaps)
    assert abs(np.exp(-rate * crossed) - u) < 2e-3


def test_ngspice_integrates_the_survival_curve(tmp_path):
    voltage = jnp.array(0.4)
    rate = float(MODEL.rate(voltage, P, jnp.array(300.0)))
    deck = f"""* survival
{compact.ngspice(MODEL)}
V1 a 0 0.4
X1 a 0 s mtj state0=1 u_p=1e-4
.options temp=26.85 reltol=1e-6
.control
tran {0.01 / rate} {5 / rate} 0 {0.01 / rate} uic
wrdata out.txt v(x1.hp)
.endc
.end
"""
    time, hazard = run_ngspice(tmp_path, deck).T
    assert time[-1] > 4.9 / rate
    assert np.max(abs(np.exp(-hazard) - np.exp(-rate * time))) < 1e-3


def currents_and_rates(folder, model, deviations, count):
    """Of `count` instances of one deck, at .3 V in the parallel state."""
    lines = []
    for k in range(count):
        names = ("resistance", "critical", "stability")
        told = " ".join(f"mc_{n}={float(getattr(deviations, n)[k])!r}" for n in names)
        lines.append(f"V{k} a{k} 0 0.3\nX{k} a{k} 0 s{k} mtj {told}")
        lines.append(f".save i(v{k}) v(x{k}.rp)")
    last = "[length(time)-1]"
    store = "\n".join(
        f"let y[{k}] = -i(v{k}){last}\nlet z[{k}] = v(x{k}.rp){last}" for k in range(count)
    )
    deck = f"""* mismatch
{compact.ngspice(model)}
{chr(10).join(lines)}
.options temp=26.85 reltol=1e-7
.control
tran 0.02f 2f uic
let y = vector({count}) * 0
let z = vector({count}) * 0
{store}
wrdata out.txt y z
.endc
.end
"""
    folder.mkdir()
    return run_ngspice(folder, deck)[:count, [1, 3]].T


@pytest.mark.slow
def test_a_thousand_mismatch_draws_in_ngspice_are_those_of_python(tmp_path):
    count, decks = 100, 10
    model, variation = compact.presets.switching_junction(), compact.presets.variation()
    for j, key in enumerate(jr.split(jr.key(0), decks)):
        drawn = variation.draw(count, key=key)
        current, rate = currents_and_rates(tmp_path / str(j), model, drawn, count)
        at = [jnp.full(count, x) for x in (0.3, 1.0, 300.0)]
        moved = jax.vmap(lambda d: d.of(model))(drawn)
        expected = jax.vmap(lambda m, *x: m.current(*x))(moved, *at)
        np.testing.assert_allclose(current, expected, rtol=1e-6)
        expected = jax.vmap(lambda m, v, t: m.rate(v, P, t))(moved, at[0], at[2])
        np.testing.assert_allclose(rate, expected, rtol=1e-4)


@pytest.mark.parametrize("section, deviations", (("typical", 0), ("slow", 3), ("fast", -3)))
def test_corners_are_cards_that_ngspice_reads(section, deviations, tmp_path):
    model, variation = compact.presets.switching_junction(), compact.presets.variation()
    (tmp_path / "corners.lib").write_text(compact.corners(variation))
    deck = f"""* corner
{compact.ngspice(model)}
.lib "corners.lib" {section}
V1 a 0 0.3
X1 a 0 s mtj
.options temp=26.85 reltol=1e-7
.control
tran 1f 2f uic
wrdata out.txt -i(V1) v(x1.rp)
.endc
.end
"""
    rows = run_ngspice(tmp_path, deck)
    moved = variation.corner(deviations).of(model)
    at = jnp.array(0.3), jnp.array(1.0), jnp.array(300.0)
    np.testing.assert_allclose(rows[-1, 1], moved.current(*at), rtol=1e-6)
    np.testing.assert_allclose(rows[-1, 3], moved.rate(at[0], P, at[2]), rtol=1e-4)


def test_the_statistical_card_draws_for_each_instance(tmp_path):
    model = compact.presets.switching_junction()
    variation = compact.Variation(local_resistance=0.1)
    (tmp_path / "corners.lib").write_text(compact.corners(variation))
    count = 60
    lines = "\n".join(f"V{k} a{k} 0 0.1\nX{k} a{k} 0 s{k} mtj" for k in range(count))
    store = "\n".join(f"let y[{k}] = -i(v{k})[length(time)-1]" for k in range(count))
    deck = f"""* draws
{compact.ngspice(model)}
.lib "corners.lib" statistical
{lines}
.options temp=26.85
.control
setseed 3
tran 0.02f 2f uic
let y = vector({count}) * 0
{store}
wrdata out.txt y
.endc
.end
"""
    current = run_ngspice(tmp_path, deck)[:count, 1]
    at = jnp.array(0.1), jnp.array(1.0), jnp.array(300.0)
    x = np.log(model.current(*at) / current)
    assert abs(np.mean(x)) < 4 * 0.1 / np.sqrt(count)
    assert abs(np.std(x) / 0.1 - 1) < 4 / np.sqrt(2 * count)
