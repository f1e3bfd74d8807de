"""What is differentiated. `np` is whatever module has an engine's sqrt, log and sum."""

import operator
import random

FACTOR = 1.0000001
BINARY = {"multiply": operator.mul, "subtract": operator.sub, "add": operator.add}


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


def random_steps(n, leaves):
    """An expression of n random operations and some more, in which everything is used: [(operation, places of x and y)]."""
    choice, steps, unused = random.Random(n), [], list(range(leaves))
    for place in range(leaves, leaves + n):
        last = range(max(0, place - 20), place)
        x, y = unused.pop(0) if len(unused) > 10 else choice.choice(last), choice.choice(last)
        steps.append((choice.choice(["sin", "cos", "tanh", *[choice.choice(list(BINARY))] * 2]), x, y))
        unused.append(place)
    total = unused[0]
    for place, x in enumerate(unused[1:], leaves + n):
        steps.append(("add", total, x))
        total = place
    return steps


def expression(np, *leaves, steps):
    """What the steps compute: nothing is drawn here, since not every compiler can follow that."""
    nodes = list(leaves)
    for name, x, y in steps:
        nodes.append(BINARY[name](nodes[x], nodes[y]) if name in BINARY else getattr(np, name)(nodes[x]))
    return nodes[-1]


def demo_loss(np, *weights, points, labels):
    """The loss of micrograd's demo: a perceptron with two hidden layers of 16 rectified units, the hinge loss and L2."""
    scores = [perceptron(np, point, iter(weights)) for point in points]
    losses = [rectified(np, 1.0 - label * score) for label, score in zip(labels, scores)]
    return summed(losses) * (1.0 / len(losses)) + 1e-4 * summed([w * w for w in weights])


def perceptron(np, values, weights):
    for size, is_last in ((16, False), (16, False), (1, True)):
        layer = []
        for _ in range(size):
            unit = summed([next(weights) * x for x in values]) + next(weights)
            layer.append(unit if is_last else rectified(np, unit))
        values = layer
    return values[0]


def rectified(np, x):
    return np.relu(x) if hasattr(np, "relu") else np.maximum(x, 0.0)


def summed(terms):
    total = terms[0]
    for x in terms[1:]:
        total = total + x
    return total
