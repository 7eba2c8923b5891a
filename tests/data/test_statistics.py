import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from mtjax import data

from .helpers import levels, SHAPE, switching


def at(array, value):
    return array.at[1, 0, 2].set(value)


@pytest.mark.parametrize(
    "change, sentence",
    (
        (
            lambda s: dict(switched=at(s.switched, 1000)),
            r"`switched` must be <= `trials`, got 1000 > \d+ at \(1, 0, 2\)\.",
        ),
        (lambda s: dict(switched=at(s.switched, -1)), "`switched` must be >= 0, got -1"),
        (lambda s: dict(trials=at(s.trials, -1)), "`trials` must be >= 0, got -1"),
        (
            lambda s: dict(trials=at(s.trials * 1.0, jnp.nan)),
            "`trials` must be >= 0, got nan",
        ),
        (
            lambda s: dict(trials=s.trials[..., :2], switched=s.switched[..., :2]),
            r"`trials` must have shape \(4, 2, 3\) with the axes "
            r"\(device, voltage, width\), got \(4, 2, 2\)",
        ),
    ),
)
def test_impossible_switching_is_one_sentence(change, sentence):
    good = switching()
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(good, **change(good))


@pytest.mark.parametrize(
    "change, sentence",
    (
        (lambda x: dict(mean=at(x.mean, jnp.inf)), "`mean` must be finite, got inf"),
        (lambda x: dict(variance=at(x.variance, -1e-20)), "`variance` must be >= 0"),
        (lambda x: dict(variance=at(x.variance, jnp.nan)), "`variance` must be finite"),
        (
            lambda x: dict(histogram=x.histogram * 2),
            "`histogram` must be a count of at most `trials`",
        ),
        (lambda x: dict(histogram=-x.histogram), "`histogram` must be >= 0"),
        (lambda x: dict(edges=x.edges[::-1]), "`edges` must be increasing"),
        (lambda x: dict(parallel=x.parallel * 0), r"`parallel` must be > 0 \[S\]"),
    ),
)
def test_impossible_levels_are_one_sentence(change, sentence):
    good = levels()
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(good, **change(good))


def test_points_without_trials_may_be_empty():
    good = levels()
    trials = at(at(good.trials, 0), 0)
    dataclasses.replace(
        good,
        trials=trials,
        mean=at(good.mean, jnp.nan),
        variance=at(good.variance, jnp.nan),
        histogram=good.histogram.at[1, 0, 2].set(0),
    )


def test_the_check_is_skipped_under_a_transformation():
    good = levels()

    def f(mean):
        return dataclasses.replace(good, mean=mean).mean.sum()

    assert jnp.isnan(jax.jit(f)(good.mean * jnp.nan))
    batch = eqx.filter_vmap(lambda m: dataclasses.replace(good, mean=m))
    assert batch(jnp.ones((5, *SHAPE))).mean.shape == (5, *SHAPE)


def test_a_skeleton_has_the_names_and_ranks():
    like = data.Levels.like(data.State.PARALLEL, ("voltage", "width"))
    ranks = jax.tree.map(jnp.ndim, levels())
    assert jax.tree.leaves(jax.tree.map(jnp.ndim, like)) == jax.tree.leaves(ranks)
    with pytest.raises(ValueError, match="`axes` must be quantities of a pulse"):
        data.Switching.like(data.State.PARALLEL, ("colour",))
