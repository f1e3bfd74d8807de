"""A program in JAX: what stands for np is jax.numpy, one operation at a time.

XLA, JAX's compiler, rewrites algebra: log(exp x) as x, a/b/c as a/(b c). On processors it takes what is below 2.2e-308 for 0.
Therefore a barrier stands behind each operation, and each value is watched: if one is so large or so small that a product or a
quotient of two such could overflow or vanish, the program itself is run, whose numbers are right.
"""

from functools import reduce
from operator import and_, or_
from types import SimpleNamespace

import numpy as np

from autograd_engine.notation import index_text
from autograd_engine.simplify import is_elementwise
from autograd_engine.values import accept, precision, raising
from autograd_nodes import Add, Equal, Log, PlaceLike, Subtract

try:
    import jax
    from jax import enable_x64
    from jax import numpy as jnp
except ImportError as error:
    raise ImportError("a program in JAX needs JAX, 0.8 or later: pip install jax") from error

JAX = SimpleNamespace(**vars(jnp) | {"equal": lambda x, y: jnp.where(x == y, 1.0, 0.0)})
RIGHTLY_ZERO = Add, Subtract, Equal, Log  # can be 0 though no operand is, and nothing has vanished


class InJAX:
    """A program in JAX; see Program.to_jax."""

    def __init__(self, program):
        program.lines.refuse_opaque("JAX")
        self.program, self.lines = program, program.lines
        self.nodes = list(dict.fromkeys([*program.inputs, *program.lines.graph.nodes]))
        self.text = self.lines.written([line for k in range(len(self.nodes)) for line in self.watched(k)], self.lines.results)
        self.jitted, self.seen = jax.jit(self.function), {tuple([x.shape for x in program.inputs])}
        try:
            with enable_x64(True):
                jax.eval_shape(self.function, *[x.value for x in program.inputs])
        except Exception as error:  # JAX's are of every kind
            said = str(error).strip().splitlines() or [type(error).__name__]
            line = self.lines.line_in(error.__traceback__, self.text)
            raise TypeError(f"JAX cannot compute {line}: {said[0]}") from None

    def __reduce__(self):
        return InJAX, (self.program,)

    def __call__(self, *values):
        if any([isinstance(x, jax.core.Tracer) for x in values]):
            raise TypeError("a program is jitted by itself; inside a jit, grad or vmap of your own, take its .function")
        shapes = tuple(map(np.shape, values))
        if shapes not in self.seen:
            self.program.sweep(values)  # which knows what is wrong with them
            self.seen.add(shapes)
        with enable_x64(True):
            results, are_usual = self.jitted(*[prepared(x, node) for x, node in zip(values, self.program.inputs)])
            return results if are_usual else tuple([jnp.asarray(y) for y in self.program(*values)])

    def function(self, *values):
        """What JAX traces: a tuple of the outputs, and whether all values on the way are usual."""
        found = {}  # {shape: where values of this shape are usual}

        def watch(k, t, *operands):
            t = jax.lax.optimization_barrier(jnp.asarray(t, precision(self.nodes[k])))
            found.setdefault(t.shape, []).append(is_usual(t, operands))
            return t

        function = self.lines.function(self.text, {"np": JAX, "float": jnp.asarray, "_watch": watch})
        with jax.default_matmul_precision("highest"):
            return function(*values), jnp.array([reduce(and_, parts).all() for parts in found.values()]).all()

    def watched(self, k):
        """The lines of node k, of which the last watches its value."""
        x = self.nodes[k]
        name, *operands = [self.lines.spelled(self.lines.atom(y)) for y in (x, *x.inputs)]
        body = self.lines.step(x) if operands else []
        if type(x) is PlaceLike:  # JAX's arrays cannot be changed
            placed, like = operands
            body = [f"{name} = np.zeros_like({like}).at[{index_text(**x.parameters)}].set(np.asarray({placed}, {like}.dtype))"]
        shown = operands if is_elementwise(type(x)) and not isinstance(x, RIGHTLY_ZERO) else []
        return [*body, f"{name if x in self.lines.names else '_'} = _watch({', '.join([str(k), name, *shown])})"]


def is_usual(t, operands):
    """Where t is far from where numbers overflow or vanish, or is 0: if operands are given, because one of them is."""
    kind = jnp.finfo(t.dtype)
    least, most = np.array([(kind.tiny / kind.eps) ** 0.5, (kind.eps / kind.tiny) ** 0.5], kind.dtype).view(f"uint{kind.bits}")
    size = t.view(least.dtype) << 1  # as whole numbers, for no other comparison tells 0 from the smallest numbers; no sign
    found = (size - 1 >= least << 1) & (size <= most << 1)  # 0 - 1 is the largest
    return found & reduce(or_, [jnp.equal(x, 0.0) for x in operands], t != 0.0) if operands else found


def prepared(x, node):
    """A value as JAX takes it, in the node's precision. JAX's arrays stay where they are."""
    if isinstance(x, jax.Array) and x.dtype.kind in "fiub":
        return x.astype(precision(node))
    with raising():
        return np.asarray(accept(x), precision(node))
