"""Poses in a user's depth frames, as tables and as pictures."""

import dataclasses
import json
import os
import pathlib

from tqdm import tqdm

from crossinfo.inference.depth_inputs import OVERLAY_SUFFIX, DepthFrames, check_output_dir, frame_name
from crossinfo.inference.loading import Predictor
from crossinfo.inference.pose import Pose, estimate, write_csv
from datasets.io import atomic
from datasets.visualization import drawing


def predict(predictor: Predictor, frames: DepthFrames, output_dir: str | os.PathLike) -> list[Pose]:
    """Estimates the pose in every frame; writes ``joints.csv``, ``joints.json`` and ``FRAME_overlay.png``.

    Files of the same names in ``output_dir`` are replaced, others stay. All of it is written, or nothing.

    Args:
        predictor: the network.
        frames: the frames.
        output_dir: folder; made if missing.

    Raises InputError naming the frame or the argument.
    """
    check_output_dir(output_dir)
    poses = []
    with atomic.staged(output_dir) as folder:
        for path in tqdm(frames.paths, unit="frame", disable=None):
            depth_mm = frames.decode(path, pathlib.Path(path).read_bytes())
            pose = estimate(
                predictor, frame_name(path), depth_mm, frames.camera, frames.centre_mm, frames.hand
            )
            picture = _overlay(depth_mm, frames.camera, pose, predictor.card)
            drawing.write_png(folder / f"{pose.frame}{OVERLAY_SUFFIX}.png", picture)
            poses.append(pose)
        with open(folder / "joints.csv", "w", encoding="utf-8", newline="") as file:
            write_csv(file, poses, predictor.card.joints)
        text = json.dumps(_content(predictor, frames.camera, poses), indent=2) + "\n"
        (folder / "joints.json").write_text(text, encoding="utf-8")
    return poses


def _overlay(depth_mm, camera, pose, card):
    if not pose.valid:
        picture, _ = drawing.enlarge(drawing.depth_picture(depth_mm))
        return drawing.write_note(picture, f"{pose.frame}: no hand found")
    poses = [(pose.joints_mm, None)]
    return drawing.overlay(depth_mm, camera, pose.centre_mm, card.cube_mm, poses, card, pose.frame)


def _content(predictor, camera, poses):
    """``joints.json``: the poses with their centres, and with what is needed to read them."""
    return {
        "model": predictor.name,
        "camera": dataclasses.asdict(camera),
        "cube_mm": predictor.card.cube_mm,
        "joints": predictor.card.joints,
        "frames": [
            {name: value if name == "frame" else value.tolist() for name, value in vars(pose).items()}
            for pose in poses
        ],
    }
