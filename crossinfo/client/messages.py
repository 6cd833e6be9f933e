"""The five messages of TensorFlow Serving's ``Predict`` that a client needs, and tensors to and from them.

The ready-made ``tensorflow-serving-api`` imports all of TensorFlow for them: ten times the memory and
start-up time of the rest of this client. On the wire a message is its fields' numbers and types, so those
stand here, with names of our own; fields that are not listed are skipped when read. The tests hold them
against ``tensorflow-serving-api``. Source: ``tensorflow/core/framework/tensor.proto`` and
``tensorflow_serving/apis/{model,predict}.proto``.
"""

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# {message: {field: (number, type)}}; a star marks a repeated field. A proto map is a list of entries.
_MESSAGES = {
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
}
FLOAT, STRING, BOOL = 1, 7, 10


def _described(name, fields):
    """Descriptor of one message; ``*`` marks a repeated field, a capital letter another message."""
    kinds = descriptor_pb2.FieldDescriptorProto
    message = descriptor_pb2.DescriptorProto(name=name)
    for field, (number, kind) in fields.items():
        label = kinds.LABEL_REPEATED if kind.startswith("*") else kinds.LABEL_OPTIONAL
        kind = kind.lstrip("*")
        made = message.field.add(name=field, number=number, label=label)
        if kind in _MESSAGES:
            made.type, made.type_name = kinds.TYPE_MESSAGE, f".crossinfo.{kind}"
        else:
            made.type = getattr(kinds, f"TYPE_{kind.upper()}")
    return message


def _classes():
    """{name: message class}, in a pool of their own, which no other library's messages can clash with."""
    file = descriptor_pb2.FileDescriptorProto(
        name="crossinfo/predict.proto",
        package="crossinfo",
        syntax="proto3",
        message_type=[_described(name, fields) for name, fields in _MESSAGES.items()],
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClassesForFiles([file.name], pool)


_CLASSES = {name.rpartition(".")[2]: made for name, made in _classes().items()}
Tensor = _CLASSES["Tensor"]
PredictRequest = _CLASSES["PredictRequest"]
PredictResponse = _CLASSES["PredictResponse"]


def to_tensor(array):
    """``Tensor`` of a float32 array, or of an array or list of bytes."""
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


def from_tensor(tensor):
    """float32 or bool array of a ``Tensor``, whichever of the two ways it was written.

    Raises ValueError for another dtype and for values that do not fill the shape.
    """
    shape = [dim.size for dim in tensor.shape.dims]
    if tensor.dtype not in (FLOAT, BOOL):
        raise ValueError(f"a tensor of dtype {tensor.dtype}, expected float or bool")
    dtype = np.dtype("<f4") if tensor.dtype == FLOAT else np.dtype(bool)
    if tensor.content:
        return np.frombuffer(tensor.content, dtype).reshape(shape)
    values = np.array(tensor.floats if tensor.dtype == FLOAT else tensor.bools, dtype)
    # A list that is too short goes on with its last value.
    missing = int(np.prod(shape)) - len(values)
    return np.pad(values, (0, missing), "edge").reshape(shape) if missing else values.reshape(shape)
