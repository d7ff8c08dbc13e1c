"""What an author works with: the sources of the labs, and the notebooks made from them."""
