"""This library, uncompiled: a forward and a backward sweep."""

import numpy as np

from autograd_nodes import Graph, Variable
from benchmarks.formulas import equation_a, equation_b, product


def swept(graph):
    return lambda: (graph.forward(), *graph.backward().values())


def point(a, b, c):
    return swept(Graph(equation_a(Variable(a), Variable(b), Variable(c), np.sqrt, np.log)))


def fit(w_0, w_1, x, y):
    return swept(Graph(np.sum(equation_b(Variable(w_0), Variable(w_1), x, y))))


def summed(a, b, c):
    return swept(Graph(np.sum(equation_a(Variable(a), Variable(b), Variable(c), np.sqrt, np.log))))


def chain(x, n):
    def run():
        leaf = Variable(x)
        y = product(leaf, n)
        return y.value, Graph(y).backward()[leaf]

    return run
