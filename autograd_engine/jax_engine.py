"""A program in JAX, operation by operation: what stands for np is jax.numpy.

XLA, JAX's compiler, may compute several operations together, and then otherwise than they are written: log(exp x) as x, a b + c
with one rounding instead of two, and a b a second time, with another rounding, for whoever asks which of these is the largest.
So that it cannot, each operation is a call of its own. On processors XLA also takes what is below 2.2e-308 for 0. So each value
is watched: if one is so large or so small that what is computed from it could overflow or vanish, the program itself is run.
"""

from contextlib import contextmanager

import numpy as np

from autograd_engine.notation import index_text
from autograd_engine.simplify import is_double, is_ours
from autograd_engine.values import accept
from autograd_nodes import Divide, Exp, PlaceLike, Power, Tanh

try:
    import jax
    from jax import enable_x64
    from jax import numpy as jnp
except ImportError as error:
    raise ImportError("a program in JAX needs JAX, 0.8 or later: pip install jax") from error


@contextmanager
def as_in_numpy():
    """JAX computes in doubles, precisely, promotes types and shapes, and raises no errors for values, whatever its settings."""
    with (
        enable_x64(True), jax.default_matmul_precision("highest"), jax.debug_nans(False), jax.debug_infs(False),
        jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"),
    ):  # fmt: skip
        yield


class InJAX:
    """A program in JAX; see Program.to_jax."""

    def __init__(self, program):
        program.lines.refuse_opaque("JAX")
        self.program, self.lines = program, program.lines
        nodes = dict.fromkeys([*program.inputs, *program.lines.graph.nodes])  # inputs without use have to be finite, too
        self.text = self.lines.written([line for x in nodes for line in self.steps(x)], self.lines.results, ["_watch"])
        self.watched = self.lines.function(self.text, {"np": jnp, "float": jnp.asarray})  # numbers are JAX's, too
        self.seen = {tuple([x.shape for x in program.inputs])}
        try:
            with as_in_numpy():
                jax.eval_shape(self.function, *[x.value for x in program.inputs])
        except Exception as error:  # JAX's are of every kind
            said = str(error).strip().splitlines() or [type(error).__name__]
            line = self.lines.line_in(error.__traceback__, self.text)
            raise TypeError(f"JAX cannot compute {line}: {said[0]}") from None

    def __reduce__(self):
        return InJAX, (self.program,)

    def __call__(self, *values):
        refuse_tracers(values)
        shapes = tuple(map(np.shape, values))
        if shapes not in self.seen:
            self.program.sweep(values)  # which says what is wrong: a broadcast that is another, an index that is too large
            if len(self.seen) > 1000:
                self.seen.clear()
            self.seen.add(shapes)
        found = []
        with as_in_numpy():
            results = self.watched(*map(prepared, values), lambda t, may_be_0: found.append(is_usual(t, may_be_0)))
            refuse_tracers(found)  # which come of plain numbers within a jit
            if not all(jax.device_get(found)):
                results = self.program(*values)
            return tuple([jnp.asarray(y, float) for y in results])

    def function(self, *values):
        """The outputs, with no look at the numbers: for a jit, grad or vmap, under jax.enable_x64."""
        return self.watched(*values, lambda t, may_be_0: None)

    def steps(self, x):
        """The lines of a node, the last of which watches its value. Operations that JAX has otherwise are written otherwise."""
        if not is_double(x):
            raise TypeError(f"a program in JAX is in float64, and {self.lines.names[x]} is in {x.value.dtype}")
        name, *operands = [self.lines.spelled(self.lines.atom(y)) for y in (x, *x.inputs)]
        lines = self.lines.step(x) if operands else []
        if isinstance(x, PlaceLike):  # arrays cannot be changed
            placed, like = operands
            lines = [f"{name} = np.zeros_like({like}).at[{index_text(**x.parameters)}].set({placed})"]
        if isinstance(x, Divide):  # XLA divides by what it broadcasts as if it were to multiply by the reciprocal
            lines = [f"{name} = np.divide(*np.broadcast_arrays({', '.join(operands)}))"]
        if isinstance(x, Tanh):  # XLA's own falls here and there, and is below 1 where it should be 1
            lines = [f"{name} = np.expm1(-2.0 * np.abs({operands[0]}))"]
            lines.append(f"{name} = np.copysign({name} / (2.0 + {name}), {operands[0]})")
        return [*lines, f"_watch({name}, {where_it_may_be_0(x, operands)})"]


def refuse_tracers(values):
    if any([isinstance(x, jax.core.Tracer) for x in values]):
        raise TypeError("inside a jit, grad or vmap, take the program's .function, which has no look at the numbers")


def prepared(x):
    """A value as JAX takes it. JAX's arrays stay where they are, but for those of kinds that it might round."""
    return x if isinstance(x, jax.Array) and x.dtype == np.float64 else jnp.asarray(np.asarray(accept(x), float))


def where_it_may_be_0(x, operands):
    """The text of where a value that is 0 cannot have vanished. That of e^x always has. What somebody else's operation computes
    on its way is not known, so that a 0 of it is not trusted.
    """
    if isinstance(x, Power):
        return f"{operands[0]} == 0.0"
    return str(not x.inputs or (is_ours(type(x)) and not isinstance(x, Exp)))


# Sizes are compared by their bits: those of positive floats, read as whole numbers, are in the order of the floats, and twice
# them, a sign is gone. The product of two floats of sizes from LEAST to MOST is finite, and its last place is no smaller than
# the smallest normal number.
FLOAT = np.finfo(float)
LEAST, MOST = [np.float64(x).view(np.uint64) << 1 for x in ((FLOAT.tiny / FLOAT.eps) ** 0.5, (FLOAT.eps / FLOAT.tiny) ** 0.5)]


@jax.jit
def is_usual(t, may_be_0):
    """Whether all of t is of sizes from LEAST to MOST, or 0 where it may be."""
    bits = jnp.asarray(t, float).view(np.uint64) << 1
    # bits - 1 of 0 is the largest number there is. (bits == 0 would not do: compilers make t == 0.0 of it, which holds of all
    # that is below the smallest normal number.)
    return ((bits - 1 >= LEAST - 1) & (bits <= MOST) & (may_be_0 | (t != 0.0))).all()
