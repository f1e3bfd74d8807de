"""The graph of a program: the same results from fewer operations, and from none that NumPy has no function for.

    PATTERNS       what is computed as something else
    REARRANGED     the same for operations with parameters
    Simplified     a graph in which all that has been done, equal operations are one node, and nothing is expanded that NumPy
                   broadcasts by itself

What raises an error in one graph raises it in the other: no pattern passes over an operand.
"""

from typing import NamedTuple

import numpy as np

from autograd_engine.formulas import head_of
from autograd_engine.graph import Constant, Graph, Node, Variable
from autograd_engine.notation import PYTHON
from autograd_engine.values import fingerprint, precision, shape
from autograd_nodes import BroadcastLike, Max, PlaceLike, Reshape, Sum, Transpose

X = Variable(0.5)  # stands for any operand

PATTERNS = (
    # Derivatives start with 1.0 and meet constants: what seeds, linear terms and differences leave behind.
    (X * 1.0, X), (1.0 * X, X), (X / 1.0, X),
    (X + 0.0, X), (0.0 + X, X), (X - 0.0, X),
    # A sign is cheaper than a product.
    (X * -1.0, -X), (-1.0 * X, -X),
)  # fmt: skip

REARRANGED = {
    # A sum over every axis is the sum, which compiled code adds up in the loop that computes the summands.
    Sum: lambda x, axis, keepdims: np.sum(x) if is_every_axis(axis, x) and not keepdims else None if x.shape else x,
    # A number has no axes.
    Max: lambda x, axis, keepdims: None if x.shape else x,
    Transpose: lambda x: x if not x.shape else None,
    Reshape: lambda x, shape: x if not (x.shape or shape) else None,
}


def is_every_axis(axis, x):
    return axis is not None and len(axis if isinstance(axis, tuple) else (axis,)) == x.ndim


class Part(NamedTuple):
    """What stands for a node: a new node, which may lack axes that NumPy adds by itself; `like` then has the full shape."""

    node: Node
    like: Node | None = None

    @property
    def whole(self):
        return self.node if self.like is None else self.like


class Simplified:
    """The graph of a program, in nodes of its own.

    graph      of the new outputs
    inputs     the new Variables, one for each of `inputs`; all other leaves are Constants
    details    nodes within an operation that is written out, as its own forward rule makes it of others
    opaque     operations that are not NumPy's and whose forward rule is no formula
    """

    def __init__(self, graph, inputs):
        self.inputs = [Variable(x.value, x.name) for x in inputs]
        self.given = dict(zip(inputs, self.inputs))
        self.known, self.details, self.opaque = {}, set(), set()
        parts = graph.fold(self.part)
        self.details -= {part.node for old, part in parts.items() if old.adjoint_of is None}
        outputs = {y: self.expanded(parts[y]) for y in graph.outputs}
        self.name_adjoints({old: part.node for old, part in parts.items()}, outputs)
        self.graph = Graph(*[outputs[y] for y in graph.outputs])

    def __reduce__(self):
        marked = [[i for i, x in enumerate(self.graph.nodes) if x in some] for some in (self.details, self.opaque)]
        return restored, (self.graph, self.inputs, *marked)

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
        if operation is PlaceLike or is_spelled(operation, operands, parameters):
            return self.once(operation, operands, parameters)
        return self.written_out(operation, operands, parameters)

    def written_out(self, operation, operands, parameters):
        """The operation as its own forward rule makes it of others; as it is, if that rule is no formula for all sizes."""
        values = [x.value for x in operands]
        formulas = [traced(operation, each, parameters) for each in (values, [enlarged(x) for x in values])]
        if None in formulas or outline(*formulas[0]) != outline(*formulas[1]):
            node = self.once(operation, operands, parameters)
            self.opaque.add(node)
            return node
        stand_ins, formula = formulas[0]
        known = dict(zip(stand_ins, operands))

        def new(x, *inputs):
            if x in known:
                return known[x]
            node = self.made(type(x), inputs, x.parameters) if inputs else self.constant(x.value, x.name)
            self.details.add(node)
            return node

        return Graph(formula).fold(new)[formula]

    def name_adjoints(self, new, outputs):
        """Say of the new nodes what they are the adjoints of, where that is all of it and nothing else.

        Of nodes that have become one, each has a part of the adjoint; of a node that two sweeps went through there are two.
        """
        plain = {node for old, node in new.items() if old.adjoint_of is None}
        adjoints, merged = {}, {}
        for old in new:
            adjoints.setdefault(old.adjoint_of, set()).add(outputs.get(old, new[old]))
        for old in forward_part(outputs, adjoints.keys() - {None}):
            merged.setdefault(new.get(old), []).append(old)
        for owner in [old for old in new if old in adjoints]:
            adjoint, *others = adjoints[owner]
            if not others and adjoint.adjoint_of is None and adjoint not in plain and len(merged[new[owner]]) == 1:
                adjoint.adjoint_of = new[owner]


def restored(graph, inputs, *marked):
    """A simplified graph from its parts, as pickles have them."""
    simplified = Simplified.__new__(Simplified)
    simplified.graph, simplified.inputs = graph, inputs
    simplified.details, simplified.opaque = [{graph.nodes[i] for i in some} for some in marked]
    return simplified


def forward_part(outputs, owners):
    """The nodes that do not come from a backward sweep: what has an adjoint, what is asked for otherwise, and all below."""
    results = {y for y in outputs if y.adjoint_of is None} | owners
    return Graph(*results).nodes if results else ()


def simpler_than(operation, operands, parameters):
    """A node that computes the same from these operands, or one of them; None if no pattern fits."""
    if operation in REARRANGED:
        return REARRANGED[operation](*operands, **parameters)
    for pattern, same in PATTERNS:
        if type(pattern) is operation:
            found = [x for part, x in zip(pattern.inputs, operands) if part is X]
            if all([part is X or is_equal(part, x) for part, x in zip(pattern.inputs, operands)]):
                return found[0] if same is X else type(same)(*found)
    return None


def is_equal(constant, x):
    return isinstance(x, Constant) and x.name is None and not x.shape and fingerprint(x.value) == fingerprint(constant.value)


def is_double(node):
    return precision(node) == np.float64


# ---------------------------------------------------------------------------------------------- which operations are NumPy's


def is_numpys_own(operation):
    """Whether it stands for one of NumPy's functions. (A subclass inherits `function`, but may have another forward rule.)"""
    function = vars(operation).get("function") and operation.function
    return function is not None and getattr(np, function.__name__, None) is function


def is_elementwise(operation):
    return is_numpys_own(operation) and isinstance(operation.function, np.ufunc) and operation.function.signature is None


def is_spelled(operation, operands, parameters):
    """Whether the source can spell it. Of operations that are not ours, it is tried whether NumPy computes the same."""
    if operation.__module__ == Sum.__module__:
        return PYTHON.row(head_of(operation)) is not None
    if not is_numpys_own(operation):
        return False
    values = [x.value for x in operands]
    return is_same(operation.function(*values, **parameters), operation.forward(*values, **parameters))


def traced(operation, values, parameters):
    """(stand-ins for the operands, what the forward rule makes of them); None if that is not what it makes of values."""
    stand_ins = [Variable(x) for x in values]
    try:
        formula = operation.forward(*stand_ins, **parameters)
        nodes = Graph(formula).nodes
        right = is_same(formula.value, operation.forward(*values, **parameters))
    except Exception:  # whatever a rule that is no formula does with nodes
        return None
    return (stand_ins, formula) if right and not any([type(x) is operation for x in nodes]) else None


def outline(stand_ins, formula):
    """A formula without its values: the same for all sizes, if it does not depend on them."""
    nodes, given = Graph(formula).nodes, set(stand_ins)
    place = {x: i for i, x in enumerate([*stand_ins, *nodes])}
    leaves = [None if x in given or x.inputs else x.value for x in nodes]
    return [(type(x), [place[y] for y in x.inputs], fingerprint(sorted(x.parameters.items())), fingerprint(leaf))
            for x, leaf in zip(nodes, leaves)]  # fmt: skip


def enlarged(value):
    """The same with one more element along each axis that has not just one."""
    return np.pad(value, [(0, int(n != 1)) for n in value.shape], mode="edge") if shape(value) and value.size else value


def is_same(x, y):
    """Whether two results are the same real numbers."""
    x, y = np.asarray(x), np.asarray(y)
    return x.dtype.kind == y.dtype.kind == "f" and x.shape == y.shape and np.allclose(x, y, 1e-12, 1e-300)
