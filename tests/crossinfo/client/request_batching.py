"""The stand-in server's batches: requests of one signature that arrive together run as one.

As TensorFlow Serving's batching session does it, with all that follows: a batch succeeds or fails as one, a
request without rows starts no batch and so waits for another one's, and padding crashes over another rank.
"""

import os
import sys
import threading

import numpy as np

UNEQUAL = (
    "Tensors with name '{}' from different tasks have different shapes and padding is turned off."
    "Set pad_variable_length_inputs to true, or ensure that all tensors with the same name"
    "have equal dimensions starting with the first dim."
)


class Settings:
    """The server's BatchingParameters.

    Args:
        values: {setting: text}.
    """

    def __init__(self, values):
        self.max_batch_size = int(values["max_batch_size"])
        self.timeout_s = float(values["batch_timeout_micros"]) / 1e6
        self.pads = values.get("pad_variable_length_inputs") == "true"


class _Task:
    def __init__(self, inputs, rows):
        self.inputs, self.rows = inputs, rows
        self.outputs, self.error, self.done = None, None, threading.Event()


class Batcher:
    """Calls ``run(signature, inputs)`` on what several threads bring.

    Args:
        run: function of a signature's name and {input: array}.
        settings: a ``Settings``.
        refused: the exception of a request that gets an error, of gRPC's code and the words.
    """

    def __init__(self, run, settings, refused):
        self._run, self._refused = run, refused
        self._most, self._wait_s, self._pads = settings.max_batch_size, settings.timeout_s, settings.pads
        self._queues, self._changed = {}, threading.Condition()

    def __call__(self, signature, inputs):
        task = _Task(inputs, self._rows(inputs))
        with self._changed:
            if signature not in self._queues:
                self._queues[signature] = []
                threading.Thread(target=self._work, args=[signature], daemon=True).start()
            self._queues[signature].append(task)
            self._changed.notify_all()
        task.done.wait()
        if task.error:
            raise task.error
        return task.outputs

    def _rows(self, inputs):
        if not all(array.ndim for array in inputs.values()):
            raise self._refused(
                "INVALID_ARGUMENT", "Batching Run() input tensors must have at least one dimension"
            )
        rows = {len(array) for array in inputs.values()}
        if len(rows) > 1:
            raise self._refused(
                "INVALID_ARGUMENT", "Batching Run() input tensors must have equal 0th-dimension size"
            )
        if max(rows) > self._most:
            words = f"Task size {max(rows)} is larger than maximum input batch size {self._most}"
            raise self._refused("INVALID_ARGUMENT", words)
        return rows.pop()

    def _work(self, signature):
        queue = self._queues[signature]
        while True:
            with self._changed:
                self._changed.wait_for(lambda: sum(task.rows for task in queue))
                self._changed.wait_for(lambda: sum(task.rows for task in queue) >= self._most, self._wait_s)
                batch = []
                while queue and sum(task.rows for task in [*batch, queue[0]]) <= self._most:
                    batch.append(queue.pop(0))
            self._process(signature, batch)

    def _process(self, signature, batch):
        try:
            outputs = self._run(signature, self._merged(batch))
            start = 0
            for task in batch:
                task.outputs = {key: value[start : start + task.rows] for key, value in outputs.items()}
                start += task.rows
        except self._refused as error:
            for task in batch:
                task.error = error
        finally:
            for task in batch:
                task.done.set()

    def _merged(self, batch):
        merged = {}
        for name in batch[0].inputs:
            arrays = [task.inputs[name] for task in batch]
            if self._pads:
                arrays = _padded(arrays)
            elif len({array.shape[1:] for array in arrays}) > 1:
                raise self._refused("FAILED_PRECONDITION", UNEQUAL.format(name))
            merged[name] = np.concatenate(arrays)
        return merged


def _padded(arrays):
    if len({array.ndim for array in arrays}) > 1:
        print("Check failed: d < dims() in CreatePadding", file=sys.stderr, flush=True)
        os.abort()
    largest = np.max([array.shape for array in arrays], axis=0)[1:]
    return [np.pad(array, [(0, 0), *((0, gap) for gap in largest - array.shape[1:])]) for array in arrays]
