import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from ..data import quantity, Scalar
from ._switching_junction import SwitchingJunction


class Deviation(eqx.Module):
    """How a junction differs from the typical one, as differences of logarithms."""

    resistance: Float[Array, "*devices"] = quantity(
        "1", default=0.0, doc="of the resistance"
    )
    critical: Float[Array, "*devices"] = quantity("1", default=0.0, doc="of the thresholds")
    stability: Float[Array, "*devices"] = quantity(
        "1", default=0.0, doc="of the thermal stability"
    )

    def of(self, model: SwitchingJunction) -> SwitchingJunction:
        """`model` with this deviation."""
        return eqx.tree_at(
            lambda m: (
                m.junction.parallel,
                m.switching.critical_from_p,
                m.switching.critical_from_ap,
                m.switching.stability,
            ),
            model,
            (
                model.junction.parallel * jnp.exp(self.resistance),
                model.switching.critical_from_p * jnp.exp(self.critical),
                model.switching.critical_from_ap * jnp.exp(self.critical),
                model.switching.stability * jnp.exp(self.stability),
            ),
        )


class Variation(eqx.Module):
    """Standard deviations of logarithms, between wafers and between neighbours.

    The two parts of a statistical parameter card: a circuit draws the global part once,
    and a local part for each junction.
    """

    global_resistance: Scalar = quantity("1", lower=0, default=0.0, doc="between wafers")
    global_critical: Scalar = quantity("1", lower=0, default=0.0, doc="between wafers")
    global_stability: Scalar = quantity("1", lower=0, default=0.0, doc="between wafers")
    local_resistance: Scalar = quantity("1", lower=0, default=0.0, doc="mismatch")
    local_critical: Scalar = quantity("1", lower=0, default=0.0, doc="mismatch")
    local_stability: Scalar = quantity("1", lower=0, default=0.0, doc="mismatch")

    def draw(self, number: int, *, key: PRNGKeyArray) -> Deviation:
        """The deviations of `number` junctions of one wafer, shape `(number,)`."""
        common, own = jr.split(key)
        z0, z = jr.normal(common, (3, 1)), jr.normal(own, (3, number))
        wafer = self.global_resistance, self.global_critical, self.global_stability
        local = self.local_resistance, self.local_critical, self.local_stability
        x = [g * a + s * b for g, a, s, b in zip(wafer, z0, local, z, strict=True)]
        return Deviation(resistance=x[0], critical=x[1], stability=x[2])

    def corner(self, deviations: float) -> Deviation:
        """All globals at once, `deviations` standard deviations away; no mismatch."""
        return jax.tree.map(
            lambda s: deviations * s,
            Deviation(
                resistance=self.global_resistance,
                critical=self.global_critical,
                stability=self.global_stability,
            ),
        )


_CORNERS = (("typical", 0.0), ("slow", 3.0), ("fast", -3.0))


def corners(variation: Variation, *, name: str = "mtj") -> str:
    """A library of parameter cards for the subcircuit `name` of `ngspice`.

    Sections `typical`, `slow` and `fast` set the global deviations to 0, 3 and -3
    standard deviations (slow: high resistance, thresholds and barriers); `statistical`
    draws them, and a mismatch for each instance. Read one of them after the subcircuit:
    `.lib "mtj_corners.lib" slow`.
    """
    names = "resistance", "critical", "stability"
    lines = [f"* Corners of {name}, written by mtjax."]
    for section, deviations in _CORNERS:
        at = variation.corner(deviations)
        lines.append(f".lib {section}")
        lines += [f".param {name}_gl_{n}={float(getattr(at, n))!r}" for n in names]
        lines += [f".param {name}_local_{n}=0" for n in names]
        lines.append(".endl")
    lines.append(".lib statistical")
    for n in names:
        wide = float(getattr(variation, f"global_{n}"))
        lines.append(f".param {name}_gl_{n}={{{wide!r}*agauss(0,1,1)}}")
        local = float(getattr(variation, f"local_{n}"))
        lines.append(f".param {name}_local_{n}={local!r}")
    return "\n".join([*lines, ".endl", ""])
