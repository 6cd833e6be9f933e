"""``python -m crossinfo.predict``: joints of the hand in depth PNGs, as tables and as pictures."""

import contextlib
import csv
import dataclasses
import json
import os
import pathlib
import shutil
import tempfile

import numpy as np

from datasets.command import Command, Group, import_tensorflow, run
from datasets.errors import InputError
from datasets.geometry import Camera

MIRROR = np.float32([-1, 1, 1])
COLUMNS = ("frame", "joint", "u", "v", "x_mm", "y_mm", "z_mm", "valid")


def _define(values):
    group = Group(values, "Predict")
    group.string("model", None, "a work_dir, a model.keras or a SavedModel", required=True)
    group.string("input", None, "a 16-bit depth PNG, or a folder of them", required=True)
    group.string("camera", None, "fx,fy,cx,cy of the depth camera, in pixels", required=True)
    group.string("output_dir", None, "folder for joints.csv, joints.json and the overlays", required=True)
    group.number("depth_scale", 1.0, "millimetres a unit of the PNG; 0.125 for a RealSense SR305")
    group.choice(
        "hand", "right", ("right", "left"), "the networks know right hands; frames of left are mirrored"
    )
    group.string("centre_mm", None, "x,y,z of the hand in every frame, in mm; found in the depth if left out")


COMMAND = Command(
    usage="python -m crossinfo.predict",
    summary="Finds the hand's joints in depth frames, in millimetres in camera space, and draws them.",
    define=_define,
)


@dataclasses.dataclass(frozen=True)
class Pose:
    """What was found in one frame; zeros if not ``valid``.

    Args:
        frame: str. The file's name without its ending.
        joints_mm, joints_uvd: float32 [J, 3] in camera space, and as pixel, pixel, mm.
        centre_mm: float32 [3]. The crop's centre.
        valid: bool. Whether a hand was found.
    """

    frame: str
    joints_mm: np.ndarray
    joints_uvd: np.ndarray
    centre_mm: np.ndarray
    valid: bool


def estimate(served, frame, depth_mm, camera, centre_mm=None, hand="right"):
    """``Pose`` in one frame.

    Args:
        served: ``crossinfo.loading.Served``.
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
        served: ``crossinfo.loading.Served``.
        images: list of paths of 16-bit depth PNGs.
        camera: Camera.
        output_dir: path.
        depth_scale: float. Millimetres a unit of the PNGs.
        centre_mm: [3] in mm of the hand in every frame, or None to find it.
        hand: "right" or "left".

    Returns a list of ``Pose``. Raises InputError naming the frame or the flag.
    """
    import tqdm

    from datasets import drawing, frames

    check(images, output_dir, depth_scale, centre_mm)
    poses = []
    with _staged(output_dir) as folder:
        for image in tqdm.tqdm(images, unit="frame", disable=None):
            depth_mm = frames.read_depth_png(image, depth_scale)
            pose = estimate(served, pathlib.Path(image).stem, depth_mm, camera, centre_mm, hand)
            drawing.write_png(
                folder / f"{pose.frame}_overlay.png", _picture(depth_mm, camera, pose, served.card)
            )
            poses.append(pose)
        _write_csv(folder / "joints.csv", poses, served.card.joints)
        _write_json(folder / "joints.json", poses, served, camera)
    return poses


def check(images, output_dir, depth_scale, centre_mm):
    """Raises InputError for whatever can be seen before the first frame is decoded."""
    from datasets import frames

    names = set()
    for image in images:
        frames.check_header(image)
        if pathlib.Path(image).stem in names:
            raise InputError(f"{image}: a second frame of this name would overwrite the first one's overlay")
        names.add(pathlib.Path(image).stem)
    frames.check_scale(depth_scale)
    if pathlib.Path(output_dir).exists() and not pathlib.Path(output_dir).is_dir():
        raise InputError(f"--output_dir={output_dir}: expected a folder, found a file")
    if centre_mm is not None and not (np.all(np.isfinite(centre_mm)) and centre_mm[2] > 0):
        raise InputError(
            f"--centre_mm: expected a point in front of the camera, z > 0. Received: {centre_mm}"
        )


def find_images(path):
    """PNG files meant by ``--input``, in the order of their names; raises InputError if there are none."""
    path = pathlib.Path(path)
    if not path.exists():
        raise InputError(f"--input={path}: no such file or folder")
    if not path.is_dir():
        return [path]
    # The overlays of an earlier run may lie in the same folder.
    images = [file for file in path.iterdir() if file.suffix.lower() == ".png"]
    images = sorted(
        (file for file in images if not file.stem.endswith("_overlay")), key=lambda file: file.name
    )
    if not images:
        raise InputError(f"--input={path}: the folder holds no PNG files")
    return images


def numbers(text, count, flag):
    """``count`` numbers, finite, from "a,b,c"; raises InputError naming the flag."""
    try:
        found = tuple(float(word) for word in text.split(","))
    except ValueError:
        found = ()
    if len(found) != count or not np.all(np.isfinite(found)):
        raise InputError(f"--{flag}={text}: expected {count} finite numbers separated by commas")
    return found


def _camera(text):
    try:
        return Camera(*numbers(text, 4, "camera"))
    except InputError as error:
        raise InputError(str(error) if "--camera" in str(error) else f"--camera={text}: {error}") from None


def _picture(depth_mm, camera, pose, card):
    from datasets import drawing

    if not pose.valid:
        picture, _ = drawing.enlarge(drawing.depth_picture(depth_mm))
        return drawing.write_note(picture, f"{pose.frame}: no hand found")
    poses = [(pose.joints_mm, None)]
    return drawing.overlay(depth_mm, camera, pose.centre_mm, card.cube_mm, poses, card, pose.frame)


def _write_csv(path, poses, joints):
    """One row a frame and joint; numbers with three decimals, ``valid`` as 1 or 0."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for pose in poses:
            for joint, (u, v, _), xyz_mm in zip(joints, pose.joints_uvd, pose.joints_mm, strict=True):
                values = (f"{value:.3f}" for value in (u, v, *xyz_mm))
                table.writerow([pose.frame, joint, *values, int(pose.valid)])


def _write_json(path, poses, served, camera):
    """The same with centres, and with what is needed to read it."""
    frames = [
        {key: value.tolist() if hasattr(value, "tolist") else value for key, value in vars(pose).items()}
        for pose in poses
    ]
    content = {
        "model": served.name,
        "camera": dataclasses.asdict(camera),
        "cube_mm": served.card.cube_mm,
        "joints": served.card.joints,
        "frames": frames,
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _staged(output_dir):
    """A folder to write into; its files move to ``output_dir`` at the end, or vanish if the block raises."""
    output_dir = pathlib.Path(output_dir)
    output_dir.absolute().parent.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=".predict-", dir=output_dir.absolute().parent))
    try:
        yield folder
        output_dir.mkdir(exist_ok=True)
        for file in folder.iterdir():
            os.replace(file, output_dir / file.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(values):
    """Runs the command on parsed flags; cheap checks come before TensorFlow and the model are loaded."""
    camera = _camera(values.camera)
    centre_mm = numbers(values.centre_mm, 3, "centre_mm") if values.centre_mm else None
    images = find_images(values.input)
    check(images, values.output_dir, values.depth_scale, centre_mm)
    import_tensorflow()
    from crossinfo import loading

    served = loading.load_served(values.model)
    poses = predict(served, images, camera, values.output_dir, values.depth_scale, centre_mm, values.hand)
    valid = sum(bool(pose.valid) for pose in poses)
    print(f"{len(poses)} frames, a hand in {valid}: {values.output_dir}")


if __name__ == "__main__":
    run(COMMAND, main)
