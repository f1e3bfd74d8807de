"""The independent reference: the operations on arrays of 60-digit numbers, and derivatives as central differences of them.

Nothing here knows a derivative. A function takes and returns object arrays of mpmath numbers; with a step of 1e-18,
central differences are right to about 36 digits, differences of differences to about 24.
"""

import mpmath
import numpy as np

precise = mpmath.MPContext()
precise.dps = 60
STEP = precise.mpf(10) ** -18


def exact(values):
    """Floats as an object array of 60-digit numbers."""
    return np.vectorize(precise.mpf, otypes=[object])(values)


def array(x):
    """An object array again of what NumPy turned into a bare number."""
    return np.asarray(x, dtype=object)


def elementwise(function):
    return np.vectorize(function, otypes=[object])


sqrt, exp, log, sin, cos, tanh = [elementwise(getattr(precise, name)) for name in ("sqrt", "exp", "log", "sin", "cos", "tanh")]
sigmoid = elementwise(lambda x: 1 / (1 + precise.exp(-x)))
equal = elementwise(lambda x, y: precise.mpf(x == y))


def place_like(x, like, index):
    t = exact(np.zeros(like.shape))
    t[index] = x
    return t


def sum_like(x, like):
    """Summed over all that broadcasting `like` to the shape of x repeats."""
    repeats = np.broadcast_to(np.arange(like.size).reshape(like.shape), x.shape)
    return np.array([np.sum(x[repeats == i]) for i in range(like.size)], dtype=object).reshape(like.shape)


def vector_jacobian_products(function, operands, seed):
    """∂(Σ seed · function)/∂x for each operand x."""
    products = []
    for i, x in enumerate(operands):
        product = np.empty(x.shape, dtype=object)
        for place in np.ndindex(x.shape):
            step = place_like(STEP, x, place)
            up, down = [function(*operands[:i], x + sign * step, *operands[i + 1 :]) for sign in (1, -1)]
            product[place] = np.sum(seed * (up - down)) / (2 * STEP)
        products.append(product)
    return products


def second_derivatives(function, operands, seed, directions):
    """How the vector-Jacobian products change when the operands move in the given directions."""
    moved = [[array(x + sign * STEP * u) for x, u in zip(operands, directions, strict=True)] for sign in (1, -1)]
    up, down = [vector_jacobian_products(function, operands, seed) for operands in moved]
    return [(a - b) / (2 * STEP) for a, b in zip(up, down, strict=True)]


def assert_close(value, reference, error=1e-12):
    """The same shape, and the same numbers to a relative (below 1: absolute) error."""
    assert np.shape(value) == np.shape(reference)
    reference = np.asarray(reference).astype(float)
    np.testing.assert_allclose(np.asarray(value), reference, rtol=error, atol=error)
