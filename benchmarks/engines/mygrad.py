"""MyGrad, without its guard of arrays against writing, as its manual advises for speed."""

import mygrad

mygrad.turn_memory_guarding_off()


def eager(function, arguments, count):
    leaves = [mygrad.tensor(x) for x in arguments[:count]]

    def run():
        y = function(mygrad, *leaves, *arguments[count:])
        y.backward()
        return y.data, *[x.grad for x in leaves]

    return run
