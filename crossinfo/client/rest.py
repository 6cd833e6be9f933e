"""The REST transport: JSON over HTTP."""

import base64
import json
import time
import urllib.parse
from collections.abc import Mapping

import numpy as np
import urllib3
from numpy.typing import ArrayLike

from crossinfo.client.transport import MAX_MESSAGE_BYTES, Model, one_line, to_exception

# HTTP status -> gRPC status.
STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED", 412: "FAILED_PRECONDITION", 413: "RESOURCE_EXHAUSTED", 501: "UNIMPLEMENTED",
    429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
# A response with a single output does not name it.
ONLY_OUTPUT = {"crop": "joints"}
HEADERS = {"Content-Type": "application/json"}


class Rest:
    """A connection pool to a server's HTTP port. Threads may share it.

    Args:
        server: http://host:port or https://host:port.
        model: The model to call.
        connections: Number of connections to keep open.
    """

    def __init__(self, server: str, model: Model, connections: int = 1):
        self.server = server
        self._pool = urllib3.PoolManager(maxsize=connections, retries=False)
        self._model_url = f"{server.rstrip('/')}/v1/models/{urllib.parse.quote(model.name, safe='')}"
        self._url = self._model_url
        if model.version is not None:
            self._url += f"/versions/{model.version}"
        if model.label:
            self._url += f"/labels/{urllib.parse.quote(model.label, safe='')}"

    def encode(self, signature: str, arrays: Mapping[str, ArrayLike]) -> bytes:
        """The request as JSON in column format."""
        inputs = {name: _to_json(array) for name, array in arrays.items()}
        return json.dumps({"signature_name": signature, "inputs": inputs}).encode()

    def send(self, signature: str, request: bytes, timeout_s: float) -> dict[str, np.ndarray]:
        """Sends an encoded request.

        Args:
            signature: The signature it was encoded for.
            request: The encoded request.
            timeout_s: Time limit in seconds.

        Returns:
            The outputs by name. Raises as ``to_exception`` says.
        """
        outputs = self._answer("POST", f"{self._url}:predict", timeout_s, request)["outputs"]
        if not isinstance(outputs, dict):
            outputs = {ONLY_OUTPUT[signature]: outputs}
        return {name: _from_json(values) for name, values in outputs.items()}

    def version(self, timeout_s: float) -> int:
        """Number of the version that answers for the model; raises as ``to_exception`` says if none does."""
        return int(self._answer("GET", f"{self._url}/metadata", timeout_s)["model_spec"]["version"])

    def states(self, timeout_s: float) -> dict[int, tuple[str, str]]:
        """{version: (state, message)} of the model, whatever its version or label; raises as ``version``."""
        versions = self._answer("GET", self._model_url, timeout_s)["model_version_status"]
        return {int(one["version"]): (one["state"], one["status"]["error_message"]) for one in versions}

    def _answer(self, method, url, timeout_s, request=None):
        """The JSON of a response; raises as ``to_exception`` says."""
        try:
            status, body = self._read(method, url, time.monotonic() + timeout_s, request)
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProtocolError) as error:
            raise to_exception(self.server, "UNAVAILABLE", str(error)) from None
        except (urllib3.exceptions.TimeoutError, TimeoutError):
            raise to_exception(self.server, "DEADLINE_EXCEEDED", "") from None
        except urllib3.exceptions.HTTPError as error:
            raise OSError(f"{self.server}: {one_line(str(error))}") from None
        if status != 200:
            raise to_exception(self.server, STATUSES.get(status, f"HTTP {status}"), _error_message(body))
        return json.loads(body)

    def _read(self, method, url, deadline, request):
        """(status, body). The body is read in chunks, so that neither its size nor its time is unbounded."""
        response = self._pool.request(
            method,
            url,
            body=request,
            headers=HEADERS,
            timeout=urllib3.Timeout(total=max(deadline - time.monotonic(), 1e-3)),
            preload_content=False,
        )
        with response:
            body = bytearray()
            for chunk in response.stream(2**16):
                body += chunk
                if time.monotonic() > deadline:
                    raise TimeoutError
                if len(body) > MAX_MESSAGE_BYTES:
                    raise to_exception(self.server, "RESOURCE_EXHAUSTED", "the response is too large")
            return response.status, bytes(body)

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()


def _to_json(array):
    """An array as nested lists of numbers, or of bytes in base64."""
    array = np.asarray(array)
    if array.dtype.kind in "SO":
        return [{"b64": base64.b64encode(data).decode()} for data in array.tolist()]
    return array.astype(np.float32).tolist()


def _from_json(values):
    array = np.asarray(values)
    return array if array.dtype == bool else array.astype(np.float32)


def _error_message(body):
    """The ``error`` of an error response, or the beginning of a body that has none."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body[:300].decode("utf-8", "replace")
