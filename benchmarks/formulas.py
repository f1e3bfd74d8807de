"""What is differentiated. `np` is whatever module has an engine's sqrt, log and sum."""

FACTOR = 1.0000001


def equation_a(np, a, b, c):
    t = a + b + c**2
    return np.sqrt(t) + np.log(t) + t / (b * c**2)


def sum_of_a(np, a, b, c):
    return np.sum(equation_a(np, a, b, c))


def equation_b(np, w_0, w_1, x, y):
    """The squared residuals of a line; an array stands first, so that NumPy spreads numbers that know no arrays over it."""
    return np.sum((x * w_1 + w_0 - y) ** 2)


def power(np, x, n):
    """x^(n + 1) as a chain of n multiplications by a variable."""
    y = x
    for _ in range(n):
        y = y * x
    return y


def multiple(np, x, n):
    """x 1.0000001^n as a chain of n multiplications by a plain number."""
    y = x
    for _ in range(n):
        y = y * FACTOR
    return y
