"""PyTorch, eager, and torch.compile of torch.func.grad_and_value."""

from functools import partial

import torch
import torch._dynamo
import torch._inductor.compile_fx  # not when something is compiled, since imports are not measured

torch.set_num_threads(2)


def eager(function, arguments, count):
    inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=k < count) for k, x in enumerate(arguments)]

    def run():
        y = function(torch, *inputs)
        return y, *torch.autograd.grad(y, inputs[:count])

    return run


def compiled(function, arguments, count):
    differentiated = torch.func.grad_and_value(partial(function, torch), argnums=tuple(range(count)))

    def value_and_grad(*inputs):
        gradients, value = differentiated(*inputs)
        return value, gradients

    return partial(torch.compile(value_and_grad, fullgraph=True), *[torch.tensor(x, dtype=torch.float64) for x in arguments])
