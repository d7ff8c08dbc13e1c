"""How fast this machine trains by each kind of loop, measured in turn, in one run: `python3 -m utils bench`, and labs 5 and 7."""

from utils.bench.cases import CASES
from utils.bench.loops import compare, train_step
from utils.bench.measuring import measure
from utils.bench.table import all_devices, bench

__all__ = ["CASES", "all_devices", "bench", "compare", "measure", "train_step"]
