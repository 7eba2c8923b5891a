from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import training

from .helpers import blobs


def test_the_loss_at_its_ends():
    z, t = jr.normal(jr.key(0), (2, 7, 3))
    y = jnp.arange(7) % 3
    hard = training.Distillation(share=0.0)
    np.testing.assert_allclose(hard(z, y, t), training.cross_entropy(z, y))
    soft = training.Distillation(temperature=2.5, share=1.0)
    # its minimum is where the student answers as the teacher does
    slope = jax.grad(lambda z: soft(z, y, t))
    np.testing.assert_allclose(slope(t + 0.3), 0, atol=1e-12)
    # large temperatures: squared distance of centred logits (Hinton et al., equation 4)
    warm = training.Distillation(temperature=1e4, share=1.0)
    centred = lambda v: v - v.mean(axis=-1, keepdims=True)
    expected = (centred(z) - centred(t)) / (3 * 7)
    got = jax.grad(lambda z: warm(z, y, t))(z)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-6)


def test_a_student_learns_from_its_teacher_alone():
    x, y = blobs()
    train: dict[str, Any] = dict(key=jr.key(1), epochs=15, batch=30)
    train["optimizer"] = training.adamw(45, peak=0.05)
    teacher = training.train(training.mlp((6, 3), key=jr.key(0)), (x, y), **train).network
    student = training.train(
        training.mlp((6, 3), key=jr.key(2)),
        (x, jnp.zeros_like(y)),
        loss=training.Distillation(share=1.0),
        teacher=teacher,
        **train,
    ).network
    answer = lambda network: jnp.argmax(jax.vmap(network)(x), axis=-1)
    assert jnp.mean(answer(student) == answer(teacher)) > 0.9


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="`temperature` must be > 0"):
        training.Distillation(temperature=0.0)
    with pytest.raises(ValueError, match="`share` must be from 0 to 1"):
        training.Distillation(share=1.5)
