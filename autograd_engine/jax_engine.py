"""A program as a function for JAX: what stands for np is jax.numpy, and jax.jit compiles it."""

import numpy as np

from autograd_engine.notation import index_text
from autograd_engine.undefined import UndefinedError, watched
from autograd_engine.values import precision
from autograd_nodes import PlaceLike

try:
    import jax
    from jax import numpy as jnp
except ImportError:
    jax = None  # which a program says when it is asked for


def doubles():
    """A context in which JAX computes in float64, whatever it is set to elsewhere."""
    return (jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64)(True)


class JAX:
    """np for JAX's arrays."""

    def equal(self, x, y):
        return jnp.equal(x, y).astype(jnp.result_type(x, y))

    def __getattr__(self, name):
        return getattr(jnp, name)


class ForJAX:
    """A program run by JAX; see Program.to_jax.

    function    what JAX traces: of the inputs, to a tuple of the outputs and whether all of it is finite
    """

    def __init__(self, program):
        if jax is None:
            raise ImportError("Program.to_jax needs JAX: pip install jax")
        program.lines.refuse_opaque("JAX")
        self.program, text = program, text_for_jax(program.lines)
        self.function = program.lines.function(text, {"np": JAX()})
        self.jitted = jax.jit(self.function)
        try:
            with doubles():
                jax.eval_shape(self.function, *[x.value for x in program.inputs])
        except Exception as error:  # JAX's are of every kind
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise TypeError(f"JAX cannot compute {program.lines.line_in(error.__traceback__, text)}: {said[0]}") from None

    def __reduce__(self):
        return ForJAX, (self.program,)

    def __call__(self, *values):
        if not any([isinstance(x, jax.Array) for x in values]):
            return self.program.computed(self.host_results, values)
        if not self.program.has_seen(values):
            self.program.sweep([np.asarray(x) for x in values])
        try:
            return self.results(*values)
        except UndefinedError:
            return self.program(*[np.asarray(x) for x in values])

    def results(self, *values):
        with doubles():
            *results, is_finite = self.jitted(*values)
            if not is_finite:
                raise UndefinedError("a value is not finite")
            return tuple(results)

    def host_results(self, *values):
        return [np.asarray(y, precision(x)) for y, x in zip(self.results(*values), self.program.graph.outputs)]


def text_for_jax(lines):
    found = watched(lines.graph, lines.inputs)
    body = [line for x in lines.graph.operations for line in step(x, lines)]
    body += ["_finite = True", *[f"_finite &= np.all(np.isfinite({lines.names[x]}))" for x in lines.graph.nodes if x in found]]
    return lines.written(body, [*lines.results, "_finite"])


def step(x, lines):
    """The line of an operation; arrays of JAX's cannot be changed."""
    operands = [lines.atom(y) for y in x.inputs]
    if type(x) is PlaceLike:
        placed, like = map(lines.spelled, operands)
        place = f"np.zeros_like({like}).at[{index_text(**x.parameters)}]"
        return [f"{lines.names[x]} = {place}.set(np.asarray({placed}, {like}.dtype))"]
    return lines.assigned(x, operands)
