"""Our engine beside its peers, in one run: times mean little between machines, their ratios do.

    python -m pip install -r requirements.txt -r benchmarks/requirements.txt
    python -m benchmarks.compare        (in the project folder)

A, scalars              `forward` and `backward` on the graph of A, against micrograd, which builds it anew for every gradient
chain of 1,000,000      building, ordering and sweeping it both ways, against PyTorch
"""

import math
import statistics
import timeit

import numpy as np
import torch
from micrograd.engine import Value

from autograd_nodes import Graph, Variable

POINT, ROUNDS, LENGTH = (2.0, 3.0, 1.5), 7, 1_000_000


def equation_a(a, b, c, sqrt, log):
    t3 = a + b + c**2
    return sqrt(t3) + log(t3) + t3 / (b * c**2)


def micrograd_log(x):
    """micrograd has no logarithm: one in its own style."""
    out = Value(math.log(x.data), (x,), "log")

    def backward():
        x.grad += out.grad / x.data

    out._backward = backward
    return out


def micrograd_gradient():
    leaves = [Value(x) for x in POINT]
    equation_a(*leaves, lambda x: x**0.5, micrograd_log).backward()
    return [x.grad for x in leaves]


def our_gradient_of_a():
    leaves = [Variable(x) for x in POINT]
    graph = Graph(equation_a(*leaves, np.sqrt, np.log))

    def sweep():
        graph.forward()
        return list(graph.backward().values())

    return sweep


def our_chain():
    x = Variable(1.0000001)
    y = x
    for _ in range(LENGTH):
        y = y * x
    graph = Graph(y)
    graph.forward()
    return [graph.backward()[x]]


def pytorch_chain():
    x = torch.tensor(1.0000001, dtype=torch.float64, requires_grad=True)
    y = x
    for _ in range(LENGTH):
        y = y * x
    y.backward()
    return [x.grad.item()]


def compare(work, ours, peer, peer_name, repeats, rounds):
    """Time both in turn; print the medians of their times and of the ratios, pair by pair."""
    assert np.allclose(ours(), peer(), rtol=1e-9), f"{work}: the gradients differ"
    times = [[timeit.timeit(run, number=repeats) / repeats for run in (ours, peer)] for _ in range(rounds)]
    mine, theirs = map(statistics.median, zip(*times, strict=True))
    ratio = statistics.median([a / b for a, b in times])
    print(f"{work:22}  ours {mine * 1e6:12,.1f} µs   {peer_name:9} {theirs * 1e6:12,.1f} µs   ratio {ratio:.2f}")


if __name__ == "__main__":
    compare("A, scalars", our_gradient_of_a(), micrograd_gradient, "micrograd", 10_000, ROUNDS)
    compare(f"chain of {LENGTH:,}", our_chain, pytorch_chain, "PyTorch", 1, 3)
