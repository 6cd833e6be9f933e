"""From depth PNGs to requests, and from answers to ``joints.csv``."""

import pathlib

import numpy as np

from crossinfo import predict
from crossinfo.client.failures import described
from crossinfo.inference.pose import Pose, write_csv
from datasets import skeletons
from datasets.errors import InputError
from datasets.io import atomic, depth_png

# The number of joints tells the skeleton.
JOINTS = {len(skeleton): skeleton.joints for skeleton in (skeletons.MSRA, skeletons.ICVL, skeletons.NYU)}
OUTPUTS = ("joints_mm", "joints_uvd", "centre_mm", "valid")


def request(image, camera, depth_scale=1.0, centre_mm=None):
    """(signature, {input: array}) for a PNG file; its arguments are those of ``estimate``.

    A file in millimetres goes as it is, a tenth of the bytes of its pixels as numbers. Raises InputError
    naming a file that ``crossinfo.predict`` would not take.
    """
    depth_mm = depth_png.read_depth_png(image, depth_scale)
    inputs = {"depth": depth_mm[None], "camera": np.asarray(camera)[None]}
    if centre_mm is not None:
        return "centred", inputs | {"centre_mm": np.float32([centre_mm])}
    if depth_scale != 1:
        return "serving_default", inputs
    return "png", {"image_bytes": [pathlib.Path(image).read_bytes()], "camera": inputs["camera"]}


def estimate(remote, image, camera, depth_scale=1.0, centre_mm=None, hand="right"):
    """``crossinfo.inference.pose.Pose`` of one PNG file.

    Args:
        remote: ``crossinfo.client.Remote``.
        image: path of a 16-bit depth PNG.
        camera: Camera.
        depth_scale: float. Millimetres a unit of the PNG.
        centre_mm: [3] in mm, or None to find the hand.
        hand: "right" or "left".

    Raises InputError naming the file, and else as ``Remote.call``.
    """
    name = pathlib.Path(image).stem
    with described(image):
        if hand == "left":
            depth_mm = depth_png.read_depth_png(image, depth_scale)
            return predict.estimate(remote, name, depth_mm, camera, centre_mm, hand)
        signature, inputs = request(image, camera, depth_scale, centre_mm)
        found = remote.call(signature, **inputs)
        return Pose(name, *(found[output][0] for output in OUTPUTS))


def write_joints(remote, images, output_dir, **how):
    """Writes ``joints.csv`` of all images, as ``crossinfo.predict`` does, or nothing.

    ``how`` is ``camera`` and the rest of ``estimate``. Returns a list of ``Pose``.
    """
    import tqdm

    poses = []
    with atomic.staged(output_dir) as folder:
        for image in tqdm.tqdm(images, unit="frame", disable=None):
            poses.append(estimate(remote, image, **how))
        with open(folder / "joints.csv", "w", encoding="utf-8", newline="") as file:
            write_csv(file, poses, joint_names(len(poses[0].joints_mm)))
    return poses


def joint_names(count):
    """Names of a served network's joints, in the order of its outputs; raises InputError if unknown."""
    if count not in JOINTS:
        raise InputError(f"--model_name: a network of {count} joints, which no skeleton of this project has")
    return JOINTS[count]
