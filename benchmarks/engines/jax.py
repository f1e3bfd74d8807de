"""JAX: value_and_grad, and jit of it. JAX returns at once, so results are waited for."""

from functools import partial

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)


def eager(function, arguments, count, compiled=lambda function: function):
    run = compiled(jax.value_and_grad(partial(function, jnp), argnums=tuple(range(count))))
    inputs = [jnp.asarray(x, jnp.float64) for x in arguments]
    return lambda: jax.block_until_ready(run(*inputs))


jit = partial(eager, compiled=jax.jit)
