"""
Takes photo.png from the wheel of scikit-image, once, and makes it small. Run `python3 data/make_data.py` afterwards.

Nothing else needs scikit-image. Made with scikit-image 0.26.0 and Pillow 13.0.0.
"""

from pathlib import Path

from PIL import Image
from skimage.data import camera

small = Image.fromarray(camera()).resize((128, 128), Image.Resampling.LANCZOS)
small.save(Path(__file__).resolve().parent / "photo.png", optimize=True)
