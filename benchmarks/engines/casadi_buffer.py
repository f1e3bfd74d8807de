"""CasADi, scalars: the Function run on memory that was set up once, without the conversions of a call."""

from array import array
from functools import partial

from benchmarks.engines import casadi_function


def point(a, b, c):
    function = casadi_function.function(a, b, c)
    buffer, evaluate = function.buffer()
    inputs, outputs = array("d", [0.0] * 3), array("d", [0.0] * 4)
    for k in range(3):
        buffer.set_arg(k, memoryview(inputs)[k : k + 1])
    for k in range(4):
        buffer.set_res(k, memoryview(outputs)[k : k + 1])

    def run(a, b, c, kept=(function, buffer)):  # `evaluate` keeps neither alive
        inputs[0], inputs[1], inputs[2] = a, b, c
        evaluate()
        return tuple(outputs)

    return partial(run, a, b, c)
