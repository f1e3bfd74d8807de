"""MyGrad, without its guard of arrays against writing, as its manual advises for speed."""

import mygrad

from benchmarks.formulas import equation_a, equation_b, product

mygrad.turn_memory_guarding_off()


def differentiated(function, leaves):
    leaves = [mygrad.tensor(x) for x in leaves]

    def run():
        y = function(*leaves)
        y.backward()
        return y.data, *[x.grad for x in leaves]

    return run


def point(a, b, c):
    return differentiated(lambda a, b, c: equation_a(a, b, c, mygrad.sqrt, mygrad.log), (a, b, c))


def fit(w_0, w_1, x, y):
    return differentiated(lambda w_0, w_1: mygrad.sum(equation_b(w_0, w_1, x, y)), (w_0, w_1))


def summed(a, b, c):
    return differentiated(lambda a, b, c: mygrad.sum(equation_a(a, b, c, mygrad.sqrt, mygrad.log)), (a, b, c))


def chain(x, n):
    return lambda: differentiated(lambda x: product(x, n), (x,))()
