"""Joints from a model server, over gRPC or REST, without TensorFlow.

``connect("localhost:8500", Model("hand"))`` gives a ``Remote`` whose ``call("png", image_bytes=[...],
camera=[...])`` returns millimetres; ``python -m crossinfo.client`` does it for PNG files.
"""

from crossinfo.client.remote import Model, Remote, connect

__all__ = ["Model", "Remote", "connect"]
