"""PyTorch, eager."""

import torch

from benchmarks.formulas import equation_a, equation_b, product

torch.set_num_threads(2)


def leaf(x):
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)


def point(a, b, c):
    return summed(a, b, c)


def summed(a, b, c):
    leaves = [leaf(x) for x in (a, b, c)]

    def run():
        y = torch.sum(equation_a(*leaves, torch.sqrt, torch.log))
        return y, *torch.autograd.grad(y, leaves)

    return run


def fit(w_0, w_1, x, y):
    leaves, x, y = [leaf(w_0), leaf(w_1)], torch.from_numpy(x), torch.from_numpy(y)

    def run():
        loss = torch.sum(equation_b(*leaves, x, y))
        return loss, *torch.autograd.grad(loss, leaves)

    return run


def chain(x, n):
    def run():
        start = leaf(x)
        y = product(start, n)
        return y, *torch.autograd.grad(y, [start])

    return run
