import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import mtjax.crossbar as crossbar
from mtjax.data import Outcome

from .reference import INPUT, load, ramp, RESISTANCE, ROWS, SNEAK, wired


plain = wired


def close(value, wanted, rtol):
    value, wanted = np.asarray(value, float), np.asarray(wanted)
    return np.max(np.abs(value - wanted)) <= rtol * np.max(np.abs(wanted))


def general():
    """Every kind of end: both sides driven, open, without resistance, one value a line."""
    array = crossbar.Crossbar(
        conductance=jr.uniform(jr.key(0), (5, 4), minval=1e-3, maxval=1e-2),
        word_wire=2.0,
        bit_wire=jnp.array([1.0, 0.5, 3.0, 2.0]),
        left=jnp.array([1.0, 2.0, 0.5, jnp.inf, 1.0]),
        right=jnp.array([3.0, jnp.inf, 5.0, jnp.inf, 3.0]),
        top=jnp.array([3.0, jnp.inf, 5.0, 2.0]),
        bottom=jnp.array([1.0, 2.0, jnp.inf, 1.0]),
    )
    k = jr.split(jr.key(1), 4)
    sides = crossbar.Sides(
        left=jr.normal(k[0], (5,)),
        right=jr.normal(k[1], (5,)),
        top=jr.normal(k[2], (4,)),
        bottom=jr.normal(k[3], (4,)),
    )
    return array, sides


METHODS = ((crossbar.Method.iterative, 1e-9), (crossbar.Method.direct, 1e-11))
methods = pytest.mark.parametrize("method, rtol", METHODS, ids=("iterative", "direct"))
less = pytest.mark.parametrize(
    "method, rtol",
    (METHODS[0], pytest.param(*METHODS[1], marks=pytest.mark.slow)),
    ids=("iterative", "direct"),
)


@methods
@pytest.mark.parametrize("rw, rb, currents", ROWS)
def test_currents_are_those_of_another_code(rw, rb, currents, method, rtol):
    array = wired(RESISTANCE, rw, rb)
    solution = crossbar.solve(array, jnp.array(INPUT), method=method)
    assert solution.outcome == Outcome.successful
    assert solution.method == method
    assert close(solution.currents, currents, rtol)


@methods
def test_floating_lines_carry_sneak_currents(method, rtol):
    array = crossbar.Crossbar(
        conductance=1 / jnp.array([[15e3, 5e3], [5e3, 5e3]]),
        word_wire=1.0,
        bit_wire=1.0,
        left=jnp.array([1.0, jnp.inf]),
        bottom=jnp.array([1.0, jnp.inf]),
    )
    solution = crossbar.solve(array, jnp.array([0.2, 0.0]), method=method)
    assert close(solution.currents, [SNEAK, 0], rtol)


PRECISIONS = (
    *((method, jnp.float64, rtol) for method, rtol in METHODS),
    *((method, jnp.float32, 5e-6) for method, _ in METHODS),
)


def rounded(array, dtype):
    return dataclasses.replace(array, conductance=array.conductance.astype(dtype))


@pytest.mark.parametrize("method, dtype, rtol", PRECISIONS)
def test_reference_file(method, dtype, rtol):
    reference = load()
    wired = lambda *arguments: rounded(plain(*arguments), dtype)
    solve = jax.jit(lambda array, v: crossbar.solve(array, v, method=method))
    for row in reference["badcrossbar"]:
        v = jnp.array(row["V_columns_are_inputs"], dtype).T
        array = wired(row["R"], row["rw"], row["rb"])
        solution = jax.vmap(solve, (None, 0))(array, v)
        assert close(solution.currents, row["I_out"], rtol)
        assert close(solution.word[2], row["V_word_input2"], rtol)
        assert close(solution.bit[2], row["V_bit_input2"], rtol)
        cells = solution.drops[2] * array.conductance
        assert close(cells, row["I_device_input2"], rtol)
    for row in reference["uniform_array_spectral"]:
        array = wired(np.full((row["m"], row["n"]), row["R"]), row["rw"], row["rb"])
        currents = solve(array, ramp(row["m"])).currents
        assert close(currents[np.array(row["columns"])], row["I"], rtol)
        assert close(jnp.sum(currents), row["I_sum"], rtol)
    for row in reference["uniform_ladder_1xn"]:
        resistance = np.full((1, row["n"]), row["R"])
        array = wired(resistance, row["rw"], row["rb"])
        solution = solve(array, jnp.array([row["V"]]))
        assert close(solution.word[0, 0], row["V_word_first"], rtol)
        assert close(solution.word[0, -1], row["V_word_last"], rtol)
        assert close(solution.currents[0], row["I_first"], rtol)
        assert close(solution.currents[-1], row["I_last"], rtol)
        assert close(solution.inflow.left, [row["I_total"]], rtol)
    cell = reference["single_cell"]
    array = crossbar.Crossbar(
        conductance=jnp.array([[1 / cell["R"]]]), left=cell["Rs"], bottom=cell["Ro"]
    )
    array = rounded(array, dtype)
    tight = 1e-12 if dtype == jnp.float64 else rtol
    current = lambda array: solve(array, jnp.array([cell["V"]])).currents[0]
    assert close(current(array), cell["I"], tight)
    assert close(eqx.filter_grad(current)(array).conductance, [[cell["dI_dG"]]], tight)


@methods
def test_reference_netlists(method, rtol):
    for row in load()["ngspice"]:
        if "R" in row:
            array = wired(row["R"], row["rw"], row["rb"])
            solution = crossbar.solve(array, jnp.array(row["V"]), method=method)
            assert close(solution.currents, row["I_bit"], rtol)
            assert close(-solution.inflow.left, row["I_word_source"], rtol)
            continue
        word, bit = row["word"], row["bit"]
        resistance = np.full((len(word), len(bit)), row["R_rest"])
        resistance[tuple(row["selected"])] = row["R_cell"]
        end = lambda r, drive: np.array([np.inf if v is None else r for v in drive])
        array = dataclasses.replace(
            wired(resistance, row["rw"], row["rb"]),
            left=end(row["Rs"], word),
            bottom=end(row["Ro"], bit),
        )
        volt = lambda drive: jnp.array([0.0 if v is None else v for v in drive])
        sides = crossbar.Sides(left=volt(word), bottom=volt(bit))
        found = crossbar.solve(array, sides, method=method)
        largest = max(map(abs, row["currents"].values()))
        # sources of the netlist count current into their positive terminal
        for name, value in row["currents"].items():
            side = found.inflow.left if name[1] == "w" else found.inflow.bottom
            assert abs(-side[int(name[2:])] - value) < max(rtol, 2e-11) * largest


@less
def test_float32_is_good_to_five_millionths(method, rtol):
    g = jr.uniform(jr.key(0), (64, 48), minval=1 / 15e3, maxval=1 / 5e3)
    v = jr.uniform(jr.key(1), (64,))
    exact = crossbar.solve(crossbar.Crossbar.wired(g, 1.0), v, method=method)
    single = crossbar.Crossbar.wired(g.astype(jnp.float32), 1.0)
    rough = crossbar.solve(single, v, method=method)
    assert rough.currents.dtype == jnp.float32
    assert rough.outcome == Outcome.successful
    assert close(rough.currents, exact.currents, 5e-6)
    assert close(rough.drops, exact.drops, 5e-6)


@less
def test_every_derivative_is_the_difference_quotient(method, rtol):
    """All outputs by all resistances, conductances and sources of a general array."""
    flat, unravel = ravel_pytree(general())

    @jax.jit
    def outputs(x):
        s = crossbar.solve(*unravel(x), method=method)
        return ravel_pytree((s.currents, s.drops, s.word, s.bit, s.inflow))[0]

    forward = jax.jit(jax.jacfwd(outputs))(flat)
    reverse = jax.jit(jax.jacrev(outputs))(flat)
    assert close(forward, reverse, 10 * rtol)
    for i in np.flatnonzero(np.isfinite(flat)):
        h = np.zeros(flat.size)
        h[i] = 1e-4 * abs(flat[i])
        five_point = (
            8 * (outputs(flat + h) - outputs(flat - h))
            - (outputs(flat + 2 * h) - outputs(flat - 2 * h))
        ) / (12 * h[i])
        # a source behind an open end has no effect at all
        size = max(jnp.max(jnp.abs(five_point)), 1e-3 / abs(flat[i]))
        assert jnp.max(jnp.abs(forward[:, i] - five_point)) <= 1e-8 * size, i


def test_methods_agree_and_the_faster_one_is_taken():
    """A batch to a small array: by the wires, one or the other, without recompiling."""
    g = jr.uniform(jr.key(0), (24, 20), minval=1e-4, maxval=1e-3)
    v = jr.normal(jr.key(1), (8, 24))

    def run(method):
        solve = lambda array, v: crossbar.solve(array, v, method=method)
        return jax.jit(jax.vmap(solve, (None, 0)))

    auto, direct = run(crossbar.Method.auto), run(crossbar.Method.direct)
    for wire, kind in (
        (0.1, crossbar.Method.iterative),
        (1e3, crossbar.Method.direct),
    ):
        array = crossbar.Crossbar.wired(g, wire)
        found, wanted = auto(array, v), direct(array, v)
        assert jnp.all(found.method == kind)
        assert jnp.all(found.outcome == Outcome.successful)
        assert close(found.currents, wanted.currents, 1e-9)
        assert close(found.drops, wanted.drops, 1e-9)


def test_gradient_of_a_batch_is_the_sum():
    array, _ = general()
    v = jr.normal(jr.key(3), (7, 5))

    def loss(g, v):
        moved = dataclasses.replace(array, conductance=g)
        found = crossbar.solve(moved, v, method=crossbar.Method.iterative)
        return jnp.sum(found.currents**2)

    together = jax.grad(lambda g: jnp.sum(jax.vmap(loss, (None, 0))(g, v)))
    one = jax.jit(jax.grad(loss))
    each = sum(one(array.conductance, x) for x in v)
    assert close(together(array.conductance), each, 1e-12)


def test_arrays_are_mapped_and_chunks_change_nothing():
    g = jr.uniform(jr.key(0), (3, 40, 50), minval=1e-4, maxval=1e-3)
    v = jr.normal(jr.key(1), (19, 40))
    method = crossbar.Method.iterative
    solve = lambda g, v: crossbar.solve(crossbar.Crossbar.wired(g, 1.0), v, method=method)
    one = jax.jit(lambda g, v: solve(g, v).currents)
    mapped = jax.vmap(jax.vmap(one, (None, 0)), (0, None))(g, v)
    assert mapped.shape == (3, 19, 50)
    assert close(mapped[2, 17], one(g[2], v[17]), 1e-9)
    gradient = jax.vmap(jax.grad(lambda g: jnp.sum(one(g, v[0]))))(g)
    assert close(gradient[1], jax.grad(lambda g: jnp.sum(one(g, v[0])))(g[1]), 1e-9)


@pytest.mark.parametrize("shape", ((6, 9), (9, 6)))
def test_effective_matrix_is_the_array(shape):
    g = jr.uniform(jr.key(0), shape, minval=1e-3, maxval=1e-2)
    array = crossbar.Crossbar.wired(g, 3.0)
    v = jr.normal(jr.key(1), shape[:1])
    effective = lambda a: crossbar.effective(a, method=crossbar.Method.iterative)
    matrix = effective(array)
    assert close(v @ matrix, crossbar.solve(array, v).currents, 1e-9)
    ideal = effective(crossbar.Crossbar.wired(g, 0.0))
    assert close(ideal, g, 1e-14)


def test_a_new_value_does_not_compile_again():
    count = 0

    @eqx.filter_jit
    def run(array, v):
        nonlocal count
        count += 1
        return crossbar.solve(array, v).currents

    for wire in (0.0, 1.0, 2.5):
        run(crossbar.Crossbar.wired(jnp.full((4, 4), 1e-3 * (1 + wire)), wire), jnp.ones(4))
    assert count == 1


def test_a_shape_is_compiled_once(caplog):
    """Also without `jit` around it: other values, wires and open ends compile nothing."""

    def run(scale, wire, left):
        array = crossbar.Crossbar(
            conductance=scale * np.ones((5, 3)), word_wire=wire, bottom=wire, left=left
        )
        return crossbar.solve(array, jnp.asarray(np.full(5, scale))).currents

    def compilations(*arguments):
        caplog.clear()
        with jax.log_compiles():
            run(*arguments).block_until_ready()
        return sum("Compiling" in record.getMessage() for record in caplog.records)

    assert compilations(1e-3, 1.0, np.full(5, 2.0)) > 0
    for arguments in ((2e-3, 0.0, np.full(5, 1.0)), (1e-4, 9.0, np.full(5, np.inf))):
        assert compilations(*arguments) == 0


def test_a_failed_solve_says_so_and_its_gradient_is_nan():
    """Cells as good as their wires: two steps do not do."""

    def current(g):
        array = crossbar.Crossbar.wired(g, 1.0)
        found = crossbar.solve(
            array, jnp.ones(30), method=crossbar.Method.iterative, limit=2
        )
        return jnp.sum(found.currents), found

    gradient, found = jax.grad(current, has_aux=True)(jr.uniform(jr.key(0), (30, 30)))
    assert found.outcome == Outcome.not_converged
    assert found.residual > 1e-10
    assert jnp.all(jnp.isnan(gradient))


def test_a_second_derivative_is_refused():
    f = lambda g: jnp.sum(
        crossbar.solve(crossbar.Crossbar.wired(g, 1.0), jnp.ones(3)).currents
    )
    with pytest.raises(NotImplementedError, match="differentiated once"):
        jax.jacfwd(jax.grad(f))(jnp.full((3, 3), 1e-3))


@pytest.mark.parametrize(
    "change, message",
    (
        ({"conductance": jnp.array([[1.0, -1.0]])}, "`conductance` must be >= 0"),
        ({"conductance": jnp.array([[1.0, jnp.nan]])}, "`conductance` must be"),
        ({"conductance": jnp.array([[1.0, jnp.inf]])}, "`conductance` must be"),
        ({"word_wire": jnp.inf}, "`word_wire` must be"),
        ({"conductance": jnp.ones(3)}, "`conductance` must have the shape"),
        ({"conductance": jnp.ones((0, 3))}, "at least one"),
        ({"word_wire": -1.0}, "`word_wire` must be >= 0"),
        ({"bit_wire": jnp.ones(3)}, "`bit_wire` must be a scalar or have one value"),
        ({"left": jnp.inf, "bottom": jnp.inf}, "path to a termination"),
        ({"conductance": jnp.array([[0.0, 1.0]]), "bottom": jnp.inf}, "bit line 0"),
        ({"right": 0.0}, "must not join two terminations"),
    ),
)
def test_bad_arrays_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        crossbar.Crossbar(**{"conductance": jnp.ones((1, 2)), **change})


def test_voltages_must_fit():
    array = crossbar.Crossbar.wired(jnp.ones((3, 2)), 1.0)
    with pytest.raises(ValueError, match="`voltages` at the left must have one value"):
        crossbar.solve(array, jnp.ones(2))
