"""
Takes digits.npz from scikit-learn's copy of the UCI digits, once. Run `python3 data/make_data.py` afterwards, for the checksums.

Nothing else needs scikit-learn.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

images, labels = load_digits().images.astype(np.uint8), load_digits().target.astype(np.uint8)
np.savez_compressed(Path(__file__).resolve().parent / "digits.npz", images=images, labels=labels)
