"""Nodes, and graphs of nodes with the two passes over them.

A node is a leaf or an operation on other nodes, its inputs, and holds its value. A graph holds all the nodes that some outputs
are computed from, the outputs among them, in topological order: each comes after its inputs. The forward pass computes every
value from the values of the inputs. The backward pass computes every adjoint, the derivative of the output with respect to a
node, from the adjoints of the nodes that use it. What both passes call, `forward` and the rules in `backward`, each operation
defines for itself: see autograd_nodes.py.

Nodes are keys of dicts and members of sets by identity, although == builds a node: they hash by identity (expressions.py), and
only what has the same hash is compared. Never search for a node in a list or a tuple, which calls ==.

Source of the method: Baydin, Pearlmutter, Radul and Siskind, *Automatic Differentiation in Machine Learning: a Survey*,
JMLR 18 (2018), section 3.2.
"""

from functools import partial
from math import isfinite
from types import MappingProxyType

import numpy as np

from autograd_engine.expressions import Expression, operations, register
from autograd_engine.labels import labels
from autograd_engine.order import topological_order
from autograd_engine.pickling import flattened, rebuilt
from autograd_engine.rules import Rules
from autograd_engine.values import EXPLAINED, accept, checked, describe, explain, precision, raising, shape

# From values.py: `accept` takes what users give and `checked` what rules return; both return a float or a read-only array and
# refuse what is not real. A float that is NaN or infinite is refused there, too; in arrays it is NumPy that raises an error
# where one arises, which `raising()` turns on. Nodes pass through `checked`.

# ------------------------------------------------------------------------------------------------------------------ nodes


class Node(Expression):
    """One operation applied to input nodes, evaluated as it is built. Subclasses are the operations.

    value       a Python float, or a read-only array of `shape`, as last evaluated: when the node was built, or by a Graph
    grad        the adjoint of this node, of the same shape, as of the last `Graph.backward`; None before
    inputs      tuple of the operands
    parameters  the operation's keywords (axis, keepdims, index, ...), {name: value}, not to be changed
    name        free text, or None
    adjoint_of  the node whose adjoint this node computes, in the graphs that `gradient` builds; None elsewhere
    active      whether this node is a Variable or depends on one, that is, whether it has an adjoint

    Raises an ArithmeticError where the operation is undefined, ValueError for shapes that do not fit, and TypeError
    for operands that are not real numbers or arrays.
    """

    __slots__ = ("inputs", "parameters", "name", "grad", "adjoint_of", "active", "_value", "__weakref__")
    function = None
    backward = Rules()
    defaults = MappingProxyType({})

    def __init_subclass__(cls):
        register(cls)

    def __init__(self, *inputs, **parameters):
        nodes, operands, active, floats = [], [], False, True
        for x in inputs:
            node = x if isinstance(x, Node) else Constant(x)
            nodes.append(node)
            operands.append(node._value)
            active |= node.active
            floats &= node._value.__class__ is float
        self.inputs, self.active = tuple(nodes), active
        self.parameters = self.defaults | parameters if parameters else self.defaults
        self.name = self.grad = self.adjoint_of = None
        try:
            if floats:  # then NumPy has no part in it
                self._value = self.apply(operands)
            else:
                with raising():
                    self._value = self.apply(operands)
        except EXPLAINED as error:
            hint = ", where operands are as last evaluated and a leaf has changed since" if is_outdated(self.inputs) else ""
            raise explain(error, type(self).__name__, operands, hint) from error

    def apply(self, operands):
        """The value of this operation for these values of its operands."""
        return checked(self.forward(*operands, **self.parameters) if self.parameters else self.forward(*operands))

    def rules(self):
        """The backward rules, one for each operand, with this node's parameters filled in."""
        if not self.parameters:
            return self.backward
        return tuple([rule and partial(rule, **self.parameters) for rule in self.backward])

    @classmethod
    def of(cls, *operands, **parameters):
        """This operation on these operands: a node if any of them is one, else a value."""
        return (cls if any([isinstance(x, Node) for x in operands]) else cls.forward)(*operands, **parameters)

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, value):
        raise AttributeError("the value of an operation is computed: give a leaf a new value, then call graph.forward()")

    @property
    def shape(self):
        return shape(self._value)

    def __repr__(self):
        return f"{type(self).__name__}({describe(self._value)}{f', name={self.name!r}' if self.name is not None else ''})"

    def __reduce__(self):
        raise TypeError("an operation cannot be pickled or copied by itself: pickle or copy Graph(node)")


class Leaf(Node):
    """A node that is given, not computed: a Variable or a Constant.

    `leaf.value = ...` gives it a new value. The `.value` of every other node stays as last evaluated: call `graph.forward()`
    before you read it or build on that node. `x += 1` does not change a leaf: it builds the node x + 1 and calls that x.

    value    a real number or real array; arrays are copied, float32 stays float32, every other real type becomes float64.
             An array is read-only: write x.value = x.value - step. Any array type that implements NumPy's protocols is
             accepted. Lazy ones, such as Dask's, stay lazy, and their errors appear when they are computed
    name     free text for people, or None
    changes  how often its value has changed

    Raises TypeError if the value is not real or the name is not text; ValueError if it is NaN, infinite, or (for a new
    value) not of the old one's shape.
    """

    __slots__ = ("changes",)
    inputs, parameters = (), Node.defaults

    def __init__(self, value, name=None):
        if name is not None and not isinstance(name, str):
            raise TypeError(f"a name is text, not {type(name).__name__}, and the value comes first: Variable(2.0, 'x')")
        self.name, self.grad, self.adjoint_of = name, None, None
        self._value, self.changes = accept(value), 0

    @Node.value.setter
    def value(self, value):
        self._value = accept(value, like=self._value)
        self.changes += 1  # last: whoever reads the count before the value never mistakes an old value for a new one

    def __reduce__(self):
        return type(self), (self._value, self.name)


class Variable(Leaf):
    """A leaf that gradients are taken with respect to."""

    __slots__ = ()
    active = True


class Constant(Leaf):
    """A leaf without gradient; plain numbers and arrays in an expression become one."""

    __slots__ = ()
    active = False


# ----------------------------------------------------------------------------------------------------------------- graphs


class Gradients(dict):
    """A dict {Variable: gradient} that says how to find a gradient when it is asked for anything else."""

    def __missing__(self, key):
        raise KeyError(f"{key!r} is not a Variable of this graph: look a gradient up by the Variable itself, not its name")


class Graph:
    """The computation graph of one or more outputs, in topological order, and the two sweeps over it.

    outputs             tuple of the nodes it was made for
    nodes               tuple of all nodes that they are computed from, each after its inputs, as Python evaluates them
    leaves, operations  the two kinds of nodes, in the same order
    values, adjoints    {node: value} and {node: adjoint} of this graph's last sweeps, even if other graphs that share nodes
                        with it have since been swept
    last_sweep          "forward", "backward" or None: which was the last one

    The order is found once, here. If a leaf has changed since the last sweep, the graph is swept forward again before it is
    swept backward, differentiated, drawn or compiled. Raises TypeError if an output is not a node, ValueError for no outputs.
    """

    def __init__(self, *outputs, labels=None):
        """`labels` are {node: what it is called}, if that is not what `label` makes up."""
        if not outputs:
            raise ValueError("a graph has at least one output")
        for y in outputs:
            if not isinstance(y, Node):
                raise TypeError(f"a graph is made of nodes, not of {type(y).__name__}")
        self._set_up(outputs, topological_order(outputs))
        self._labels = labels

    def _set_up(self, outputs, nodes):
        self.outputs, self.nodes = tuple(outputs), tuple(nodes)
        self.leaves = tuple([node for node in nodes if not node.inputs])
        self.operations = tuple([node for node in nodes if node.inputs])
        self._active = {node for node in nodes if node.active}
        self.values, self.adjoints, self.last_sweep = {node: node._value for node in nodes}, {}, None
        self._labels, self._seen = None, [0] * len(self.leaves)  # a leaf that has changed may be newer than its users

    # --- the two sweeps. NumPy is set to raise errors if anything in this graph, as last evaluated, is not a float.

    def sweep_forward(self, leaf_values):
        """{node: value} for these values of the leaves, {leaf: value}: every operation applied to the values of its inputs."""
        values = dict(leaf_values)
        value_of = values.__getitem__
        try:
            with raising(self.values.values()):
                for node in self.operations:
                    values[node] = node.apply([*map(value_of, node.inputs)])
        except EXPLAINED as error:
            raise self._explain(error, "", node, values) from error
        return values

    def sweep_backward(self, values, seed, wanted):
        """{node: adjoint} for these values of the nodes, where `seed` is the output's adjoint.

        Each node passes its adjoint through its rule for each input and hands the result to that input, where contributions
        add up. All users of a node come after it in the order. In reverse, therefore, all of them have contributed before the
        node hands on its own adjoint.

        wanted   the set of the nodes whose adjoints are wanted, together with every node between them and the output. A node
                 that no rule reaches gets no entry

        Given nodes for values and seed, the rules build nodes, so that the adjoints are nodes: see derivatives.py.
        """
        (y,) = self.outputs
        adjoints, value_of = {y: seed} if y in wanted else {}, values.__getitem__
        try:
            with raising(self.values.values()):
                for node in reversed(self.operations):
                    if node not in adjoints:
                        continue
                    given = adjoints[node], values[node], *map(value_of, node.inputs)  # grad, t, x, y, ...
                    for x, rule in zip(node.inputs, node.rules()):
                        if x in wanted and rule is not None:
                            contribution = fit(rule(*given), values[x])
                            adjoints[x] = checked(adjoints[x] + contribution) if x in adjoints else contribution
        except EXPLAINED as error:
            raise self._explain(error, "backward from ", node, values) from error
        return adjoints

    def all_adjoints(self, values, seed):
        """{node: adjoint} of every node that depends on a Variable, by sweep_backward; 0 where no rule reaches."""
        adjoints = self.sweep_backward(values, seed, self._active)
        if len(adjoints) < len(self._active):  # the others are only reached by operands without a rule
            adjoints |= {node: fit(0.0, values[node]) for node in self._active if node not in adjoints}
        return adjoints

    def _explain(self, error, where, node, values):
        return explain(error, f"{where}{self.label(node)} = {type(node).__name__}", [values[x] for x in node.inputs])

    # --- for users

    def forward(self):
        """Re-evaluate every node from the leaves' present values; returns the output's value (a tuple if several).

        Raises an ArithmeticError that names the node where an operation is undefined or overflows; all nodes then
        keep their old values.
        """
        self._store(*self._reevaluate())
        self.last_sweep = "forward"
        result = tuple([self.values[y] for y in self.outputs])
        return result if len(result) > 1 else result[0]

    def backward(self, seed=None):
        """The adjoint of every node that depends on a Variable: ∂(seed · y)/∂node, in its `.grad`; the others' is None.

        seed   a value of the output's shape; 1.0 if y is a scalar and none is given

        Returns {Variable: gradient}, each of the Variable's shape. Re-evaluates first if a leaf has changed.
        Raises ValueError for several outputs, or a seed that is missing or of the wrong shape; an ArithmeticError that names
        the node where a derivative does not exist or overflows; all nodes then keep their old values and adjoints.
        """
        if len(self.outputs) > 1:
            raise ValueError(f"a backward sweep starts at one output; this graph has {len(self.outputs)}")
        (y,) = self.outputs
        if seed is None and y.shape:
            raise ValueError(f"the output has shape {y.shape}: give backward a seed of that shape, or sum it first")
        values, seen = self._reevaluate() if self._is_stale() else (self.values, self._seen)
        seed = 1.0 if seed is None else fit(accept(seed, like=values[y]), values[y])
        adjoints = self.all_adjoints(values, seed)
        self._store(values, seen)
        self.adjoints, self.last_sweep = adjoints, "backward"
        for node, adjoint in adjoints.items():
            node.grad = adjoint
        return Gradients({x: adjoints[x] for x in self.leaves if x.active})

    def refresh(self):
        """Re-evaluate and drop the adjoints if a leaf has changed since the last sweep."""
        if self._is_stale():
            self._store(*self._reevaluate())

    def evaluate(self, given):
        """{node: value} for other values of some leaves, given as {leaf: value}; stores nothing.

        Raises ValueError for a key that is not a leaf of this graph and for a value of another shape, and as `forward` does.
        """
        values = {leaf: leaf._value for leaf in self.leaves}
        for leaf, value in given.items():
            if leaf not in values:
                raise ValueError(f"{leaf!r} is not a leaf of this graph")
            values[leaf] = accept(value, like=leaf._value)
        return self.sweep_forward(values)

    def fold(self, rule):
        """{node: rule(node, *its results for the node's inputs)}, in topological order."""
        results = {}
        for node in self.nodes:
            results[node] = rule(node, *[results[x] for x in node.inputs])
        return results

    def label(self, node):
        """A plain identifier for a node of this graph, unique in it: t1, t2, ... for operations in evaluation order;
        a leaf's name where it can serve (ASCII, not a keyword or builtin, not printed as another or t1 is), else v1, v2, ...

        Raises ValueError if the node is not in the graph.
        """
        self._labels = self._labels or labels(self.nodes)
        if node not in self._labels:
            raise ValueError(f"{node!r} is not in this graph")
        return self._labels[node]

    def _is_stale(self):
        return self._seen != [leaf.changes for leaf in self.leaves]

    def _reevaluate(self):
        """The values of all nodes, and the counts of the leaves' changes that they belong to, read before the values."""
        seen = [leaf.changes for leaf in self.leaves]
        return self.evaluate({}), seen

    def _store(self, values, seen):
        if values is not self.values:
            for node in self.operations:
                node._value = values[node]
            self.values, self._seen, self.adjoints = values, seen, {}
            if self.last_sweep == "backward":
                self.last_sweep = "forward"

    # --- pickling and copying

    def __copy__(self):
        return Graph(*self.outputs, labels=self._labels)

    def __getstate__(self):
        place = {node: i for i, node in enumerate(self.nodes)}
        results = [(self.values[x], self.adjoints.get(x), place.get(x.adjoint_of)) for x in self.nodes]
        labels = self._labels and [self._labels[x] for x in self.nodes]
        return flattened(self.nodes), results, [place[y] for y in self.outputs], self.last_sweep, self._is_stale(), labels

    def __setstate__(self, state):
        parts, results, outputs, last_sweep, stale, labels = state
        nodes = rebuilt(parts)
        for node, (value, adjoint, owner) in zip(nodes, results):
            if node.inputs:
                node._value = checked(value)
            node.grad = None if adjoint is None else checked(adjoint)
            node.adjoint_of = None if owner is None else nodes[owner]
        self._set_up([nodes[i] for i in outputs], nodes)
        self._labels = labels and dict(zip(nodes, labels))
        self.adjoints = {node: node.grad for node in nodes if node.grad is not None}
        self.last_sweep, self._seen = last_sweep, None if stale else self._seen  # None: stale, whatever the counts


# ---------------------------------------------------------------------------------------------------------------- helpers


def fit(contribution, like):
    """A contribution to an adjoint in the shape and precision of its operand, `like`: what is too large was broadcast and is
    summed, what is too small is expanded.

    Both are values, or both are nodes. An adjoint pair of operations does it, so that it can be differentiated again.
    """
    if contribution.__class__ is like.__class__ is float and isfinite(contribution):
        return contribution
    if shape(contribution) != shape(like) and np.broadcast_shapes(shape(contribution), shape(like)) != shape(like):
        contribution = operations["SumLike"].of(contribution, like)
    if shape(contribution) != shape(like) or (shape(like) and precision(contribution) != precision(like)):
        contribution = operations["BroadcastLike"].of(contribution, like)
    return checked(contribution)


def is_outdated(nodes):
    """Whether these nodes would have other values if they were evaluated now."""
    graph = Graph(*nodes) if nodes else None
    if graph is None or not any([leaf.changes for leaf in graph.leaves]):
        return False
    try:
        values = graph.evaluate({})
    except EXPLAINED:
        return True
    return not all([np.array_equal(values[x], x.value) for x in nodes])
