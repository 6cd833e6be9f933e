"""The stand-in server's models: loading, warming up, labels, and the file that says which, read repeatedly.

As TensorFlow Serving does it: a version that cannot be loaded stays LOADING without a message and is tried
again, one that is missing is loaded when it appears, and a file that moves a label in use to a version that
is not loaded is refused as a whole.
"""

import pathlib
import sys
import threading
import time

import tensorflow as tf
from google.protobuf import text_format
from request_batching import Batcher
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
RETRIES = 5
LOOK_S = 0.05


class Refused(Exception):
    """A request that gets an error: gRPC's name of the code, and the words."""

    def __init__(self, code, words):
        super().__init__(words)
        self.code, self.words = code, words


def log(words):
    print(words, file=sys.stderr, flush=True)


class Version:
    """One loaded SavedModel."""

    def __init__(self, number, path, batching=None):
        self.number = number
        self._loaded = tf.saved_model.load(path)
        self.signatures = self._loaded.signatures
        saved = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
        self.signature_defs = saved.meta_graphs[0].signature_def
        self._batcher = Batcher(self._run, batching, Refused) if batching else None
        self._warm_up(path / WARMUP_FILE)

    @property
    def batches(self):
        return self._batcher is not None

    def _warm_up(self, file):
        requests = 0
        for record in tf.data.TFRecordDataset(str(file)) if file.exists() else ():
            request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
            inputs = {key: tf.make_ndarray(tensor) for key, tensor in request.inputs.items()}
            self.run(request.model_spec.signature_name, inputs)
            requests += 1
        log(f"version {self.number}: warmed up by {requests} requests")

    def signature(self, name):
        name = name or "serving_default"
        if name not in self.signatures:
            raise Refused("FAILED_PRECONDITION", f'Serving signature key "{name}" not found.')
        return self.signature_defs[name], self.signatures[name]

    def run(self, name, inputs):
        """{output: array} of {input: array}, in a batch with others where batching is on."""
        definition, _ = self.signature(name)
        sent, known = set(inputs), set(definition.inputs)
        if sent != known:
            extra, missing = ",".join(sorted(sent - known)), ",".join(sorted(known - sent))
            words = f"input size does not match signature: Sent extra: {{{extra}}}. "
            raise Refused("INVALID_ARGUMENT", words + f"Missing but required: {{{missing}}}.")
        return self._batcher(name, inputs) if self._batcher else self._run(name, inputs)

    def _run(self, name, inputs):
        """What TensorFlow says to it; what it refuses is INVALID_ARGUMENT."""
        definition, function = self.signature(name)
        for key, array in inputs.items():
            _check(key, array, definition.inputs[key])
        try:
            found = function(**{key: tf.constant(array) for key, array in inputs.items()})
        except tf.errors.InvalidArgumentError as error:
            raise Refused("INVALID_ARGUMENT", error.message) from None
        return {key: value.numpy() for key, value in found.items()}


def _check(name, array, info):
    """The server's executor compares dtypes; shapes the way a function's arguments are compared."""
    expected = tf.dtypes.as_dtype(info.dtype)
    got = tf.string if array.dtype.kind in "SO" else tf.dtypes.as_dtype(array.dtype)
    if got != expected:
        words = f"Expects arg[{name}] to be {expected.name} but {got.name} is provided"
        raise Refused("INVALID_ARGUMENT", words)
    shape = tf.TensorShape(info.tensor_shape)
    if not shape.is_compatible_with(array.shape):
        raise Refused("INVALID_ARGUMENT", f"{name}: expected shape {shape}, got {array.shape}")


class _Slot:
    """One version that is, was or shall be loaded."""

    def __init__(self):
        self.state, self.message, self.version = "LOADING", "", None
        self.failures, self.next_try, self.dropped = 0, 0.0, False


class Models:
    """What a ``models.config`` names, from moment to moment.

    Args:
        flags: the server's.
        batching: None, or the settings of its batches.
    """

    def __init__(self, flags, batching=None):
        self._flags, self._batching = flags, batching
        self._lock = threading.RLock()
        self._bases, self._wanted, self._labels, self._slots = {}, {}, {}, {}
        if not self._reload():
            raise SystemExit("the first configuration must be accepted")
        self._load_and_unload()
        threading.Thread(target=self._keep_up, daemon=True).start()

    def _keep_up(self):
        wait_s = self._flags.model_config_file_poll_wait_seconds
        next_reading = time.monotonic() + wait_s
        while True:
            time.sleep(LOOK_S)
            if wait_s and time.monotonic() >= next_reading:
                self._reload()
                next_reading = time.monotonic() + wait_s
            self._load_and_unload()

    def _reload(self):
        """Takes the file over if it is understood and its labels may stand where it puts them."""
        try:
            text = pathlib.Path(self._flags.model_config_file).read_text()
            config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
        except (OSError, text_format.ParseError) as error:
            log(f"Failed to read ModelServerConfig file: {error}")
            return False
        models = config.model_config_list.config
        with self._lock:
            for model in models:
                for label, version in model.version_labels.items():
                    if not self._may_stand(model.name, label, version):
                        log(
                            f"Request to assign label to version {version} of model {model.name}, "
                            "which is not currently available for inference"
                        )
                        return False
            self._bases = {model.name: pathlib.Path(model.base_path) for model in models}
            self._labels = {model.name: dict(model.version_labels) for model in models}
            self._wanted = {
                model.name: list(model.model_version_policy.specific.versions) for model in models
            }
        return True

    def _may_stand(self, name, label, version):
        slot = self._slots.get((name, version))
        if slot and slot.state == "AVAILABLE":
            return True
        new = self._labels.get(name, {}).get(label, version) == version
        return new and self._flags.allow_version_labels_for_unavailable_models == "true"

    def _load_and_unload(self):
        with self._lock:
            wanted = {}
            for name, base in self._bases.items():
                there = {int(path.name) for path in base.iterdir() if path.name.isdecimal()}
                numbers = self._wanted[name] or [max(there, default=0)]
                wanted |= {(name, number): base / str(number) for number in numbers if number in there}
            for key, slot in self._slots.items():
                if key not in wanted and not slot.dropped:
                    slot.state, slot.version, slot.dropped = "END", None, True
        for key, path in wanted.items():
            with self._lock:
                slot = self._slots.get(key)
                if slot is None or slot.dropped:
                    slot = self._slots[key] = _Slot()
            if slot.state == "LOADING" and time.monotonic() >= slot.next_try:
                self._try_to_load(slot, *key, path)

    def _try_to_load(self, slot, name, number, path):
        try:
            version = Version(number, path, self._batching)
        except Exception as error:  # of whatever kind: the server only logs it
            log(f"Loading servable: {{name: {name} version: {number}}} failed: {error}")
            slot.failures += 1
            slot.next_try = time.monotonic() + self._flags.load_retry_interval_micros / 1e6
            if slot.failures > RETRIES:
                slot.state, slot.message = "END", str(error)
            return
        with self._lock:
            if not slot.dropped:
                slot.version, slot.state = version, "AVAILABLE"

    def find(self, name, version=None, label=None):
        with self._lock:
            loaded = {
                number: slot.version
                for (model, number), slot in self._slots.items()
                if model == name and slot.state == "AVAILABLE"
            }
            if label:
                version = self._labels.get(name, {}).get(label)
                if version is None:
                    raise Refused("INVALID_ARGUMENT", f"Unrecognized servable version label: {label}")
        if version is None and loaded:
            version = max(loaded)
        if version not in loaded:
            asked = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise Refused("NOT_FOUND", f"Servable not found for request: {asked}")
        return loaded[version]

    def states(self, name, version=None):
        """[(version, state, message)], the newest first; labels do not come into it."""
        with self._lock:
            found = [
                (number, slot.state, slot.message)
                for (model, number), slot in self._slots.items()
                if model == name and version in (None, number)
            ]
        if not found:
            what = f"version {version}" if version else "any versions"
            raise Refused("NOT_FOUND", f"Could not find {what} of model {name}")
        return sorted(found, reverse=True)
