"""``python -m crossinfo.predict``: joints of the hand in depth PNGs, as tables and as pictures."""

import dataclasses
import json
import pathlib

import numpy as np

from crossinfo.inference import depth_inputs
from crossinfo.inference.pose import Pose, write_csv
from datasets.command_line import Command, Group, run
from datasets.io import atomic, depth_png
from datasets.runtime import import_tensorflow

MIRROR = np.float32([-1, 1, 1])


def _define(values):
    group = Group(values, "Predict")
    group.string("model", None, "a work_dir, a model.keras, a SavedModel or a model.tflite", required=True)
    group.string("output_dir", None, "folder for joints.csv, joints.json and the overlays", required=True)
    depth_inputs.frame_flags(group)


COMMAND = Command(
    usage="python -m crossinfo.predict",
    summary="Finds the hand's joints in depth frames, in millimetres in camera space, and draws them.",
    define=_define,
)


def estimate(served, frame, depth_mm, camera, centre_mm=None, hand="right"):
    """``Pose`` in one frame.

    Args:
        served: ``crossinfo.inference.loading.Served``.
        frame: str. Its name.
        depth_mm: float32 [H, W].
        camera: Camera.
        centre_mm: [3] in mm, or None to find the hand.
        hand: "right", or "left": the frame is mirrored for the network, and the pose mirrored back.
    """
    if hand == "left":
        width = depth_mm.shape[1]
        other = dataclasses.replace(camera, cx=width - 1 - camera.cx)
        centre_mm = None if centre_mm is None else np.multiply(centre_mm, MIRROR)
        return _mirrored(estimate(served, frame, depth_mm[:, ::-1], other, centre_mm), width)
    inputs = {"depth": depth_mm[None], "camera": np.asarray(camera)[None]}
    if centre_mm is None:
        found = served.call("serving_default", **inputs)
    else:
        found = served.call("centred", **inputs, centre_mm=np.float32([centre_mm]))
    return Pose(frame, *(found[name][0] for name in ("joints_mm", "joints_uvd", "centre_mm", "valid")))


def _mirrored(pose, width):
    """A pose of the mirrored frame, in the frame as it was; zeros stay."""
    joints_uvd = pose.joints_uvd * MIRROR + (np.float32([width - 1, 0, 0]) if pose.valid else 0)
    mirrored = {"joints_mm": pose.joints_mm * MIRROR, "centre_mm": pose.centre_mm * MIRROR}
    return dataclasses.replace(pose, joints_uvd=joints_uvd, **mirrored)


def predict(served, images, camera, output_dir, depth_scale=1.0, centre_mm=None, hand="right"):
    """Predicts every image and writes ``joints.csv``, ``joints.json`` and ``<frame>_overlay.png``.

    Files of the same names in ``output_dir`` are replaced, others stay. All of it is written, or nothing.

    Args:
        served: ``crossinfo.inference.loading.Served``.
        images: list of paths of 16-bit depth PNGs.
        camera: Camera.
        output_dir: path.
        depth_scale: float. Millimetres a unit of the PNGs.
        centre_mm: [3] in mm of the hand in every frame, or None to find it.
        hand: "right" or "left".

    Returns a list of ``Pose``. Raises InputError naming the frame or the flag.
    """
    import tqdm

    from datasets.visualization import drawing

    depth_inputs.check(images, output_dir, depth_scale, centre_mm)
    poses = []
    with atomic.staged(output_dir) as folder:
        for image in tqdm.tqdm(images, unit="frame", disable=None):
            depth_mm = depth_png.read_depth_png(image, depth_scale)
            pose = estimate(served, pathlib.Path(image).stem, depth_mm, camera, centre_mm, hand)
            drawing.write_png(
                folder / f"{pose.frame}_overlay.png", _picture(depth_mm, camera, pose, served.card)
            )
            poses.append(pose)
        with open(folder / "joints.csv", "w", encoding="utf-8", newline="") as file:
            write_csv(file, poses, served.card.joints)
        _write_json(folder / "joints.json", poses, served, camera)
    return poses


def _picture(depth_mm, camera, pose, card):
    from datasets.visualization import drawing

    if not pose.valid:
        picture, _ = drawing.enlarge(drawing.depth_picture(depth_mm))
        return drawing.write_note(picture, f"{pose.frame}: no hand found")
    poses = [(pose.joints_mm, None)]
    return drawing.overlay(depth_mm, camera, pose.centre_mm, card.cube_mm, poses, card, pose.frame)


def _write_json(path, poses, served, camera):
    """The same with centres, and with what is needed to read it."""
    found = [
        {key: value.tolist() if hasattr(value, "tolist") else value for key, value in vars(pose).items()}
        for pose in poses
    ]
    content = {
        "model": served.name,
        "camera": dataclasses.asdict(camera),
        "cube_mm": served.card.cube_mm,
        "joints": served.card.joints,
        "frames": found,
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def main(values):
    """Runs the command on parsed flags; cheap checks come before TensorFlow and the model are loaded."""
    camera, centre_mm = depth_inputs.camera(values.camera), depth_inputs.centre_mm(values.centre_mm)
    images = depth_inputs.find_images(values.input)
    depth_inputs.check(images, values.output_dir, values.depth_scale, centre_mm)
    import_tensorflow()
    from crossinfo.inference import loading

    served = loading.load_served(values.model)
    poses = predict(served, images, camera, values.output_dir, values.depth_scale, centre_mm, values.hand)
    valid = sum(bool(pose.valid) for pose in poses)
    print(f"{len(poses)} frames, a hand in {valid}: {values.output_dir}")


if __name__ == "__main__":
    run(COMMAND, main)
