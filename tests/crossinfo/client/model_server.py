"""A stand-in for ``tensorflow_model_server``: its flags, configuration, protocol, and what is odd about it.

It runs ``tf.saved_model.load``, and speaks with the official messages of ``tensorflow-serving-api``, which
the project's client does not use, so that the one is checked against the other. It does what a TensorFlow
Serving built from its sources was seen to do, which ``test_as_measured.py`` goes through point by point.
Unlike the real one it looks at shapes itself before TensorFlow does.

``python model_server.py --port=P --rest_api_port=Q --model_config_file=F`` runs until it is ended; it takes
free ports for 0, and prints both.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import threading

import grpc
import tensorflow as tf
from request_batching import Settings
from request_counts import RequestCounts
from rest_handler import make_rest_server
from served_models import Models, Refused
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

MAX_MESSAGE = 2**31 - 1
STATES = get_model_status_pb2.ModelVersionStatus.State


class Threads:
    """gRPC's threads: one waits for requests, and each of the others has one until it is answered."""

    def __init__(self, count):
        self._free, self._lock = count - 1, threading.Lock()

    def take(self):
        with self._lock:
            if not self._free:
                raise Refused("RESOURCE_EXHAUSTED", "Server Threadpool Exhausted")
            self._free -= 1

    def give_back(self):
        with self._lock:
            self._free += 1


class Service(
    prediction_service_pb2_grpc.PredictionServiceServicer, model_service_pb2_grpc.ModelServiceServicer
):
    """gRPC's side."""

    def __init__(self, models, counts, threads):
        self._models, self._counts, self._threads = models, counts, threads

    def Predict(self, request, context):
        return self._answer(context, self._predict, request)

    def GetModelMetadata(self, request, context):
        return self._answer(context, self._metadata, request)

    def GetModelStatus(self, request, context):
        return self._answer(context, self._status, request)

    def _answer(self, context, work, request):
        """Ends a call with a refusal's code and words."""
        try:
            self._threads.take()
            try:
                return work(request)
            finally:
                self._threads.give_back()
        except Refused as error:
            context.abort(getattr(grpc.StatusCode, error.code), error.words)

    def _found(self, spec):
        version = spec.version.value if spec.HasField("version") else None
        return self._models.find(spec.name, version, spec.version_label)

    def _predict(self, request):
        with self._counts.counted(request.model_spec.name, Refused):
            version = self._found(request.model_spec)
            inputs = {key: _parsed(key, tensor) for key, tensor in request.inputs.items()}
            outputs = version.run(request.model_spec.signature_name, inputs)
        response = predict_pb2.PredictResponse(model_spec=request.model_spec)
        for key, array in outputs.items():
            response.outputs[key].CopyFrom(_as_fields(array))
        return response

    def _metadata(self, request):
        if list(request.metadata_field) != ["signature_def"]:
            raise Refused("INVALID_ARGUMENT", "metadata_field must be signature_def")
        version = self._found(request.model_spec)
        map_ = get_model_metadata_pb2.SignatureDefMap()
        for key, definition in version.signature_defs.items():
            map_.signature_def[key].CopyFrom(definition)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = version.number
        response.metadata["signature_def"].Pack(map_)
        return response

    def _status(self, request):
        """A label is not looked at."""
        spec = request.model_spec
        response = get_model_status_pb2.GetModelStatusResponse()
        number = spec.version.value if spec.HasField("version") else None
        for version, state, message in self._models.states(spec.name, number):
            added = response.model_version_status.add(version=version, state=STATES.Value(state))
            added.status.error_message = message
        return response


def _parsed(name, tensor):
    try:
        return tf.make_ndarray(tensor)
    except (ValueError, TypeError, KeyError):
        raise Refused("INVALID_ARGUMENT", f"tensor parsing error: {name}") from None


def _as_fields(array):
    """A tensor as the server writes it: a list of values, not their bytes."""
    tensor = tf.make_tensor_proto(array[:0])
    tensor.tensor_shape.CopyFrom(tf.TensorShape(array.shape).as_proto())
    field = tensor.bool_val if array.dtype == bool else tensor.float_val
    field.extend(array.ravel().tolist())
    return tensor


def parsed_flags():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rest_api_port", type=int, required=True)
    parser.add_argument("--model_config_file", required=True)
    parser.add_argument("--model_config_file_poll_wait_seconds", type=float, default=0)
    parser.add_argument("--load_retry_interval_micros", type=float, default=60e6)
    parser.add_argument("--allow_version_labels_for_unavailable_models", default="false")
    parser.add_argument("--grpc_max_threads", type=int, default=4 * os.cpu_count())
    parser.add_argument("--enable_batching", default="false")
    parser.add_argument("--batching_parameters_file")
    parser.add_argument("--monitoring_config_file")
    return parser.parse_args()


def _values(path):
    """{setting: text} of ``setting { value: text }`` and ``setting: text``; no message of them is at hand."""
    lines = re.sub("#.*", "", pathlib.Path(path).read_text())
    return dict(re.findall(r'(\w+)(?:\s*\{\s*value)?\s*:\s*"?([^"\s}]+)', lines))


def main():
    flags = parsed_flags()
    batching, metrics_path = None, None
    if flags.enable_batching == "true":
        batching = Settings(_values(flags.batching_parameters_file))
    if flags.monitoring_config_file:
        monitoring = _values(flags.monitoring_config_file)
        metrics_path = monitoring["path"] if monitoring["enable"] == "true" else None
    models, counts = Models(flags, batching), RequestCounts()
    options = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.so_reuseport", 0)]
    # More than are given out, for the requests that find none left.
    pool = concurrent.futures.ThreadPoolExecutor(flags.grpc_max_threads + 16)
    server = grpc.server(pool, options=options)
    service = Service(models, counts, Threads(flags.grpc_max_threads))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(service, server)
    rpc_port = server.add_insecure_port(f"127.0.0.1:{flags.port}")
    server.start()
    rest_server = make_rest_server(flags.rest_api_port, models, counts, metrics_path)
    print(f"ports: {rpc_port} {rest_server.server_port}", flush=True)
    rest_server.serve_forever()


if __name__ == "__main__":
    main()
