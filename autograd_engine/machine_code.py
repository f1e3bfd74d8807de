"""What Numba compiles: a text, as one function, and the functions that are called in loops."""

from functools import cache

import numpy as np
from numba import guvectorize, njit

from autograd_engine.undefined import UndefinedError


def compiled(text, name, known, arguments, lines, prefix="", signature=None):
    """The function of this name in the text, compiled; with a signature, as a universal function that runs in threads.

    Raises TypeError, with its line, for an operation Numba has not.
    """
    known = known | {"_undefined": UndefinedError}
    exec(compile(text, "<compiled>", "exec"), known)
    try:
        if signature is None:
            return njit(tuple(arguments), error_model="numpy")(known[name])
        return guvectorize([tuple(arguments)], signature, target="parallel")(known[name])
    except Exception as error:  # Numba's are of every kind
        number = error.loc.line if getattr(error, "loc", None) else 1
        assigned = text.splitlines()[number - 1].split(" = ")[0].strip()
        raise refusal(error, lines, next((x for x, name in lines.names.items() if prefix + name == assigned), None)) from None


def refusal(error, lines, node):
    """The TypeError that says of a node's line, or of the program, what Numba says."""
    line = "this program" if node is None else lines.lines[lines.line_of[node]][0]
    said = str(error).strip().splitlines() or [type(error).__name__]
    return TypeError(f"Numba cannot compute {line}: {said[min(1, len(said) - 1)]}")


@cache
def compiled_plus():
    """Addition, in any order: the only thing in a loop that need not be computed as it is written.

    Numba's permission holds for a function as a whole; this one is inlined, and the permission stays with its addition.
    """
    return njit(lambda total, x: total + x, fastmath={"reassoc"})


@cache
def compiled_log():
    """The natural logarithm without a branch or a call, so that loops with it are vectorised, as those with Numba's are not.

    x = 2^k (1 + f) with 1 + f between 1/√2 and √2, and log(1 + f) by a polynomial in s = f / (2 + f): the method and the
    coefficients of FreeBSD's e_log.c, whose error is below 1 unit in the last place.
    """

    @njit(error_model="numpy")
    def log(x):
        tiny = x < 2.2250738585072014e-308  # not normalised: the exponent is found after a multiplication by 2^54
        bits = np.float64(x * 18014398509481984.0 if tiny else x).view(np.int64) + 0x0009_5F62_0000_0000
        k = (bits >> 52) - 1023
        f = np.int64((bits & 0x000F_FFFF_FFFF_FFFF) + 0x3FE6_A09E_0000_0000).view(np.float64) - 1.0
        s = f / (2.0 + f)
        z = s * s
        w = z * z
        even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
        odd = 2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)
        rest = even + z * (6.666666666666735130e-01 + w * odd)
        half = 0.5 * f * f
        power = np.float64(k - 54 if tiny else k)
        low = s * (half + rest) + power * 1.90821492927058770002e-10
        y = power * 6.93147180369123816490e-01 - ((half - low) - f)
        y = y if x > 0.0 else (-np.inf if x == 0.0 else np.nan)
        return y if x < np.inf else x

    return log
