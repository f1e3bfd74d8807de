"""torch.compile of torch.func.grad_and_value."""

from functools import partial

import torch
from torch.func import grad_and_value

from benchmarks.formulas import equation_a, equation_b, product

torch.set_num_threads(2)


def compiled(function, arguments, count):
    """Value and gradient by the first `count` arguments."""

    def run(*arguments):
        gradients, value = grad_and_value(function, argnums=tuple(range(count)))(*arguments)
        return value, gradients

    return partial(torch.compile(run), *[torch.tensor(x, dtype=torch.float64) for x in arguments])


def point(a, b, c):
    return compiled(lambda a, b, c: equation_a(a, b, c, torch.sqrt, torch.log), (a, b, c), 3)


def fit(w_0, w_1, x, y):
    return compiled(lambda *arguments: torch.sum(equation_b(*arguments)), (w_0, w_1, x, y), 2)


def summed(a, b, c):
    return compiled(lambda a, b, c: torch.sum(equation_a(a, b, c, torch.sqrt, torch.log)), (a, b, c), 3)


def chain(x, n):
    return compiled(lambda x: product(x, n), (x,), 1)
