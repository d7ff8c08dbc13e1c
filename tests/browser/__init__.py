"""The course as a student sees it: in a browser, on a JupyterLab that the README's first command serves."""
