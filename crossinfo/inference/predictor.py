"""A network behind the served signatures, whatever form it is in; only what runs in it takes TensorFlow."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from crossinfo.card import ModelCard
from crossinfo.inference.litert_runtime import Runner
from datasets.errors import InputError

if TYPE_CHECKING:
    from crossinfo.localisation.network import Localiser
    from crossinfo.model import CrossInfoNet

Signature = Callable[..., Mapping[str, Any]]
# ``export.signatures.HANDS``, in a module without TensorFlow.
HANDS = "hands"


class Predictor:
    """A network that is called by signature, the same from a Keras file, a SavedModel and a LiteRT file.

    Args:
        name: what reports call it.
        card: its model card.
        functions: {signature: function of arrays by name, giving arrays or tensors by name}.
        owner: what holds the functions' variables, which live as long as it does; None if there are none.
        network: the Keras network with its heat maps; None of an export, which has the pose alone.
    """

    def __init__(
        self,
        name: str,
        card: ModelCard,
        functions: Mapping[str, Signature],
        owner: Any = None,
        network: "CrossInfoNet | None" = None,
    ):
        self.name = name
        self.card = card
        self.network = network
        self._functions = functions
        self._owner = owner

    @classmethod
    def of_network(
        cls, name: str, network: "CrossInfoNet", localiser: "Localiser | None" = None, hand: str = "auto"
    ) -> "Predictor":
        """A Keras network as it would be served. Its graphs are made when they are first called.

        Args:
            name: what reports call it.
            network: network with a card.
            localiser: what finds hands, for a network of upright hands; or None.
            hand: "auto", or the side of every hand, as ``export.signatures.ServedModel`` takes it.

        Raises InputError if the network needs a localiser and there is none.
        """
        from crossinfo.export import signatures
        from crossinfo.inference import tensor_functions

        model = signatures.ServedModel(network, localiser=localiser, hand=hand)
        return cls(name, network.card, tensor_functions.of_graphs(model.signatures()), model, network)

    @classmethod
    def of_litert(cls, name: str, card: ModelCard, runner: Runner) -> "Predictor":
        """A LiteRT file.

        One of frames has ``serving_default`` alone, or ``hands`` too if it finds hands. One of crops has
        ``crop``, ``serving_default`` and ``centred``, with TensorFlow finding the hand and cutting it out.

        Args:
            name: what reports call the network.
            card: ModelCard.
            runner: Runner of the open file.
        """
        if "depth" not in runner.shapes:
            from crossinfo.inference import tensor_functions

            return cls(name, card, tensor_functions.of_crops(runner, card))
        if "confidence" not in runner.outputs:
            return cls(name, card, {"serving_default": runner})
        return cls(name, card, {HANDS: runner, "serving_default": lambda **inputs: _first(runner(**inputs))})

    @property
    def finds_hands(self) -> bool:
        """Whether the network finds left and right hands itself, and has the signature ``hands``."""
        return HANDS in self._functions

    def call(self, signature: str, **arrays: Any) -> dict[str, np.ndarray]:
        """Runs one of ``crossinfo.export.signatures.SIGNATURES`` on arrays or lists.

        Returns its outputs by name. Raises tf.errors.InvalidArgumentError, naming the input, for values
        that the signature refuses, and InputError for a signature that the network does not have.
        """
        if signature not in self._functions:
            known = ", ".join(self._functions)
            raise InputError(f"{self.name}: no signature {signature!r} in this form of the network; {known}")
        inputs = {
            name: value if name == "image_bytes" else np.asarray(value, np.float32)
            for name, value in arrays.items()
        }
        outputs = self._functions[signature](**inputs)
        return {name: np.asarray(value) for name, value in outputs.items()}


def _first(outputs):
    """The outputs of the most confident hand, without the axis of hands."""
    return {name: value[:, 0] for name, value in outputs.items()}
