"""A user's own depth frames: their flags, and what can be wrong before the first is read."""

import pathlib

import numpy as np

from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import depth_png


def frame_flags(group):
    """The flags that say which frames, and how to read them."""
    group.string("input", None, "a 16-bit depth PNG, or a folder of them", required=True)
    group.string("camera", None, "fx,fy,cx,cy of the depth camera, in pixels", required=True)
    group.number("depth_scale", 1.0, "millimetres a unit of the PNG; 0.125 for a RealSense SR305")
    group.choice(
        "hand", "right", ("right", "left"), "the networks know right hands; frames of left are mirrored"
    )
    group.string("centre_mm", None, "x,y,z of the hand in every frame, in mm; found in the depth if left out")


def centre_mm(text):
    """[3] in mm from the value of ``--centre_mm``, or None; raises InputError naming the flag."""
    return numbers(text, 3, "centre_mm") if text else None


def camera(text):
    """``Camera`` from the value of ``--camera``; raises InputError naming the flag."""
    try:
        return Camera(*numbers(text, 4, "camera"))
    except InputError as error:
        raise InputError(str(error) if "--camera" in str(error) else f"--camera={text}: {error}") from None


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
    with np.errstate(over="ignore"):
        finite = np.isfinite(np.array(found, np.float32)).all()
    if len(found) != count or not finite:
        raise InputError(f"--{flag}={text}: expected {count} finite numbers separated by commas")
    return found


def check(images, output_dir, depth_scale, centre_mm):
    """Raises InputError for whatever can be seen before the first frame is decoded."""
    names = set()
    for image in images:
        depth_png.check_header(image)
        if pathlib.Path(image).stem in names:
            raise InputError(f"{image}: a second frame of this name would overwrite the first one's overlay")
        names.add(pathlib.Path(image).stem)
    depth_png.check_scale(depth_scale)
    if pathlib.Path(output_dir).exists() and not pathlib.Path(output_dir).is_dir():
        raise InputError(f"--output_dir={output_dir}: expected a folder, found a file")
    if centre_mm is not None and not (np.all(np.isfinite(centre_mm)) and centre_mm[2] > 0):
        raise InputError(
            f"--centre_mm: expected a point in front of the camera, z > 0. Received: {centre_mm}"
        )
