"""From depth PNGs to requests, and from responses to ``joints.csv``."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

import numpy as np

from crossinfo.client.remote import Remote, Request
from crossinfo.inference import pose
from crossinfo.inference.depth_inputs import DepthFrames, frame_name
from crossinfo.inference.pose import Pose
from datasets import skeletons
from datasets.errors import InputError
from datasets.io import atomic

# The number of joints identifies the skeleton.
JOINT_NAMES = {len(skeleton): skeleton.joints for skeleton in (skeletons.MSRA, skeletons.ICVL, skeletons.NYU)}


def request(frames: DepthFrames, path: str | os.PathLike) -> Request:
    """The request for one of the frames, as a right hand; raises InputError naming a damaged file.

    A file in millimetres is sent as it is, in a tenth of the bytes of its pixels as numbers.
    """
    data = pathlib.Path(path).read_bytes()
    inputs = {"depth": frames.decode(path, data)[None], "camera": np.asarray(frames.camera)[None]}
    if frames.centre_mm is not None:
        return Request("centred", inputs | {"centre_mm": np.float32([frames.centre_mm])})
    if frames.depth_scale != 1:
        return Request("serving_default", inputs)
    return Request("png", {"image_bytes": [data], "camera": inputs["camera"]})


def estimate(remote: Remote, frames: DepthFrames, path: str | os.PathLike) -> Pose:
    """The pose in one of the frames.

    Args:
        remote: The model to call.
        frames: The frames.
        path: Which of them.

    Raises:
        InputError: Naming the file, if it is damaged or the server rejects it.
        OSError: Naming the file, for the reasons given at ``Remote.call``.
    """
    name = frame_name(path)
    with _naming(path):
        if frames.hand == "left":
            depth_mm = frames.decode(path, pathlib.Path(path).read_bytes())
            return pose.estimate(remote, name, depth_mm, frames.camera, frames.centre_mm, frames.hand)
        signature, inputs = request(frames, path)
        return Pose.from_outputs(name, remote.call(signature, **inputs))


def write_joints(remote: Remote, frames: DepthFrames, output_dir: str | os.PathLike) -> list[Pose]:
    """Writes ``joints.csv`` for all frames, as ``crossinfo.predict`` does, or nothing if one of them fails.

    Args:
        remote: The model to call.
        frames: The frames.
        output_dir: Folder to write to; created if missing.

    Returns:
        The poses, in the order of the frames. Raises as ``estimate`` does.
    """
    import tqdm

    poses = []
    with atomic.staged(output_dir) as folder:
        for path in tqdm.tqdm(frames.paths, unit="frame", disable=None):
            poses.append(estimate(remote, frames, path))
        with open(folder / "joints.csv", "w", encoding="utf-8", newline="") as file:
            pose.write_csv(file, poses, joint_names(len(poses[0].joints_mm)))
    return poses


def joint_names(count: int) -> tuple[str, ...]:
    """Names of a served model's joints, in the order of its outputs; raises InputError if unknown."""
    if count not in JOINT_NAMES:
        known = ", ".join(map(str, sorted(JOINT_NAMES)))
        raise InputError(f"the served model has {count} joints; this project's models have {known}")
    return JOINT_NAMES[count]


@contextlib.contextmanager
def _naming(path: str | os.PathLike) -> Iterator[None]:
    """Puts the file's name in front of an error's message, unless the message starts with it."""
    try:
        yield
    except (InputError, OSError) as error:
        message = str(error)
        raise type(error)(message if message.startswith(str(path)) else f"{path}: {message}") from None
