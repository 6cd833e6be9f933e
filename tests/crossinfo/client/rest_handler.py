"""The REST side of ``model_server``: ``:predict`` by rows and columns, status, metadata, errors as JSON."""

import base64
import binascii
import http.server
import json
import re

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2

PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
    r"(?P<what>|/metadata|:predict)"
)
HTTP = {"INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "FAILED_PRECONDITION": 412, "UNAVAILABLE": 503}
NUMPY = {tf.float32: np.float32, tf.string: object, tf.bool: bool}


def make_rest_server(port, models, refused):
    """An HTTP server that is bound to its port; ``serve_forever`` runs it."""

    class Handler(_Handler):
        pass

    Handler.models, Handler.refused = models, refused
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet an answer: two would wait for each other on a kept connection.
    wbufsize = -1

    def do_GET(self):
        self._reply(self._get)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._reply(lambda place: self._predict(place, body))

    def _reply(self, work):
        status = 200
        try:
            place = PATH.fullmatch(self.path)
            if place is None:
                raise self.refused("NOT_FOUND", f"Malformed request: {self.command} {self.path}")
            answer = work(place)
        except self.refused as error:
            status, answer = HTTP.get(error.code, 500), {"error": error.words}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _version(self, place):
        number = place["version"] and int(place["version"])
        return self.models.find(place["name"], number, place["label"])

    def _get(self, place):
        if place["what"] == "/metadata":
            return self._metadata(place)
        versions = self.models.versions(place["name"])
        shown = [self._version(place).number] if place["version"] or place["label"] else sorted(versions)
        fine = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        return {"model_version_status": [{"version": str(number), **fine} for number in reversed(shown)]}

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
            raise self.refused("NOT_FOUND", f"Malformed request: POST {self.path}")
        version = self._version(place)
        request = self._parsed(body)
        definition, _ = version.signature(request.get("signature_name", ""))
        rows = "instances" in request
        try:
            columns = _columns(request["instances"], definition) if rows else request["inputs"]
            columns = columns if isinstance(columns, dict) else {next(iter(definition.inputs)): columns}
            inputs = {key: _array(key, value, definition) for key, value in columns.items()}
        except (ValueError, TypeError, KeyError, IndexError, binascii.Error) as error:
            raise self.refused("INVALID_ARGUMENT", f"Failed to process the request: {error!r}") from None
        outputs = {
            key: value.tolist() for key, value in version.run(request.get("signature_name"), inputs).items()
        }
        if not rows:
            return {"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))}
        table = [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]
        return {"predictions": table if len(outputs) > 1 else next(iter(outputs.values()))}

    def _parsed(self, body):
        try:
            request = json.loads(body)
        except ValueError as error:
            raise self.refused("INVALID_ARGUMENT", f"JSON Parse error: {error}") from None
        if not isinstance(request, dict) or ("instances" in request) == ("inputs" in request):
            words = 'Request must have one of "instances" and "inputs"'
            raise self.refused("INVALID_ARGUMENT", words)
        return request

    def log_message(self, *words):
        pass


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
        raise ValueError(f"{key}: JSON Value is not of expected type: {dtype.name}")
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
