"""CrossInfoNet in TensorFlow 2 / Keras 3: hand joints in millimetres from one depth frame."""

import importlib
import importlib.util
import pathlib
import sys
from typing import TYPE_CHECKING

import wrapt

if TYPE_CHECKING:
    from crossinfo.inference.estimator import HandPoseEstimator


def _check_datasets():
    """Refuses another project's package ``datasets`` in place of ours: Hugging Face's has the same name.

    Raises ImportError; a command of ours ends with that line and status 2 instead. It has to happen here,
    as the commands' own way of reporting lies in the package that is hidden.
    """
    try:
        from datasets import PROJECT as found
    except ImportError:
        found = None
    if found == "crossinfonet":
        return
    message = (
        f"crossinfonet's package datasets {_problem()}; give crossinfonet a virtual environment of its own"
    )
    if _is_command():
        print(f"error: {message}", file=sys.stderr)
        sys.exit(2)
    raise ImportError(message)


def _problem():
    spec = importlib.util.find_spec("datasets")
    if spec is None:
        return "is missing"
    return f"is hidden by another project's, {spec.origin or [*spec.submodule_search_locations][0]}"


def _is_command():
    """Whether Python was started with ``-m crossinfo...`` or with a script that lies beside this package."""
    if sys.argv[:1] == ["-m"]:  # while Python looks for the module
        return any(word.split(".")[0] == "crossinfo" for word in sys.orig_argv)
    script = getattr(sys.modules["__main__"], "__file__", None)
    return (
        bool(script) and pathlib.Path(script).resolve().parent == pathlib.Path(__path__[0]).resolve().parent
    )


_check_datasets()


def _register_layers(imported):
    """Makes a saved model's classes known to Keras, as soon as the caller has imported Keras or the layers.

    Importing them at once would import TensorFlow, which takes seconds and which the metrics do without.
    Keras imported by the layers or the model themselves is no occasion: they are not whole yet.
    """
    if imported.__name__ != "keras" or not {"crossinfo.layers", "crossinfo.model"} & sys.modules.keys():
        importlib.import_module("crossinfo.model")


for _name in ("keras", "crossinfo.layers"):
    wrapt.register_post_import_hook(_register_layers, _name)


def load_pretrained(runtime: str = "tensorflow", hand: str = "auto") -> "HandPoseEstimator":
    """A function of a depth frame and its camera that gives the hands in it, by the package's own networks.

    ``hands = crossinfo.load_pretrained(); poses = hands(depth_mm, camera)``: the poses are
    ``crossinfo.inference.pose.Pose`` objects, the most confident first, [] if there is no hand.

    Args:
        runtime, hand: as ``crossinfo.pretrained.load_pretrained`` takes them.
    """
    # At the top, it would cost everybody who imports the package.
    from crossinfo import pretrained

    return pretrained.load_pretrained(runtime, hand)
