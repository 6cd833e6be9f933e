"""``python -m crossinfo.serving.rollout``: a new version on a running server, or all as it was before."""

import pathlib
import signal
from types import SimpleNamespace

import numpy as np

from crossinfo.client import Remote, images
from crossinfo.inference import flags
from crossinfo.inference.depth_inputs import DepthFrames, find_images
from crossinfo.inference.pose import Signatures
from crossinfo.serving.stages import CANARY, STABLE, Rollout
from datasets.command_line import Command, Group, run
from datasets.errors import InputError
from datasets.runtime import import_tensorflow

SAME = ("joints_mm", "valid")


class Checks:
    """Frames with the joints that ``predict`` finds in them.

    Args:
        predictor: The network, as ``crossinfo.inference.loading`` opens it.
        frames: The frames.
        tolerance_mm: The longest distance of a joint from where it is expected.

    Raises InputError if there is no hand in any of them, which would check nothing.
    """

    def __init__(self, predictor: Signatures, frames: DepthFrames, tolerance_mm: float):
        self._paths = frames.paths
        self._requests = [images.request(frames, path) for path in frames.paths]
        self._expected = [predictor.call(signature, **inputs) for signature, inputs in self._requests]
        self._tolerance_mm = tolerance_mm
        if not any(expected["valid"].any() for expected in self._expected):
            raise InputError(f"{frames.paths[0]}: no hand is found, in no frame, which would check nothing")

    def __call__(self, remote: Remote) -> None:
        """Raises OSError naming the first frame in which a served model does not find the same."""
        for path, (signature, inputs), expected in zip(
            self._paths, self._requests, self._expected, strict=True
        ):
            found = remote.call(signature, **inputs)
            if [found[name].shape for name in SAME] != [expected[name].shape for name in SAME]:
                raise OSError(f"{path}: the server's model has other joints than --model")
            if (found["valid"] != expected["valid"]).any():
                raise OSError(f"{path}: the server and predict do not agree whether there is a hand")
            furthest_mm = np.linalg.norm(found["joints_mm"] - expected["joints_mm"], axis=-1).max()
            if not furthest_mm <= self._tolerance_mm:
                raise OSError(
                    f"{path}: a joint lies {furthest_mm:.2f} mm from predict's, "
                    f"{self._tolerance_mm:g} mm are allowed"
                )


def _define(values):
    server = Group(values, "Server")
    server.string("server", None, "host:port of its gRPC port, or http://host:port of its REST port", True)
    server.string("config", None, "the models.config that the server reads", True)
    server.string("model_name", "hand", "name of the model on the server")
    server.number("timeout_s", 180.0, "longest wait in seconds for each of the server's steps", lower=1)
    version = Group(values, "Version")
    version.string("model", None, f"what to roll out: a work_dir or a model.keras; {flags.PRETRAINED}")
    version.string("localiser", None, flags.LOCALISER)
    version.string("export_dir", None, "the model's folder of numbered versions, to export the next one into")
    version.integer("version", None, "number of an export that is there already, instead", lower=1)
    frames = Group(values, "Frames")
    frames.string("input", None, "a 16-bit depth PNG to check the server by, or a folder of them", True)
    frames.string("camera", None, flags.CAMERA, True)
    frames.number("depth_scale", 1.0, "millimetres per unit of the PNG")
    frames.number("tolerance_mm", 0.5, "longest distance of a joint from where predict finds it", lower=0)


COMMAND = Command(
    usage="python -m crossinfo.serving.rollout",
    summary="Exports a network as the next version, has a server load it, moves canary and then stable to it "
    "while its joints are those of predict, and puts everything back if anything fails.",
    define=_define,
)


def main(values: SimpleNamespace) -> None:
    """Runs the command on parsed flags; nothing is exported or edited before all else is known to work."""
    if bool(values.export_dir) == bool(values.version):
        raise InputError("one of --export_dir and --version is required")
    # A request to stop rolls back, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    frames = DepthFrames(find_images(values.input), flags.camera(values.camera), values.depth_scale)
    rollout = Rollout(values.server, pathlib.Path(values.config), values.model_name, values.timeout_s)
    import_tensorflow()
    from crossinfo.export import saved_model
    from crossinfo.inference import loading

    predictor = loading.load_predictor(values.model, values.localiser)
    checks = Checks(predictor, frames, values.tolerance_mm)
    version = values.version
    if version is None:
        network = loading.load_model(values.model)
        localiser = loading.load_localiser(network, values.model, values.localiser)
        path = saved_model.export(network, values.export_dir, localiser=localiser)
        print(path)
        version = int(path.name)
    rollout.run(version, checks)
    print(
        f"{STABLE} and {CANARY} are version {version}; to roll back, put {STABLE} on "
        f"{rollout.before.labels[STABLE]} in {values.config}"
    )


if __name__ == "__main__":
    run(COMMAND, main)
