"""The gRPC transport, with the messages of TensorFlow Serving's three calls that it needs.

The official messages (``tensorflow-serving-api``) import all of TensorFlow, which takes ten times the memory
and start-up time of the rest of this client. On the wire a message consists of field numbers and types, so
those are declared here, under names of our own; unknown fields are skipped when reading. The tests compare
them with ``tensorflow-serving-api``. Source: ``tensorflow/core/framework/tensor.proto`` and
``tensorflow_serving/apis/{model,predict,get_model_metadata,get_model_status}.proto``.
"""

from collections.abc import Mapping

import grpc
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory
from numpy.typing import ArrayLike

from crossinfo.client.transport import MAX_MESSAGE_BYTES, Model, to_exception

PREDICT = "/tensorflow.serving.PredictionService/Predict"
METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
OPTIONS = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # Retries are done in remote.py; keep gRPC's own back-off shorter.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_retries", 0),
)

# {message: {field: (number, type)}}; a star marks a repeated field. A proto map is a list of entries.
_FIELDS = {
    "Dim": {"size": (1, "int64")},
    "Shape": {"dims": (2, "*Dim")},
    "Tensor": {
        "dtype": (1, "int32"),
        "shape": (2, "Shape"),
        "content": (4, "bytes"),
        "floats": (5, "*float"),
        "strings": (8, "*bytes"),
        "bools": (11, "*bool"),
    },
    "NamedTensor": {"name": (1, "string"), "tensor": (2, "Tensor")},
    "Version": {"number": (1, "int64")},
    "ModelSpec": {
        "name": (1, "string"),
        "version": (2, "Version"),
        "signature": (3, "string"),
        "label": (4, "string"),
    },
    "PredictRequest": {"model": (1, "ModelSpec"), "inputs": (2, "*NamedTensor")},
    "PredictResponse": {"outputs": (1, "*NamedTensor")},
    "MetadataRequest": {"model": (1, "ModelSpec"), "fields": (2, "*string")},
    "MetadataResponse": {"model": (1, "ModelSpec")},
    "StatusRequest": {"model": (1, "ModelSpec")},
    "Status": {"code": (1, "int32"), "message": (2, "string")},
    "VersionStatus": {"version": (1, "int64"), "state": (2, "int32"), "status": (3, "Status")},
    "StatusResponse": {"versions": (1, "*VersionStatus")},
}
# Values of TensorFlow's DataType enum.
FLOAT, STRING, BOOL = 1, 7, 10
# Values of ModelVersionStatus.State.
STATES = {0: "UNKNOWN", 10: "START", 20: "LOADING", 30: "AVAILABLE", 40: "UNLOADING", 50: "END"}


def _descriptor(name, fields):
    """Descriptor of one message; ``*`` marks a repeated field, a capitalised type is another message."""
    proto = descriptor_pb2.FieldDescriptorProto
    descriptor = descriptor_pb2.DescriptorProto(name=name)
    for field_name, (number, kind) in fields.items():
        label = proto.LABEL_REPEATED if kind.startswith("*") else proto.LABEL_OPTIONAL
        kind = kind.lstrip("*")
        field = descriptor.field.add(name=field_name, number=number, label=label)
        if kind in _FIELDS:
            field.type, field.type_name = proto.TYPE_MESSAGE, f".crossinfo.{kind}"
        else:
            field.type = getattr(proto, f"TYPE_{kind.upper()}")
    return descriptor


def _message_classes():
    """{name: message class}, in a descriptor pool of their own to avoid clashes with other libraries."""
    file = descriptor_pb2.FileDescriptorProto(
        name="crossinfo/predict.proto",
        package="crossinfo",
        syntax="proto3",
        message_type=[_descriptor(name, fields) for name, fields in _FIELDS.items()],
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = message_factory.GetMessageClassesForFiles([file.name], pool)
    return {name.rpartition(".")[2]: message_class for name, message_class in classes.items()}


_CLASSES = _message_classes()
Tensor = _CLASSES["Tensor"]
PredictRequest = _CLASSES["PredictRequest"]
PredictResponse = _CLASSES["PredictResponse"]
MetadataRequest = _CLASSES["MetadataRequest"]
MetadataResponse = _CLASSES["MetadataResponse"]
StatusRequest = _CLASSES["StatusRequest"]
StatusResponse = _CLASSES["StatusResponse"]


def to_tensor(array: ArrayLike) -> message.Message:
    """``Tensor`` message of an array of any shape: strings if it holds bytes, else float32."""
    array = np.asarray(array)
    tensor = Tensor()
    for size in array.shape:
        tensor.shape.dims.add(size=size)
    if array.dtype.kind in "SO":
        tensor.dtype = STRING
        tensor.strings.extend(array.ravel().tolist())
    else:
        tensor.dtype = FLOAT
        tensor.content = np.ascontiguousarray(array, np.dtype("<f4")).tobytes()
    return tensor


def from_tensor(tensor: message.Message) -> np.ndarray:
    """float32 or bool array of a ``Tensor`` message, stored either as raw bytes or as a list of values.

    Raises ValueError for another dtype and for values that do not fill the shape.
    """
    shape = [dim.size for dim in tensor.shape.dims]
    if tensor.dtype not in (FLOAT, BOOL):
        raise ValueError(f"a tensor of dtype {tensor.dtype}, expected float or bool")
    dtype = np.dtype("<f4") if tensor.dtype == FLOAT else np.dtype(bool)
    if tensor.content:
        return np.frombuffer(tensor.content, dtype).reshape(shape)
    values = np.array(tensor.floats if tensor.dtype == FLOAT else tensor.bools, dtype)
    # A list shorter than the shape is continued with its last value.
    missing = int(np.prod(shape)) - len(values)
    return np.pad(values, (0, missing), "edge").reshape(shape) if missing else values.reshape(shape)


class Rpc:
    """One channel to a server's gRPC port. Threads may share it.

    Args:
        server: host:port.
        model: The model to call.
    """

    def __init__(self, server: str, model: Model):
        self.server = server
        self._model = model
        self._channel = grpc.insecure_channel(server, options=OPTIONS)

    def encode(self, signature: str, arrays: Mapping[str, ArrayLike]) -> bytes:
        """The request as a serialised ``PredictRequest``."""
        request = PredictRequest()
        self._select(request.model)
        request.model.signature = signature
        for name, array in arrays.items():
            request.inputs.add(name=name, tensor=to_tensor(array))
        return request.SerializeToString()

    def send(self, signature: str, request: bytes, timeout_s: float) -> dict[str, np.ndarray]:
        """Sends an encoded request.

        Args:
            signature: The signature it was encoded for.
            request: The encoded request.
            timeout_s: Time limit in seconds.

        Returns:
            The outputs by name. Raises as ``to_exception`` says.
        """
        outputs = PredictResponse.FromString(self._call(PREDICT, request, timeout_s)).outputs
        return {output.name: from_tensor(output.tensor) for output in outputs}

    def version(self, timeout_s: float) -> int:
        """Number of the version that answers for the model; raises as ``to_exception`` says if none does."""
        request = MetadataRequest(fields=["signature_def"])
        self._select(request.model)
        response = self._call(METADATA, request.SerializeToString(), timeout_s)
        return MetadataResponse.FromString(response).model.version.number

    def states(self, timeout_s: float) -> dict[int, tuple[str, str]]:
        """{version: (state, message)} of the model, whatever its version or label; raises as ``version``."""
        request = StatusRequest()
        request.model.name = self._model.name
        response = self._call(STATUS, request.SerializeToString(), timeout_s)
        versions = StatusResponse.FromString(response).versions
        return {one.version: (STATES.get(one.state, "UNKNOWN"), one.status.message) for one in versions}

    def _select(self, spec):
        """Fills a ``ModelSpec`` with what the model is asked for by."""
        spec.name = self._model.name
        spec.label = self._model.label or ""
        if self._model.version is not None:
            spec.version.number = self._model.version

    def _call(self, method, request, timeout_s):
        """The serialised response; raises as ``to_exception`` says."""
        try:
            return self._channel.unary_unary(method)(request, timeout=max(timeout_s, 0))
        except grpc.RpcError as error:
            raise to_exception(self.server, error.code().name, error.details() or "") from None

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()
