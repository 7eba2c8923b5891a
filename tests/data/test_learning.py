import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from mtjax import data


@pytest.mark.parametrize(
    "name, shape, classes",
    (("iris", (150, 4), 3), ("wine", (178, 13), 3), ("digits", (1797, 64), 10)),
)
def test_tables_are_whole_and_standardised_by_the_training_rows(name, shape, classes):
    whole = data.examples(name)
    assert whole.x.shape == shape
    assert len(whole.classes) == classes
    raw, task = data.learning(name, standardise=False), data.learning(name)
    assert len(task.train) + len(task.test) == shape[0]
    x, test, train = map(np.asarray, (raw.train.x, raw.test.x, task.train.x))
    varies = np.ptp(x, 0) > 0
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(train.std(0)[varies], 1, rtol=1e-12)
    # No leakage: the test rows have the shift of the training rows, not their own.
    mean, scale = x.mean(0), np.where(varies, x.std(0), 1.0)
    np.testing.assert_allclose(task.test.x, (test - mean) / scale, rtol=1e-9, atol=1e-12)
    assert np.abs(np.asarray(task.test.x).mean(0)).max() > 1e-3


def rows(examples):
    return sorted(
        map(tuple, np.column_stack([np.asarray(examples.x), examples.y]).tolist())
    )


@settings(deadline=None, max_examples=30)
@given(
    counts=st.lists(st.integers(4, 30), min_size=2, max_size=4),
    test=st.floats(0.1, 0.7),
    seed=st.integers(0, 2**32),
)
def test_a_split_is_a_partition_in_proportion(counts, test, seed):
    y = np.repeat(np.arange(len(counts)), counts)
    whole = data.Examples(
        tuple("abcd"[: len(counts)]),
        jnp.asarray(np.arange(len(y) * 1.0)[:, None]),
        jnp.asarray(y),
    )
    train, tested = whole.split(test, seed=seed)
    assert sorted(rows(train) + rows(tested)) == rows(whole)
    for k, count in enumerate(counts):
        assert abs(np.sum(np.asarray(tested.y) == k) - test * count) <= 1
    again = whole.split(test, seed=seed)
    np.testing.assert_array_equal(again[1].x, tested.x)


@settings(deadline=None, max_examples=20)
@given(number=st.integers(2, 9), seed=st.integers(0, 2**32))
def test_folds_test_each_row_once(number, seed):
    whole = data.examples("iris").take(np.arange(17, 140))
    folds = whole.folds(number, seed=seed)
    assert sorted(r for _, tested in folds for r in rows(tested)) == rows(whole)
    for train, tested in folds:
        assert sorted(rows(train) + rows(tested)) == rows(whole)
    for k in range(3):
        counts = [np.sum(np.asarray(tested.y) == k) for _, tested in folds]
        assert max(counts) - min(counts) <= 1
    sizes = [len(tested) for _, tested in folds]
    assert max(sizes) - min(sizes) <= 1


def test_different_seeds_are_different_splits():
    whole = data.examples("iris")
    assert not (whole.split(0.3, seed=0)[1].x == whole.split(0.3, seed=1)[1].x).all()


def test_baseline_is_the_commonest_class():
    x = jnp.zeros((4, 1))
    train = data.Examples(("a", "b"), x, jnp.array([0, 1, 1, 1]))
    test = data.Examples(("a", "b"), x, jnp.array([0, 0, 0, 1]))
    assert data.Learning(train, test).baseline() == 0.25


def test_a_standardised_row_can_be_mapped_and_differentiated():
    x = jnp.array([[1.0, 5.0], [3.0, 5.0]])
    of = data.Standardisation.of(x)
    assert (jax.vmap(of)(x) == jnp.array([[-1.0, 0.0], [1.0, 0.0]])).all()


@pytest.mark.parametrize(
    "call, sentence",
    (
        (lambda: data.learning("irys"), "`name` must be one of iris, wine, digits"),
        (lambda: data.learning("iris", test=1.0), "`test` must be > 0 and < 1, got 1"),
        (lambda: data.learning("iris", test=0.001), "`test` must leave rows"),
        (lambda: data.examples("iris").folds(1, seed=0), "`number` must be from 2 to 150"),
        (
            lambda: data.Examples(("a",), jnp.zeros((2, 1)), jnp.array([0, 1])),
            "`y` must be from 0 to 0, got 0 to 1",
        ),
    ),
)
def test_wrong_input_is_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
