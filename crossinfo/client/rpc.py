"""Requests over gRPC."""

import grpc

from crossinfo.client import messages
from crossinfo.client.failures import MAX_MESSAGE_BYTES, failure

METHOD = "/tensorflow.serving.PredictionService/Predict"
OPTIONS = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # The waits between tries are ours: a channel must not refuse before it has dialled again.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_retries", 0),
)


class Rpc:
    """One channel to a server's gRPC port; threads may share it.

    Args:
        server: str. host:port.
        model: ``crossinfo.client.remote.Model``.
    """

    def __init__(self, server, model):
        self.server = server
        self._model = model
        self._channel = grpc.insecure_channel(server, options=OPTIONS)
        self._predict = self._channel.unary_unary(METHOD)

    def encode(self, signature, arrays):
        """The request as bytes."""
        request = messages.PredictRequest()
        request.model.name = self._model.name
        request.model.signature = signature
        if self._model.version is not None:
            request.model.version.number = self._model.version
        request.model.label = self._model.label or ""
        for name, array in arrays.items():
            request.inputs.add(name=name, tensor=messages.to_tensor(array))
        return request.SerializeToString()

    def send(self, signature, request, seconds):
        """{output: array} of an encoded request; raises as ``failure`` says."""
        try:
            answer = self._predict(request, timeout=max(seconds, 0))
        except grpc.RpcError as error:
            raise failure(self.server, error.code().name, error.details() or "") from None
        response = messages.PredictResponse.FromString(answer)
        return {output.name: messages.from_tensor(output.tensor) for output in response.outputs}

    def close(self):
        """Ends the connection."""
        self._channel.close()
