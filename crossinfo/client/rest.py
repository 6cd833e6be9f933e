"""Requests over HTTP, in JSON."""

import base64
import json
import time
import urllib.parse

import numpy as np
import urllib3

from crossinfo.client.failures import MAX_MESSAGE_BYTES, failure, gist

STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED", 412: "FAILED_PRECONDITION", 413: "RESOURCE_EXHAUSTED", 501: "UNIMPLEMENTED",
    503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
# Where there is one output, the answer does not name it.
ONLY_OUTPUT = {"crop": "joints"}
HEADERS = {"Content-Type": "application/json"}


class Rest:
    """Kept connections to a server's HTTP port; threads may share them.

    Args:
        server: str. http://host:port or https://host:port.
        model: ``crossinfo.client.remote.Model``.
        connections: int. How many are kept open.
    """

    def __init__(self, server, model, connections=1):
        self.server = server
        self._pool = urllib3.PoolManager(maxsize=connections, retries=False)
        self._url = f"{server.rstrip('/')}/v1/models/{urllib.parse.quote(model.name, safe='')}"
        if model.version is not None:
            self._url += f"/versions/{model.version}"
        if model.label:
            self._url += f"/labels/{urllib.parse.quote(model.label, safe='')}"

    def encode(self, signature, arrays):
        """The request as bytes, in column format."""
        inputs = {name: _plain(array) for name, array in arrays.items()}
        return json.dumps({"signature_name": signature, "inputs": inputs}).encode()

    def send(self, signature, request, seconds):
        """{output: array} of an encoded request; raises as ``failure`` says."""
        try:
            status, answer = self._post(request, time.monotonic() + seconds)
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProtocolError) as error:
            raise failure(self.server, "UNAVAILABLE", str(error)) from None
        except (urllib3.exceptions.TimeoutError, TimeoutError):
            raise failure(self.server, "DEADLINE_EXCEEDED", "") from None
        except urllib3.exceptions.HTTPError as error:
            raise OSError(f"{self.server}: {gist(str(error))}") from None
        if status != 200:
            raise failure(self.server, STATUSES.get(status, f"HTTP {status}"), _words(answer))
        outputs = json.loads(answer)["outputs"]
        if not isinstance(outputs, dict):
            outputs = {ONLY_OUTPUT[signature]: outputs}
        return {name: _array(values) for name, values in outputs.items()}

    def _post(self, request, end):
        """(status, body). The answer is read in pieces: neither its size nor its time is open-ended."""
        timeout = urllib3.Timeout(total=max(end - time.monotonic(), 1e-3))
        url = self._url + ":predict"
        answer = self._pool.request(
            "POST", url, body=request, headers=HEADERS, timeout=timeout, preload_content=False
        )
        with answer:
            body = bytearray()
            for piece in answer.stream(2**16):
                body += piece
                if time.monotonic() > end:
                    raise TimeoutError
                if len(body) > MAX_MESSAGE_BYTES:
                    raise failure(self.server, "RESOURCE_EXHAUSTED", "the answer is too large")
            return answer.status, bytes(body)

    def close(self):
        """Ends the connections."""
        self._pool.clear()


def _plain(array):
    """An array as JSON takes it: numbers, or bytes in base64."""
    array = np.asarray(array)
    if array.dtype.kind in "SO":
        return [{"b64": base64.b64encode(data).decode()} for data in array.tolist()]
    return array.astype(np.float32).tolist()


def _array(values):
    array = np.asarray(values)
    return array if array.dtype == bool else array.astype(np.float32)


def _words(answer):
    """What an error answer says: its ``error``, or the first of whatever it holds."""
    try:
        return str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        return answer[:300].decode("utf-8", "replace")
