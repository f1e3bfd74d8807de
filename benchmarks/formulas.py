"""What is differentiated, in a spelling that serves every engine."""


def equation_a(a, b, c, sqrt, log):
    t = a + b + c**2
    return sqrt(t) + log(t) + t / (b * c**2)


def equation_b(w_0, w_1, x, y):
    """The squared residuals of a line: B is their sum."""
    return (w_0 + w_1 * x - y) ** 2


def product(x, n):
    """x^(n + 1) as a chain of n multiplications."""
    y = x
    for _ in range(n):
        y = y * x
    return y
