"""CasADi, scalars: a Function of symbols, called, and run on memory that was set up once, without the conversions of a call."""

from array import array
from functools import partial

import casadi


def symbolic(function, count):
    inputs = [casadi.SX.sym(f"x{k}") for k in range(count)]
    y = function(casadi, *inputs)
    return casadi.Function("value_and_grad", inputs, [y, *[casadi.gradient(y, x) for x in inputs]])


def called(function, arguments, count):
    return partial(symbolic(function, count), *arguments)


def on_buffer(function, arguments, count):
    compiled = symbolic(function, count)
    buffer, evaluate = compiled.buffer()
    inputs, outputs = array("d", arguments), array("d", [0.0] * (1 + count))
    for k in range(count):
        buffer.set_arg(k, memoryview(inputs)[k : k + 1])
    for k in range(1 + count):
        buffer.set_res(k, memoryview(outputs)[k : k + 1])

    def run(a, b, c, kept=(compiled, buffer)):  # `evaluate` keeps neither alive
        inputs[0], inputs[1], inputs[2] = a, b, c
        evaluate()
        return tuple(outputs)

    return partial(run, *arguments)
