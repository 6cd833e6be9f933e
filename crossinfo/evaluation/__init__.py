"""Scores of a network on a test split (``network``) and of text files of predictions (``text_files``)."""
