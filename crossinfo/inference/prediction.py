"""Poses in a user's depth frames, as tables and as pictures."""

import dataclasses
import json
import os
import pathlib

from tqdm import tqdm

from crossinfo.inference.depth_inputs import OVERLAY_SUFFIX, DepthFrames, check_output_dir, frame_name
from crossinfo.inference.loading import Predictor
from crossinfo.inference.pose import HAND_MARK, Pose, estimate, estimate_all, write_csv
from datasets.errors import InputError
from datasets.io import atomic
from datasets.visualization import drawing


def predict(
    predictor: Predictor, frames: DepthFrames, output_dir: str | os.PathLike, hands: int = 1
) -> list[Pose]:
    """Estimates the pose in every frame; writes ``joints.csv``, ``joints.json`` and ``FRAME_overlay.png``.

    Files of the same names in ``output_dir`` are replaced, others stay. All of it is written, or nothing.

    Args:
        predictor: the network.
        frames: the frames.
        output_dir: folder; made if missing.
        hands: 1, or 2 for a network that finds hands: the second hand of ``FRAME``, where there is one, is
            named ``FRAME#2``.

    Raises InputError naming the frame or the argument.
    """
    check_output_dir(output_dir)
    _check_hands(predictor, frames, hands)
    poses = []
    with atomic.staged(output_dir) as folder:
        for path in tqdm(frames.paths, unit="frame", disable=None):
            depth_mm = frames.decode(path, pathlib.Path(path).read_bytes())
            found = _poses(predictor, frame_name(path), depth_mm, frames, hands)
            picture = _overlay(depth_mm, frames.camera, found, predictor.card)
            drawing.write_png(folder / f"{found[0].frame}{OVERLAY_SUFFIX}.png", picture)
            poses += found
        with open(folder / "joints.csv", "w", encoding="utf-8", newline="") as file:
            write_csv(file, poses, predictor.card.joints)
        text = json.dumps(_content(predictor, frames.camera, poses), indent=2) + "\n"
        (folder / "joints.json").write_text(text, encoding="utf-8")
    return poses


def _check_hands(predictor, frames, hands):
    if hands == 1:
        return
    if not predictor.finds_hands:
        raise InputError(f"`hands`={hands}: {predictor.name} gives one hand per frame")
    if frames.centre_mm is not None:
        raise InputError(f"`hands`={hands}: `centre_mm` is that of one hand")


def _poses(predictor, name, depth_mm, frames, hands):
    """The hands of one frame; the first is not valid where there is none."""
    if hands == 1:
        return [estimate(predictor, name, depth_mm, frames.camera, frames.centre_mm, frames.hand)]
    first, *others = estimate_all(predictor, name, depth_mm, frames.camera)
    named = (
        dataclasses.replace(pose, frame=f"{name}{HAND_MARK}{number}") for number, pose in enumerate(others, 2)
    )
    return [first, *named]


def _overlay(depth_mm, camera, poses, card):
    first = poses[0]
    if not first.valid:
        picture, _ = drawing.enlarge(drawing.depth_picture(depth_mm))
        return drawing.write_note(picture, f"{first.frame}: no hand found")
    joints_mm = [(pose.joints_mm, None) for pose in poses]
    note = ", ".join(filter(None, (first.frame, *(pose.summary for pose in poses))))
    return drawing.overlay(depth_mm, camera, first.centre_mm, card.cube_mm, joints_mm, card, note)


def _content(predictor, camera, poses):
    """``joints.json``: the poses with their centres, and with what is needed to read them."""
    return {
        "model": predictor.name,
        "camera": dataclasses.asdict(camera),
        "cube_mm": predictor.card.cube_mm,
        "joints": predictor.card.joints,
        "frames": [pose.to_json() for pose in poses],
    }
