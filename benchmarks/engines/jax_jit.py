"""JAX, jit of value_and_grad."""

import jax
import jax.numpy as jnp

from benchmarks.formulas import equation_a, equation_b, product

jax.config.update("jax_enable_x64", True)


def compiled(function, arguments, count):
    """Value and gradient by the first `count` arguments; JAX returns at once, so the result is waited for."""
    run = jax.jit(jax.value_and_grad(function, argnums=tuple(range(count))))
    arguments = [jnp.asarray(x, jnp.float64) for x in arguments]
    return lambda: jax.block_until_ready(run(*arguments))


def point(a, b, c):
    return compiled(lambda a, b, c: equation_a(a, b, c, jnp.sqrt, jnp.log), (a, b, c), 3)


def fit(w_0, w_1, x, y):
    return compiled(lambda *arguments: jnp.sum(equation_b(*arguments)), (w_0, w_1, x, y), 2)


def summed(a, b, c):
    return compiled(lambda a, b, c: jnp.sum(equation_a(a, b, c, jnp.sqrt, jnp.log)), (a, b, c), 3)


def chain(x, n):
    return lambda: compiled(lambda x: product(x, n), (x,), 1)()
