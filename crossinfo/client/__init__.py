"""Client of a model server, over gRPC or REST; does not load TensorFlow.

``connect("localhost:8500", Model("hand"))`` returns a ``Remote``, whose ``call("png", image_bytes=[...],
camera=[...])`` returns the joints in millimetres. ``python -m crossinfo.client`` does this for PNG files.
"""

from crossinfo.client.remote import Remote, connect
from crossinfo.client.transport import Model

__all__ = ["Model", "Remote", "connect"]
