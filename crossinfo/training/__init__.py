"""Training: one step (``trainer``), on which machines (``distribution``), the loop, and a whole run."""
