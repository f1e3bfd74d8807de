"""A computation graph as a straight-line program: to be read, run on numbers and arrays, given to SymPy, compiled.

    program = Program([y, *gradient(y, [a, b])], [a, b])
    program.source              Python, one line a node: t1, t2, ... going forward, t2_bar, a_bar, ... going backward
    program(2.0, 3.0)           the outputs, by `math` for floats and by NumPy for arrays
    program.to_sympy()          the outputs as SymPy expressions, entry by entry for arrays
    program.compile()           the same as machine code, by Numba, arrays in parallel loops
    program.to_jax()            the same for JAX: on accelerators, on sharded arrays
    program.to_dask()           the same, compiled, on each chunk of Dask arrays: on a cluster

The graph is simplified (simplify.py) and written down (source.py), each operation as NumPy has it: np.log(x). An engine is what
stands for `np`. An operation that NumPy has no function for is written out: its own forward rule is applied to nodes.
"""

from autograd_engine.derivatives import checked_variables
from autograd_engine.graph import Graph, Node
from autograd_engine.numpy_engine import function_of_values, owned
from autograd_engine.simplify import is_elementwise, simplified
from autograd_engine.source import Lines
from autograd_engine.values import accept, precision, raising, shape
from autograd_nodes import BroadcastLike

MOST = 1000  # combinations of shapes that are remembered


class Program:
    """What computes some nodes from some Variables, as a list of lines.

    outputs   nodes, typically [y, *gradient(y, [a, b])], or one node
    inputs    the Variables that stay open; every other leaf is a constant of the program, with the value it has now
    source    the program as Python

    Equal subexpressions are computed once; what no output needs and multiplications by one are gone. A call takes a value
    for each input, with as many dimensions as the Variable has, and in its precision; sizes may differ, as long as what was
    broadcast still is and nothing else is. It returns a tuple of the outputs: floats, and arrays of their own.

    Raises TypeError if outputs are not nodes or inputs not Variables, ValueError if an input is given twice or no output is.
    A call raises an ArithmeticError that names the line where something is undefined or overflows, ValueError or IndexError
    for shapes, ValueError for NaN and infinity, TypeError for what is no number.
    """

    def __init__(self, outputs, inputs):
        inputs = checked_variables(inputs)
        if len(set(inputs)) < len(inputs):
            raise ValueError("an input is given twice")
        graph = Graph(*([outputs] if isinstance(outputs, Node) else outputs))
        graph.refresh()
        self._set_up((graph, {x: graph.values[x] for x in graph.leaves}, inputs), *simplified(graph, inputs))

    def _set_up(self, origin, graph, inputs, details):
        self._origin = origin  # (the graph as it was given, {leaf: value}, its inputs)
        self.inputs, self._details = inputs, details
        self.lines = Lines(graph, inputs, details)
        self.source, names = self.lines.source, self.lines.names
        labels = names | {x: names[line] for x, line in self.lines.line_of.items() if x.inputs}  # errors of a sweep name lines
        nameless = [x for x in graph.leaves if x not in names]  # constants that stand in the lines as numbers
        labels |= {x: f"v{i}" for i, x in enumerate(nameless, len(names) + 1)}
        self.graph = Graph(*graph.outputs, labels=labels)
        self._function = function_of_values(self.lines)
        self._seen = set()  # shapes of inputs for which all is right
        self._remember([x.shape for x in inputs], {x: x.shape for x in graph.nodes})

    def __repr__(self):
        return f"Program({', '.join([self.lines.names[x] for x in self.inputs])}) of {len(self.lines.lines)} lines"

    def __reduce__(self):
        details = [i for i, x in enumerate(self.graph.nodes) if x in self._details]
        return restored, (self._origin, self.graph, self.inputs, details)

    def __call__(self, *values):
        try:
            if any([x.__class__ is not float for x in values]):
                values = self._accepted(values)
            if tuple(map(shape, values)) in self._seen:
                with raising():
                    return tuple([owned(y) for y in self._function(*values)])
        except (ArithmeticError, ValueError, IndexError, TypeError):
            pass  # the sweep says what is wrong, and where
        found = self.sweep(values)
        return tuple([owned(found[y]) for y in self.graph.outputs])

    def sweep(self, values):
        """{node: value} for each node of the program's graph, by its forward sweep, whose errors name the line.

        Raises what a call raises; ValueError for sizes that are broadcast otherwise than those the program was made for.
        """
        values = self._accepted(values)
        found = self.graph.sweep_forward({x: x.value for x in self.graph.leaves} | dict(zip(self.inputs, values)))
        if not self._fits(values):
            given, made = [shape(x) for x in values], [x.shape for x in self.inputs]
            raise ValueError(f"shapes {given} do not broadcast as {made} do, for which the program was made")
        self._remember(map(shape, values), {x: shape(value) for x, value in found.items()})
        return found

    def _accepted(self, values):
        """The values as leaves hold them, one for each input, of as many dimensions and of its precision."""
        values = [accept(x) for x in values]
        if len(values) != len(self.inputs):
            raise TypeError(f"the program has {len(self.inputs)} inputs; {len(values)} values are given")
        if [len(shape(x)) for x in values] != [len(x.shape) for x in self.inputs]:
            shapes = [x.shape for x in self.inputs], [shape(x) for x in values]
            raise ValueError("a program made for shapes {} cannot take {}".format(*shapes))
        with raising():
            return [value.astype(precision(x)) if x.shape else value for x, value in zip(self.inputs, values)]

    def _remember(self, inputs, shapes):
        """NumPy alone may compute what has these shapes, unless there is an empty array, in which errors are hidden."""
        if not any([0 in one for one in shapes.values()]):
            if len(self._seen) > MOST:
                self._seen.clear()
            self._seen.add(tuple(inputs))

    def _fits(self, values):
        """Whether the program is right for the sizes of these values: what has size 1 still has it, and what was not stretched
        is not. The graph is asked as it was given, since the simplified one does not hold all that is broadcast.
        """
        graph, leaves, inputs = self._origin
        shapes = {x: shape(value) for x, value in graph.sweep_forward(leaves | dict(zip(inputs, values))).items()}
        for node, found in shapes.items():
            if any([old == 1 != new for old, new in zip(node.shape, found)]):
                return False
            for x in node.inputs if is_elementwise(type(node)) or isinstance(node, BroadcastLike) else ():
                axes = zip(reversed(x.shape), reversed(shapes[x]), reversed(found))
                if any([old != 1 == new != size for old, new, size in axes]):
                    return False
        return True

    def to_sympy(self):
        """The outputs as SymPy expressions, arrays as object arrays of them. The inputs are symbols, named as in `source`; the
        entries of an array x are sympy.IndexedBase("x")[0], sympy.IndexedBase("x")[1], ...

        Raises TypeError, naming the line, for an operation that SymPy has no function for.
        """
        from autograd_engine.sympy_engine import expressions

        return expressions(self.lines)

    def compile(self):
        """The program as machine code: a callable that takes the same values and, as `out`, None or a tuple that has for each
        output an array to write it to, or None. It returns a tuple of the outputs, among them the arrays given as `out`, which
        after an arithmetic error may hold anything. Large results without `out` stand in memory of former results that nobody
        holds any more, not even a view of them; of such, what two calls need is kept.

        Elementwise operations and sums run in common loops, in parallel threads where arrays are large. If anything is not
        finite, the program itself is run, whose errors name the line.

        Raises TypeError, naming the line, for an operation that Numba does not know. Needs Numba.
        """
        from autograd_engine.numba_engine import Compiled

        return Compiled(self)

    def to_jax(self):
        """The program in JAX, in float64: a callable that takes the same values, and JAX's arrays, of which those of float64
        stay on their devices and in their shards. It returns a tuple of JAX's arrays.

        Errors are those of a call. Each operation is computed by itself, since XLA would compute some together, and otherwise
        than they are written. If a value on the way is neither 0 nor of a size from 1e-146 to 1e146, JAX may be wrong, and the
        program itself is run, whose results are on JAX's default device; and once for sizes that are new. `.function` is the
        program for a jit, grad or vmap of your own under jax.enable_x64: there XLA computes what it makes of it, and nothing
        looks at the numbers.

        Raises TypeError, naming the line, for an operation that JAX has no function for, and for float32. Needs JAX; tested on
        processors only.
        """
        from autograd_engine.jax_engine import InJAX

        return InJAX(self)

    def to_dask(self):
        """The compiled program on chunks, wherever they are: a callable that takes numbers, and Dask arrays of one axis and the
        same chunks, and returns a tuple of lazy arrays. What is computed element by element stays in chunks; sums over all
        elements are added up.

        Raises TypeError, naming the line, for what a chunk cannot compute by itself. Errors in the values appear when the
        results are computed. Needs Dask and Numba.
        """
        from autograd_engine.dask_engine import ForDask

        return ForDask(self)


def restored(origin, graph, inputs, details):
    """A program from what pickles have of it, where `details` are places in the graph."""
    program = Program.__new__(Program)
    program._set_up(origin, graph, inputs, {graph.nodes[i] for i in details})
    return program
