"""The sheet's equation A as a graph, for tests of what is said of graphs."""

import numpy as np

from autograd_engine import eliminate_common_subexpressions
from autograd_nodes import Graph, Variable

HOSTILE = '<script>alert("x")</script> | $x$ & \\t1'


def graph_a(names="abc"):
    a, b, c = [Variable(value, name) for value, name in zip((2.0, 3.0, 1.5), names, strict=True)]
    y = np.sqrt(a + b + c**2) + np.log(a + b + c**2) + (a + b + c**2) / (b * c**2)
    return Graph(eliminate_common_subexpressions(y))
