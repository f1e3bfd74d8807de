"""One engine at one piece of work, in a process of its own that sleeps until it is asked."""

import gc
import os
import pathlib
import tempfile
import time
import timeit
from functools import partial

import numpy as np

from benchmarks.engines import ENGINES
from benchmarks.works import WORKS

ENOUGH = 0.1  # seconds: what one timing lasts at least


def flat(result):
    """Value and gradients as a list of arrays."""
    if isinstance(result, (tuple, list)):
        return [x for part in result for x in flat(part)]
    return [np.asarray(result.detach() if hasattr(result, "detach") else result, dtype=np.float64).reshape(-1)]


def serve(connection, engine, work):
    """Answer each request (name, argument) with what the method of that name returns, or with an error's text."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    worker = Worker(engine, work)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder  # where nothing is that another process has compiled
        while True:
            try:
                name, argument = connection.recv()
            except EOFError:  # the other side is done
                return
            try:
                connection.send((True, getattr(worker, name)(argument)))
            except Exception as error:
                connection.send((False, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"))


class Worker:
    def __init__(self, engine, work):
        self.engine, self.work = ENGINES[engine], WORKS[work]

    def prepare(self, reference):
        """Build, run once, and compare with the results in the file `reference`; the first engine writes it.

        Returns how far the result is off, relative to the size of each output, the memory of the run in bytes, and the seconds
        that it took to build and to run.
        """
        build, arguments = self.engine.load(), self.work.arguments()
        start, began = partial(build, self.work.function, arguments, self.work.count), time.perf_counter()
        self.run = (lambda: start()()) if self.work.anew else start()
        before = 0 if self.work.cold else peak_memory(reset=True)
        result = self.run()
        taken, memory = time.perf_counter() - began, peak_memory() - before
        result = flat(result)
        if not pathlib.Path(reference).exists():
            np.savez(reference, *result)
            return 0.0, memory, taken
        with np.load(reference) as known:
            if len(known) != len(result):
                raise ValueError(f"{len(result)} results instead of {len(known)}")
            off = [np.max(np.abs(x - y)) / np.max(np.abs(y)) for x, y in zip(result, known.values(), strict=True)]
        return float(max(off)), memory, taken

    def warm_up(self, _):
        """Run until times no longer fall for want of compilation; find how many runs make one timing."""
        self.timer, self.number = timeit.Timer(self.run, setup=gc.enable), 1
        while (taken := self.timer.timeit(self.number)) < ENOUGH:
            self.number = max(2 * self.number, int(1.2 * ENOUGH / taken * self.number) if taken > ENOUGH / 10 else 0)
        return self.number

    def time(self, _):
        if self.number > 1:
            self.run()  # brings back what other engines drove out of the caches
        if self.work.anew:
            gc.collect()  # who begins has no garbage of former runs
        return self.timer.timeit(self.number) / self.number


def peak_memory(reset=False):
    """The peak resident set of this process, as Linux keeps it; 0 elsewhere."""
    try:
        if reset:
            gc.collect()
            pathlib.Path("/proc/self/clear_refs").write_text("5")
        status = pathlib.Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return 1024 * int(status.split("VmHWM:")[1].split()[0])
