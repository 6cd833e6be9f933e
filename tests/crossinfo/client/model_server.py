"""A stand-in for ``tensorflow_model_server``: its flags, configuration and protocol.

It runs ``tf.saved_model.load``, and speaks with the official messages of ``tensorflow-serving-api``, which
the project's client does not use, so that the one is checked against the other. Unlike the official server
it looks at shapes itself before TensorFlow does. ``python model_server.py --port=P --rest_api_port=Q
--model_config_file=F`` runs until it is ended; it takes free ports for 0, and prints both.
"""

import argparse
import concurrent.futures
import pathlib

import grpc
import tensorflow as tf
from google.protobuf import text_format
from rest_handler import make_rest_server
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2

MAX_MESSAGE = 2**31 - 1


class Refused(Exception):
    """A request that gets an error: gRPC's name of the code, and the words."""

    def __init__(self, code, words):
        super().__init__(words)
        self.code, self.words = code, words


class Version:
    """One loaded SavedModel."""

    def __init__(self, number, path):
        self.number = number
        self._loaded = tf.saved_model.load(path)
        self.signatures = self._loaded.signatures
        saved = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
        self.signature_defs = saved.meta_graphs[0].signature_def

    def signature(self, name):
        name = name or "serving_default"
        if name not in self.signatures:
            raise Refused("FAILED_PRECONDITION", f'Serving signature key "{name}" not found.')
        return self.signature_defs[name], self.signatures[name]

    def run(self, name, inputs):
        """{output: array} of {input: array}; what TensorFlow refuses is INVALID_ARGUMENT."""
        definition, function = self.signature(name)
        sent, known = set(inputs), set(definition.inputs)
        if sent != known:
            extra, missing = ",".join(sorted(sent - known)), ",".join(sorted(known - sent))
            words = f"input size does not match signature: Sent extra: {{{extra}}}. "
            raise Refused("INVALID_ARGUMENT", words + f"Missing but required: {{{missing}}}.")
        for key, array in inputs.items():
            _check(key, array, definition.inputs[key])
        try:
            found = function(**{key: tf.constant(array) for key, array in inputs.items()})
        except tf.errors.OpError as error:
            code = grpc_name(error.error_code)
            raise Refused(code, error.message) from None
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


def grpc_name(number):
    return next(code.name for code in grpc.StatusCode if code.value[0] == number)


class Models:
    """What a ``models.config`` names."""

    def __init__(self, config_file):
        text = pathlib.Path(config_file).read_text()
        config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
        self._versions, self._labels = {}, {}
        for model in config.model_config_list.config:
            base = pathlib.Path(model.base_path)
            wanted = model.model_version_policy.specific.versions
            wanted = wanted or [max(int(path.name) for path in base.iterdir() if path.name.isdecimal())]
            self._versions[model.name] = {number: Version(number, base / str(number)) for number in wanted}
            self._labels[model.name] = dict(model.version_labels)

    def find(self, name, version=None, label=None):
        versions = self._versions.get(name)
        if versions is None:
            raise Refused("NOT_FOUND", f"Servable not found for request: Latest({name})")
        if label:
            version = self._labels[name].get(label)
            if version is None:
                raise Refused("INVALID_ARGUMENT", f"Unrecognized servable version label: {label}")
        if version is not None and version not in versions:
            raise Refused("NOT_FOUND", f"Servable not found for request: Specific({name}, {version})")
        return versions[max(versions) if version is None else version]

    def versions(self, name):
        self.find(name)
        return self._versions[name]


class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    """gRPC's side."""

    def __init__(self, models):
        self._models = models

    def _found(self, spec):
        version = spec.version.value if spec.HasField("version") else None
        return self._models.find(spec.name, version, spec.version_label)

    def Predict(self, request, context):
        with _answered(context):
            version = self._found(request.model_spec)
            inputs = {key: _parsed(key, tensor) for key, tensor in request.inputs.items()}
            outputs = version.run(request.model_spec.signature_name, inputs)
            response = predict_pb2.PredictResponse(model_spec=request.model_spec)
            for key, array in outputs.items():
                response.outputs[key].CopyFrom(_as_fields(array))
            return response

    def GetModelMetadata(self, request, context):
        with _answered(context):
            version = self._found(request.model_spec)
            map_ = get_model_metadata_pb2.SignatureDefMap()
            for key, definition in version.signature_defs.items():
                map_.signature_def[key].CopyFrom(definition)
            response = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=request.model_spec)
            response.model_spec.version.value = version.number
            response.metadata["signature_def"].Pack(map_)
            return response


class _answered:
    """Ends a call with a refusal's code and words."""

    def __init__(self, context):
        self._context = context

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Refused):
            self._context.abort(getattr(grpc.StatusCode, error.code), error.words)


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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rest_api_port", type=int, required=True)
    parser.add_argument("--model_config_file", required=True)
    parser.add_argument("--allow_version_labels_for_unavailable_models")
    flags = parser.parse_args()
    models = Models(flags.model_config_file)
    options = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.so_reuseport", 0)]
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), options=options)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Service(models), server)
    rpc_port = server.add_insecure_port(f"127.0.0.1:{flags.port}")
    server.start()
    rest_server = make_rest_server(flags.rest_api_port, models, Refused)
    print(f"ports: {rpc_port} {rest_server.server_port}", flush=True)
    rest_server.serve_forever()


if __name__ == "__main__":
    main()
