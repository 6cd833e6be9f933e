"""Means of the losses of a stage's steps."""

import tensorflow as tf


class Means:
    """Adds up losses by name, and forgets them when their means are taken."""

    def __init__(self):
        self._sums: dict[str, tf.Tensor] = {}
        self._steps = 0

    def add(self, losses: dict[str, tf.Tensor]) -> None:
        """Counts one step's losses, scalars; does not wait for the device."""
        self._steps += 1
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    def take(self) -> dict[str, float]:
        """The means since the last call; waits for the device."""
        means = {name: float(value) / self._steps for name, value in self._sums.items()}
        self._sums, self._steps = {}, 0
        return means
