"""Scoring a network on a dataset's test split (``network``), and text files of predictions (``text_files``)."""
