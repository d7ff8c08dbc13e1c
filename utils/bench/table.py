"""The table of `python3 -m utils bench`: the time of a step by each kind of loop, and the same as JSON."""

import json
import os
import time
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any

from utils.bench import loops, measuring, peers
from utils.bench.cases import CASES, Case
from utils.quiet_tensorflow import tf

PRODUCT = "matrix products"


def bench(names: Sequence[str] = tuple(CASES), rounds: int = 9, devices: Sequence[str] = (), as_json: bool = False) -> str:
    """
    Measure the cases, and return a table of the time of a step by each kind of loop, with the ratios to the compiled epoch.

    devices: a column each, such as "CPU:0"; the CPU and every GPU that TensorFlow sees, if none is named.
    as_json: all medians and quartiles, in microseconds, in place of the table.
    """
    devices = devices or all_devices()
    machine = {"tensorflow": tf.__version__, "keras": tf.keras.version(), "cores": os.cpu_count(), "rounds": rounds}
    results = {name: {device: _measure(CASES[name], rounds, device) for device in devices} for name in names}
    if as_json:
        return json.dumps(machine | {"cases": results}, indent=1)
    head = "TensorFlow {tensorflow}, Keras {keras}, {cores} CPU cores; medians of {rounds} rounds, ± half of the middle half"
    lines = [head.format(**machine), _row("", devices)]
    for name, by_device in results.items():
        columns = [_column(CASES[name], result) for result in by_device.values()]
        rows = dict.fromkeys(row for column in columns for row in column)
        lines += ["", CASES[name].name, *(_row(row, [column.get(row, "–") for column in columns]) for row in rows)]
    return "\n".join(lines)


def all_devices() -> list[str]:
    """The CPU and each GPU that TensorFlow sees, by the names that tf.device takes."""
    return ["CPU:0", *(device.name.removeprefix("/device:") for device in tf.config.list_logical_devices("GPU"))]


def _measure(case: Case, rounds: int, device: str) -> dict[str, Any]:
    """The first call of the compiled epoch, in seconds, and of each way the median and quartiles of a step, in microseconds."""
    with tf.device(device), peers.started(case, device, measuring.TURN) as of_peers:
        ways = loops.ways(case)
        start = time.perf_counter()
        ways[loops.EPOCH]()
        first_call = time.perf_counter() - start
        ways |= of_peers
        if case is CASES["C"]:  # measured in turn with the rest, so that both see the same machine
            ways[PRODUCT] = loops.matrix_product(device)
        seconds = measuring.measure_rounds(ways, rounds)
    steps = {}
    for way, times in seconds.items():
        low, _, high = quantiles(times, n=4, method="inclusive") if len(times) > 1 else times * 3
        steps[way] = {"median": 1e6 * median(times), "quartiles": [1e6 * low, 1e6 * high]}
    return {"first call": first_call, "steps": steps}


def _column(case: Case, result: dict[str, Any]) -> dict[str, str]:
    """What there is to say of a case on one device, by row of the table."""
    steps = dict(result["steps"])
    epoch, product = steps[loops.EPOCH]["median"], steps.pop(PRODUCT, None)
    column = {}
    for way, each in steps.items():
        low, high = each["quartiles"]
        column[way] = f"{each['median']:.0f} ± {(high - low) / 2:.0f} µs a step {each['median'] / epoch:8.1f} ×"
    column["first call of the compiled epoch"] = f"{result['first call']:.1f} s"
    if product is not None:
        peak, reached = loops.PRODUCT_FLOPS / product["median"], case.flops / epoch  # in millions a second
        column[PRODUCT] = f"{peak / 1e3:.0f} GFLOP/s"
        column["the compiled epoch reaches"] = f"{reached / 1e3:.0f} GFLOP/s {reached / peak:8.0%}  "
    return column


def _row(name: str, cells: Sequence[str]) -> str:
    return f"  {name:32}" + "".join(f"{cell:>38}" for cell in cells)
