"""Training the networks in ``crossinfo/weights`` on synthetic pictures that never repeat.

``settings`` -> ``renderer`` (processes that render chunks of pictures beside the training; ``contents`` and
``frames``: what the networks see of a picture) -> ``localiser``, ``checks``, ``pose``, ``side`` (the stages,
in this order, run by ``stage``) -> ``scorer`` and ``scores`` (held-out pictures) -> ``package`` and ``page``
(the folder ``weights`` and its card).
"""
