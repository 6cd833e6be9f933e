"""Training the networks in ``crossinfo/weights`` on synthetic pictures that never repeat.

``settings`` -> ``renderer`` (processes that render chunks of pictures beside the training) -> ``frames``
(what the two networks see of a picture) -> ``localiser`` and ``pose``, the two stages, run by ``stage`` ->
``scores`` (held-out pictures) -> ``package`` (weights and card).
"""
