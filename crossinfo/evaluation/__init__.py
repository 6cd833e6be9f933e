"""A network over a split of a dataset, and the report of it."""
