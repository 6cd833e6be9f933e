"""The REST side of ``model_server``: ``:predict`` by rows and columns, status, metadata, errors as JSON."""

import base64
import binascii
import http.server
import itertools
import json
import re

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from served_models import Refused
from tensorflow_serving.apis import get_model_metadata_pb2

PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
    r"(?P<what>|/metadata|:predict)"
)
HTTP = {"INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "FAILED_PRECONDITION": 412, "UNAVAILABLE": 503}
# The real server was seen to do now the one, now the other with an empty batch in columns.
REFUSES_EMPTY = itertools.cycle([True, False])
NUMPY = {tf.float32: np.float32, tf.string: object, tf.bool: bool}


def make_rest_server(port, models, counts, metrics_path=None):
    """An HTTP server that is bound to its port; ``serve_forever`` runs it."""

    class Handler(_Handler):
        pass

    Handler.models, Handler.counts, Handler.metrics_path = models, counts, metrics_path
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet an answer: two would wait for each other on a kept connection.
    wbufsize = -1

    def do_GET(self):
        if self.path == self.metrics_path:
            self._send(200, "text/plain", self.counts.page().encode())
        else:
            self._reply(self._get)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._reply(lambda place: self._predict(place, body))

    def _reply(self, work):
        status = 200
        try:
            place = PATH.fullmatch(self.path)
            if place is None:
                raise Refused("INVALID_ARGUMENT", f"Malformed request: {self.command} {self.path}")
            answer = work(place)
        except Refused as error:
            status, answer = HTTP.get(error.code, 500), {"error": error.words}
        self._send(status, "application/json", json.dumps(answer).encode())

    def _send(self, status, kind, data):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _version(self, place):
        number = place["version"] and int(place["version"])
        return self.models.find(place["name"], number, place["label"])

    def _get(self, place):
        if place["what"] == "/metadata":
            return self._metadata(place)
        # A label is not looked at: all versions are shown.
        shown = self.models.states(place["name"], place["version"] and int(place["version"]))
        return {
            "model_version_status": [
                {
                    "version": str(number),
                    "state": state,
                    "status": {"error_code": "UNKNOWN" if message else "OK", "error_message": message},
                }
                for number, state, message in shown
            ]
        }

    def _metadata(self, place):
        version = self._version(place)
        map_ = get_model_metadata_pb2.SignatureDefMap()
        for key, definition in version.signature_defs.items():
            map_.signature_def[key].CopyFrom(definition)
        content = json_format.MessageToDict(map_, preserving_proto_field_name=True)
        spec = {"name": place["name"], "signature_name": "", "version": str(version.number)}
        return {"model_spec": spec, "metadata": {"signature_def": content}}

    def _predict(self, place, body):
        if place["what"] != ":predict":
            raise Refused("INVALID_ARGUMENT", f"Malformed request: POST {self.path}")
        with self.counts.counted(place["name"], Refused):
            version = self._version(place)
            request = _parsed(body)
            name = request.get("signature_name") or "serving_default"
            if name not in version.signature_defs:
                words = f'Serving signature name: "{name}" not found in signature def'
                raise Refused("INVALID_ARGUMENT", words)
            inputs = _inputs(request, version.signature_defs[name])
            outputs = self._run(version, name, inputs)
        outputs = {key: value.tolist() for key, value in outputs.items()}
        if "instances" not in request:
            return {"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))}
        table = [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]
        return {"predictions": table if len(outputs) > 1 else next(iter(outputs.values()))}

    def _run(self, version, name, inputs):
        """JSON has no further sizes of an empty batch of frames: refused by the wrong name, or answered."""
        nothing = "depth" in inputs and inputs["depth"].shape == (0,) and not inputs["camera"].size
        if not nothing or version.batches:
            return version.run(name, inputs)
        if next(REFUSES_EMPTY):
            raise Refused("INVALID_ARGUMENT", "camera: expected shape (None, 4), got (0,)")
        return {key: np.zeros(0) for key in version.signature_defs[name].outputs}

    def log_message(self, *words):
        pass


def _parsed(body):
    try:
        request = json.loads(body)
    except ValueError as error:
        raise Refused("INVALID_ARGUMENT", f"JSON Parse error: {error}") from None
    if not isinstance(request, dict) or ("instances" in request) == ("inputs" in request):
        words = 'Request must have one of "instances" and "inputs"'
        raise Refused("INVALID_ARGUMENT", words)
    return request


def _inputs(request, definition):
    """{input: array} in rows or columns; of columns, those that the signature lacks are passed over."""
    rows = "instances" in request
    try:
        columns = _columns(request["instances"], definition) if rows else request["inputs"]
        columns = columns if isinstance(columns, dict) else {next(iter(definition.inputs)): columns}
        if not rows:
            columns = {key: value for key, value in columns.items() if key in definition.inputs}
        return {key: _array(key, value, definition) for key, value in columns.items()}
    except (ValueError, TypeError, KeyError, IndexError, binascii.Error) as error:
        raise Refused("INVALID_ARGUMENT", f"Failed to process the request: {error!r}") from None


def _columns(instances, definition):
    if not isinstance(instances, list) or not instances:
        raise ValueError('"instances" must be a list that is not empty')
    if not isinstance(instances[0], dict) or "b64" in instances[0]:
        return instances
    return {key: [instance[key] for instance in instances] for key in instances[0]}


def _array(key, values, definition):
    """The array of one input; an input that the signature lacks stays as it is, for the message."""
    if key not in definition.inputs:
        return np.asarray(0.0)
    dtype = tf.dtypes.as_dtype(definition.inputs[key].dtype)
    if dtype == tf.string:
        return np.array(_bytes(values), object)
    if _has_text(values):
        raise ValueError(f"JSON Value is not of expected type: {dtype.name}")
    return np.array(values, NUMPY[dtype])


def _has_text(values):
    while isinstance(values, list) and values:
        values = values[0]
    return isinstance(values, str | dict | bool)


def _bytes(value):
    if isinstance(value, list):
        return [_bytes(item) for item in value]
    if isinstance(value, dict):
        return base64.b64decode(value["b64"], validate=True)
    if isinstance(value, str):
        return value.encode()
    raise ValueError(f"expected text or base64, got {value!r}")
