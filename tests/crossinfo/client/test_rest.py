"""The REST transport: its addresses and bodies, and responses that cannot be read."""

import json

import numpy as np
import pytest

from crossinfo.client import Model, rest
from datasets.errors import InputError
from tests.crossinfo.client.scripted_servers import scripted

CROP = np.zeros((1, 96, 96, 1), np.float32)


def test_a_request_has_columns_and_bytes_in_base64():
    arrays = {"image_bytes": [b"\x89PNG", b""], "camera": np.float32([[1.5, 2, 3, 4]] * 2)}
    body = json.loads(rest.Rest("http://h:1", Model("hand")).encode("png", arrays))
    assert body == {
        "signature_name": "png",
        "inputs": {"image_bytes": [{"b64": "iVBORw=="}, {"b64": ""}], "camera": [[1.5, 2, 3, 4]] * 2},
    }


def test_the_only_output_of_a_signature_gets_its_name():
    with scripted("rest") as (client, _):
        joints = client.call("crop", crop=CROP)["joints"]
    assert joints.shape == (1, 1, 3) and joints.dtype == np.float32


def test_a_response_that_is_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(rest, "MAX_MESSAGE_BYTES", 10)
    with scripted("rest") as (client, _):
        with pytest.raises(InputError, match="the response is too large"):
            client.call("crop", crop=CROP)
