"""The table in the package: every row holds, and it is the table of the reference."""

import json
import pathlib

import jax
import jax.numpy as jnp
import pytest

from mtjax import llg


FILMS = {"SP2", "SP3", "SP4", "SP5", "FMR_SP", "OOMMF_STT", "K_wall"}
FILMS |= {"L_spinwave_no_demag"}


@pytest.fixture(scope="module")
def checks():
    return list(llg.validate(thermal=False))


def test_every_row_holds(checks):
    assert len(checks) > 150
    assert [check for check in checks if not check.passed] == []
    assert llg.overall(checks) > 1e-3


def test_no_row_is_left_out(checks):
    done = {check.row for check in checks}
    assert set(llg.reference_rows()) - done == {"about"}


@pytest.mark.parametrize(
    "obtained, passed", ((1.0, True), (1.001, True), (1.1, False), (float("nan"), False))
)
def test_nan_never_passes(obtained, passed):
    assert llg.Check("row", "case", 1.0, obtained, tolerance=0.01).passed is passed
    assert llg.Check("row", "case", 1.0, obtained, standard_error=0.01).passed is passed


def test_shipped_rows_are_those_of_the_reference():
    path = next(
        (
            folder / "shared/reference/magnetisation.json"
            for folder in pathlib.Path(__file__).resolve().parents
            if (folder / "shared/reference/magnetisation.json").exists()
        ),
        None,
    )
    if path is None:
        pytest.skip("no reference table here")
    reference = json.loads(path.read_text())
    assert llg.reference_rows() == {k: v for k, v in reference.items() if k not in FILMS}


def test_closed_form_of_the_switching_time_solves_its_equation():
    """d(tau)/d(theta) = -1 / (d(theta)/d(tau)), d(z)/d(tau) = (1 - z^2)(z - i)."""
    angle, i = 0.3, 1.7
    slope = jax.grad(llg.switching_time)(angle, i)
    rate = -(1 - jnp.cos(angle) ** 2) * (jnp.cos(angle) - i) / jnp.sin(angle)
    assert abs(slope * rate + 1) < 1e-12
    assert abs(llg.switching_time(jnp.pi / 2, i)) < 1e-15


def test_asymptotic_error_rate_is_the_limit_of_fokker_planck():
    """The relative difference falls as 1 / Delta."""
    i, tau = 2.5, 4.0
    differences = []
    for delta in (40.0, 80.0):
        exact = llg.write_error_rate(delta, i, tau)
        angle = llg.critical_angle(i)
        asymptote = llg.asymptotic_write_error_rate(delta, i, tau, angle)
        differences.append(float(jnp.abs(asymptote / exact - 1)))
    assert differences[1] < 0.65 * differences[0] < 0.03


@pytest.mark.slow
def test_thermal_rows_hold():
    checks = [check for check in llg.validate() if check.z is not None]
    assert len(checks) > 25
    assert [check for check in checks if not check.passed] == []
    assert llg.overall(checks) > 1e-3
