"""The graph of a program: the same results from fewer operations, and from none that NumPy has no function for.

Equal operations are one node, and nothing is expanded that NumPy broadcasts by itself. What raises an error in one graph
raises it in the other: no pattern passes over an operand.
"""

import ast
from collections import Counter
from typing import NamedTuple

import numpy as np

from autograd_engine.formulas import changed_parameters, head_of
from autograd_engine.graph import Constant, Graph, Node, Variable
from autograd_engine.notation import PYTHON
from autograd_engine.values import fingerprint, precision, shape
from autograd_nodes import BroadcastLike, Max, PlaceLike, Reshape, Sum, Transpose

X = Variable(0.5)  # stands for any operand

PATTERNS = (  # what is on the left is computed as what is on the right
    # Derivatives start with 1.0 and meet constants: what seeds, linear terms and differences leave behind.
    (X * 1.0, X), (1.0 * X, X), (X / 1.0, X), (X - 0.0, X),
    # A sign is cheaper than a product.
    (X * -1.0, -X), (-1.0 * X, -X),
)  # fmt: skip

REARRANGED = {  # the same for operations with parameters; None where there is nothing simpler
    # A sum over every axis is the sum, which compiled code adds up in the loop that computes the summands.
    Sum: lambda x, axis, keepdims: np.sum(x) if is_every_axis(axis, x) and not keepdims else None if x.shape else x,
    # A number has no axes.
    Max: lambda x, axis, keepdims: None if x.shape else x,
    Transpose: lambda x: None if x.shape else x,
    Reshape: lambda x, shape: None if x.shape or shape else x,
}


def is_every_axis(axis, x):
    return axis is not None and len(axis if isinstance(axis, tuple) else (axis,)) == x.ndim


def simplified(graph, inputs):
    """(the graph, its inputs, those of its nodes that are details of an operation that is written out), all in new nodes.

    Leaves that are no inputs become Constants.
    """
    work = Simplification(dict(zip(inputs, [Variable(x.value, x.name) for x in inputs])))
    parts = graph.fold(work.part)
    new = {old: part.node for old, part in parts.items()} | {y: work.expanded(parts[y]) for y in graph.outputs}
    name_adjoints(graph, new)
    details = work.details - {new[old] for old in graph.nodes if old.adjoint_of is None}
    return Graph(*[new[y] for y in graph.outputs]), list(work.given.values()), details


class Part(NamedTuple):
    """What stands for a node: a new node, which may lack axes that NumPy adds by itself; `like` then has the full shape."""

    node: Node
    like: Node | None = None

    @property
    def whole(self):
        return self.node if self.like is None else self.like


class Simplification:
    """New nodes for old ones: `given` are {input: its new Variable}, `known` what there is already."""

    def __init__(self, given):
        self.given, self.known, self.details = given, {}, set()

    def part(self, old, *operands):
        operation, parameters = type(old), old.parameters
        if not old.inputs:
            return Part(self.given[old] if old in self.given else self.constant(old.value, old.name))
        if operation is BroadcastLike and is_double(old) and is_double(operands[0].node):
            return Part(operands[0].node, operands[1].whole)
        whole = next((part.whole for x, part in zip(old.inputs, operands) if x.shape == old.shape), None)
        if is_elementwise(operation) and whole is not None:
            new = self.made(operation, [part.node for part in operands], parameters)
            if precision(new) == precision(old):
                return Part(new, None if new.shape == old.shape else whole)
        return Part(self.made(operation, [self.expanded(part) for part in operands], parameters))

    def expanded(self, part):
        return part.node if part.like is None else self.once(BroadcastLike, [part.node, part.like], {})

    def constant(self, value, name=None):
        key = name, fingerprint(value)
        if key not in self.known:
            self.known[key] = Constant(value, name)
        return self.known[key]

    def once(self, operation, operands, parameters):
        key = operation, *map(id, operands), fingerprint(sorted(parameters.items()))
        if key not in self.known:
            self.known[key] = operation(*operands, **parameters)
        return self.known[key]

    def made(self, operation, operands, parameters):
        """The operation on new operands, or what is the same: a constant, an operand, what is known already, a formula."""
        if not any([x.active for x in operands]):
            return self.constant(operation(*operands, **parameters).value)
        simpler = simpler_than(operation, operands, parameters)
        if simpler is not None:
            return simpler if simpler in set(operands) else self.made(type(simpler), simpler.inputs, simpler.parameters)
        formula = None if is_spelled(operation, operands, parameters) else formula_of(operation, operands, parameters)
        return self.once(operation, operands, parameters) if formula is None else self.written_out(*formula)

    def written_out(self, known, y):
        def new(x, *inputs):
            if x not in known:
                known[x] = self.made(type(x), inputs, x.parameters) if inputs else self.constant(x.value, x.name)
                self.details.add(known[x])
            return known[x]

        return Graph(y).fold(new)[y]


def simpler_than(operation, operands, parameters):
    """A node that computes the same from these operands, or one of them; None if no pattern fits."""
    if operation in REARRANGED:
        return REARRANGED[operation](*operands, **parameters)
    for pattern, same in PATTERNS:
        if type(pattern) is operation and all([part is X or is_equal(part, x) for part, x in zip(pattern.inputs, operands)]):
            (x,) = [x for part, x in zip(pattern.inputs, operands) if part is X]
            return x if same is X else type(same)(x)
    return None


def is_equal(constant, x):
    return isinstance(x, Constant) and x.name is None and not x.shape and fingerprint(x.value) == fingerprint(constant.value)


def name_adjoints(graph, new):
    """Say of new nodes what they are the adjoints of, where that is all of it and nothing else.

    Of nodes that have become one, each has a part of the adjoint; of a node that two sweeps went through there are two.
    """
    adjoints = {}
    for old in graph.nodes:
        adjoints.setdefault(old.adjoint_of, set()).add(new[old])
    plain = adjoints.pop(None, set())
    results = {y for y in graph.outputs if y.adjoint_of is None}.union(adjoints)
    merged = Counter([new.get(old) for old in Graph(*results).nodes] if results else ())
    for owner in [old for old in graph.nodes if old in adjoints and merged[new[old]] == 1]:
        adjoint, *others = adjoints[owner]
        if not others and adjoint not in plain and adjoint.adjoint_of is None:
            adjoint.adjoint_of = new[owner]


# ---------------------------------------------------------------------------------------------- which operations are NumPy's


def is_double(node):
    return precision(node) == np.float64


def is_numpys(operation):
    """Whether it stands for one of NumPy's functions. (A subclass inherits `function`, but may have another forward rule.)"""
    function = vars(operation).get("function") and operation.function
    return function is not None and getattr(np, function.__name__, None) is function


def is_elementwise(operation):
    return is_numpys(operation) and isinstance(operation.function, np.ufunc) and operation.function.signature is None


def is_ours(operation):
    """Whether it is one of the operations of autograd_nodes.py."""
    return operation.__module__ == Sum.__module__


def is_spelled(operation, operands, parameters):
    """Whether the source can spell it. Of operations that are not ours, it is tried whether NumPy computes the same."""
    if is_ours(operation):
        return operation is PlaceLike or PYTHON.row(head_of(operation)) is not None
    if not is_numpys(operation):
        return False
    values = [x.value for x in operands]
    try:
        written = {name: ast.literal_eval(repr(value)) for name, value in changed_parameters(operation, parameters).items()}
        return is_same(operation.function(*values, **written), operation.forward(*values, **parameters))
    except Exception:  # whatever a function of NumPy's does with another one's parameters
        return False


def formula_of(operation, operands, parameters):
    """({stand-in: operand}, what the forward rule makes of the stand-ins); None if that is not what it makes of values.

    Tried with the operands' values and with larger arrays, since a rule may depend on sizes.
    """
    stand_ins = [Variable(x.value) for x in operands]
    try:
        y = operation.forward(*stand_ins, **parameters)
        graph = Graph(y)
        for values in ([x.value for x in operands], [enlarged(x.value) for x in operands]):
            computed = graph.sweep_forward({x: x.value for x in graph.leaves} | dict(zip(stand_ins, values)))[y]
            if not is_same(computed, operation.forward(*values, **parameters)):
                return None
    except Exception:  # whatever a rule that is no formula does with nodes
        return None
    return None if any([type(x) is operation for x in graph.nodes]) else (dict(zip(stand_ins, operands)), y)


def enlarged(value):
    """The same with one more element along each axis that has not just one."""
    return np.pad(value, [(0, int(n != 1)) for n in value.shape], mode="edge") if shape(value) and value.size else value


def is_same(x, y):
    """Whether two results are the same real numbers, arrays in the same precision."""
    x, y = np.asarray(x), np.asarray(y)
    kinds = (x.dtype, y.dtype) if x.ndim else (x.dtype.kind, y.dtype.kind)
    return x.dtype.kind == "f" and kinds[0] == kinds[1] and x.shape == y.shape and np.allclose(x, y, 1e-12, 1e-300)
