"""The same nodes on Dask arrays: gradients over a billion points that never exist in memory at once, on a cluster.

    python -m benchmarks.billion [--points 1e9] [--chunk 1e6] [--scheduler ADDRESS]      (in the project folder)

The points are generated chunk by chunk. Without an address the cluster is this machine: two workers of one thread each. Both
the nodes, whose values are lazy arrays, and the compiled program, on each of the chunks, are first checked against NumPy.
"""

import argparse
import contextlib
import pathlib
import tempfile
import threading
import time
import zipfile

import dask
import dask.array as da
import numpy as np
import psutil
from dask.distributed import Client, LocalCluster, progress

from autograd_engine import Program, gradient
from autograd_nodes import Variable
from benchmarks.formulas import equation_b, sum_of_a

CHECKED, AGREE, SEED = 10**6, 1e-10, 2024
PROJECT = pathlib.Path(__file__).parent.parent
KEPT = {"MALLOC_MMAP_THRESHOLD_": 1 << 25, "MALLOC_TRIM_THRESHOLD_": 1 << 30}  # glibc reuses a chunk's memory for the next one
FILES = "autograd_*.py", "autograd_engine/**/*.py"


def data_of_b(points, chunk):
    random = da.random.default_rng(SEED)
    x = random.uniform(0.0, 10.0, points, chunks=chunk)
    return x, 1.0 + 2.0 * x + random.normal(0.0, 0.5, points, chunks=chunk)


def data_of_a(points, chunk):
    random = da.random.default_rng(SEED)
    return [random.uniform(1.0, 3.0, points, chunks=chunk) for _ in range(3)]


def loss_and_slopes(w_0, w_1, x, y):
    """B and its derivatives by w_0 and w_1."""
    loss = equation_b(np, w_0, w_1, x, y)
    return [loss, *gradient(loss, [w_0, w_1])]


def total_and_slopes(a, b, c):
    """A summed over all points, and the sum over each of its three gradients, arrays that are as long as the data."""
    total = sum_of_a(np, a, b, c)
    return [total, *[np.sum(slope) for slope in gradient(total, [a, b, c])]]


WORKS = {"B": (data_of_b, loss_and_slopes, (0.5, 1.5)), "A": (data_of_a, total_and_slopes, ())}


def by_nodes(arrays, function, scalars):
    return [node.value for node in function(*[Variable(x) for x in (*scalars, *arrays)])]


def by_program(arrays, function, scalars):
    variables = [Variable(x) for x in (*scalars, *[np.ones(2) for _ in arrays])]
    return list(Program(function(*variables), variables).to_dask()(*scalars, *arrays))


WAYS = {"nodes": by_nodes, "compiled program": by_program}


@contextlib.contextmanager
def peak_memory():
    """A list of one number: afterwards, the greatest memory that this process and its children had together, in bytes."""
    peak, done = [0], threading.Event()

    def sample():
        this = psutil.Process()
        while not done.wait(0.05):
            together = 0
            for process in (this, *this.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    together += process.memory_info().rss
            peak[0] = max(peak[0], together)

    thread = threading.Thread(target=sample)
    thread.start()
    yield peak
    done.set()
    thread.join()


def computed(client, values):
    futures = client.compute(values)
    progress(futures, notebook=False)
    return np.array(client.gather(futures))


def check(client, chunk):
    for work, (data, function, scalars) in WORKS.items():
        arrays = data(CHECKED, min(chunk, CHECKED // 4))
        expected = np.array(by_nodes([x.compute() for x in arrays], function, scalars))
        for way, values in WAYS.items():
            np.testing.assert_allclose(computed(client, values(arrays, function, scalars)), expected, rtol=AGREE)
            print(f"\n{work} by {way}: the same as by NumPy on {CHECKED:,} points")


def measure(client, points, chunk):
    workers = sum(client.nthreads().values())
    for work, (data, function, scalars) in WORKS.items():
        for way, values in WAYS.items():
            start = time.perf_counter()
            with peak_memory() as peak:
                result = computed(client, values(data(points, chunk), function, scalars))
            taken = time.perf_counter() - start
            rate = points / taken / 1e6
            print(f"\n{work} by {way}: {', '.join([f'{x:.12g}' for x in result])}")
            memory = peak[0] / 1e9
            print(f"{taken:.1f} s, {rate:.1f} million points/s, {rate / workers:.1f} a thread; memory here {memory:.2f} GB")


def send_project(client):
    """The modules that the workers run, to wherever they are."""
    with tempfile.TemporaryDirectory() as folder:
        sent = pathlib.Path(folder, "project.zip")
        with zipfile.ZipFile(sent, "w") as archive:
            for path in [path for pattern in FILES for path in PROJECT.glob(pattern)]:
                archive.write(path, path.relative_to(PROJECT))
        client.upload_file(str(sent))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=float, default=1e9)
    parser.add_argument("--chunk", type=float, default=1e6, help="points in memory at a time, of which each worker has a few")
    parser.add_argument("--scheduler", help="the address of a cluster's scheduler, tcp://...")
    arguments = parser.parse_args()
    cluster = contextlib.nullcontext(arguments.scheduler)
    if not arguments.scheduler:
        dask.config.set({f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in KEPT.items()})
        cluster = LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=None)
    with cluster as address, Client(address) as client:
        if arguments.scheduler:  # workers of our own see the project's folder
            send_project(client)
        check(client, int(arguments.chunk))
        measure(client, int(arguments.points), int(arguments.chunk))


if __name__ == "__main__":
    main()
