import enum
import math
import tomllib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest
from jaxtyping import Array, Float

from mtjax._config import dotted, read, write
from mtjax._tree import BadInput
from mtjax.data import Pulses, quantity, Scalar


class Colour(enum.Enum):
    RED = 1
    DARK_BLUE = 2


class Grain(eqx.Module):
    k_u: Scalar = quantity("J/m^3", lower=0, doc="mean anisotropy")
    size: Scalar = quantity("m", above=0, doc="mean size")


class Ball(eqx.Module):
    radius: Scalar = quantity("m", above=0)


class Magnet(eqx.Module):
    trials: int = eqx.field(static=True)
    bits: int | None = eqx.field(static=True)
    colour: Colour = eqx.field(static=True)
    flags: tuple[bool, ...] = eqx.field(static=True)
    body: Any  # one of `KINDS`
    pulses: Pulses
    alpha: Scalar = quantity("1", lower=0, doc="Gilbert damping")
    axis: Float[Array, "3"] = quantity("1")

    def __check_init__(self):
        if self.trials < 1:
            raise ValueError(f"`trials` must be >= 1, got {self.trials}.")


KINDS = {
    "body": {
        "grain": lambda: Grain(k_u=6e5, size=8e-9),
        "ball": lambda: Ball(radius=1e-8),
    }
}


PRESET = Magnet(
    trials=32,
    bits=6,
    colour=Colour.RED,
    flags=(True, False),
    body=KINDS["body"]["grain"](),
    pulses=Pulses.product(voltage=jnp.array([0.1, 1 / 3]), width=1e-9),
    alpha=0.1 + 0.2,
    axis=jnp.array([0.0, 0.0, 1.0]),
)


def read_(*overrides, file=None):
    return read(PRESET, file, overrides, kinds=KINDS)


def test_a_configuration_reads_back_to_the_same_modules(tmp_path):
    config = read_("body.kind=ball", "bits=none", "alpha=0.1", "colour=dark_blue")
    (tmp_path / "c.toml").write_text(config.toml())
    again = read_(file=tmp_path / "c.toml")
    assert eqx.tree_equal(again.tree, config.tree)
    assert again.values == config.values
    assert again.toml() == config.toml()
    assert set(again.sources.values()) == {str(tmp_path / "c.toml")}


@pytest.mark.parametrize("x", (0.1 + 0.2, 5e-324, 1e300, math.pi, -0.0, 1e-9 / 3))
def test_floats_survive_to_the_last_bit(x):
    again = dotted(tomllib.loads(write({"a.b": x, "a.c": [x, 2 * x]})))
    assert again == {"a.b": x, "a.c": [x, 2 * x]}
    assert math.copysign(1, again["a.b"]) == math.copysign(1, x)


def test_later_sources_win_and_are_named(tmp_path):
    (tmp_path / "c.toml").write_text('alpha = 0.5\n[body]\nk_u = "400 kJ/m^3"\n')
    config = read_("alpha=0.02", 'body.size="9 nm"', file=tmp_path / "c.toml")
    assert config.tree.alpha == 0.02
    assert config.tree.body.k_u == 4e5
    assert config.tree.body.size == 9e-9
    assert config.sources["alpha"] == config.sources["body.size"] == "command line"
    assert config.sources["body.k_u"] == str(tmp_path / "c.toml")
    assert config.sources["trials"] == "preset"
    assert "[command line] Gilbert damping" in config.toml(sources=True)


def test_texts_whose_quotes_the_shell_took_and_lists_with_units():
    tree = read_("body.k_u=600 kJ/m^3", 'pulses.voltage=["500 mV", 1]').tree
    assert tree.body.k_u == 6e5
    assert tree.pulses.axes == ("voltage",)
    assert tree.pulses.voltage.tolist() == [0.5, 1.0]


def test_a_list_makes_an_axis_and_a_number_takes_it_away():
    tree = read_("pulses.width=[1e-9, 2e-9]", "pulses.voltage=1").tree
    assert tree.pulses.axes == ("width",)


def test_another_kind_brings_its_own_keys():
    config = read_("body.kind=ball", "body.radius=20 nm")
    assert config.tree.body.radius == 20e-9
    assert config.values["body.kind"] == "ball"


def test_leaves_are_floating_arrays():
    leaves = jax.tree.leaves(read_("alpha=1").tree)
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype("float64")}


@pytest.mark.parametrize(
    "override, sentence",
    (
        ("alhpa=1", "`alhpa` is not a key .* the nearest is `alpha`"),
        ("bdy.k_u=1", "`bdy.k_u` is not a key .* the nearest is `body.k_u`"),
        ("body.kind=cube", '`body.kind` must be "grain" or "ball", got \'cube\''),
        ("body.radius=1", "`body.radius` is not a key"),
        ("body=1", "`body` must be a table with keys such as `body.kind`"),
        (
            "body.size=50 kg",
            r"`body.size` must be a number with a unit of \[m\], got '50 kg",
        ),
        ("body.size=-1e-9", r"`body.size` must be > 0 \[m\], got -1e-09"),
        ("body.size=true", r"`body.size` must be a number \[m\], got True"),
        ("body.size=[1e-9]", r"`body.size` must be a number \[m\], got \[1e-09\]"),
        ("trials=0", "`trials` must be >= 1, got 0"),
        ("trials=1.5", "`trials` must be a whole number, got 1.5"),
        ("bits=many", "`bits` must be a whole number or \"none\", got 'many'"),
        ("colour=green", '`colour` must be one of "red", "dark_blue", got \'green\''),
        ("flags=[1]", r"`flags` must be true or false, got 1"),
        ("alpha", "must read `key=value`, got `alpha`"),
        ("pulses.width=-1 ns", r"`pulses.width` must be > 0 \[s\], got -1e-09"),
    ),
)
def test_a_wrong_override_is_one_sentence(override, sentence):
    with pytest.raises(BadInput, match=sentence) as caught:
        read_(override)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_absent_or_no_toml_is_one_sentence(tmp_path):
    with pytest.raises(BadInput, match=r"absent\.toml` must be a readable file"):
        read_(file=tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("alpha == 2")
    with pytest.raises(BadInput, match=r"bad\.toml` must be a TOML file: .*line 1"):
        read_(file=tmp_path / "bad.toml")
