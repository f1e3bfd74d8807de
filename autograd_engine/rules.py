"""What the class of an operation defines, `forward` and the rules in `backward`: read off, and checked."""

import inspect


class Rules(tuple):
    """Backward rules, one for each operand."""

    __slots__ = ()

    def __call__(self, *args, **kwargs):
        raise TypeError("backward holds the rules of a node; the backward sweep is the graph's: write Graph(node).backward()")


def keywords(function):
    """{name: default} of the parameters that a function has defaults for."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def operand_names(function):
    """The names of the operands that a function takes; None if it takes any number of them."""
    operands = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    return None if any([p.kind is p.VAR_POSITIONAL for p in operands]) else [p.name for p in operands]


def checked_rules(operation):
    """The Rules of a class. Raises TypeError unless there is one for each operand, and each can take what it is given."""
    name, rules, operands = operation.__name__, operation.backward, operand_names(operation.forward)
    if operands is None:
        raise TypeError(f"{name}.forward takes any number of operands: define {name}.rules(self), as Stack does")
    if operands[:1] == ["self"]:
        raise TypeError(f"{name}.forward has no self: define forward({', '.join(operands[1:])})")
    if not isinstance(rules, tuple) or len(rules) != len(operands):
        raise TypeError(
            f"{name}.backward has to be a tuple of rules, one for each of its operands ({', '.join(operands)}), None where an "
            "operand has none. A tuple of one rule needs a comma: (rule,)"
        )
    given = ["grad", "t", *operands]
    for x, rule in zip(operands, rules):
        if rule is not None and not can_take(rule, given, keywords(operation.forward)):
            wanted = ", ".join([*given, *keywords(operation.forward)])
            raise TypeError(f"{name}.backward: the rule for {x} has to be a function of ({wanted})")
    return Rules(rules)


def can_take(function, arguments, parameters):
    try:
        inspect.signature(function).bind(*arguments, **parameters)
    except TypeError:
        return False
    except ValueError:
        pass  # a function written in C need not say what it takes
    return True
