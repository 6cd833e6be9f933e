"""One frame as the network gets it, for the eye: its crop, joints and heat maps, and its record for JSON.

Pictures are uint8 [H, W, 3] in R, G, B.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from datasets import centres, crops, geometry, targets
from datasets.errors import InputError
from datasets.records import Record
from datasets.registry import Dataset
from datasets.skeletons import Skeleton
from datasets.visualization import drawing

HEAT = np.float32([255, 70, 30])
TILE_SIDE, TILES_PER_ROW = 192, 7
HEAD = drawing.NOTE_HEIGHT
# The hand stays visible below the peak.
OPACITY = 0.8
SHEET_COLUMNS = 2


@dataclasses.dataclass(frozen=True)
class CroppedFrame:
    """One frame and the cube that is cropped from it.

    Args:
        record: Record.
        centre_mm: float32 [3], or None where no hand was found or the file's line is invalid.
        cube_mm: float.
    """

    record: Record
    centre_mm: np.ndarray | None
    cube_mm: float

    @property
    def camera(self) -> np.ndarray:
        """Float32 [4]."""
        return np.asarray(self.record.camera, np.float32)

    @property
    def joints_uvd(self) -> np.ndarray | None:
        """Float32 [J, 3], or None where labels are hidden."""
        joints_mm = self.record.joints_mm
        return None if joints_mm is None else geometry.project(joints_mm, self.camera)

    @property
    def place(self) -> crops.CropPlace:
        """Where the crop is, as a batch of this one frame."""
        return crops.CropPlace(self.centre_mm[None], self.camera[None], np.float32([self.cube_mm]))

    @property
    def has_heatmaps(self) -> bool:
        """Whether there are labels and a crop to draw their heat maps on."""
        return self.centre_mm is not None and self.record.joints_mm is not None


def locate(
    dataset: Dataset,
    record: Record,
    centre: str,
    given_mm: np.ndarray | None = None,
    cube_mm: float | None = None,
) -> CroppedFrame:
    """The frame of a record with the cube that a centre mode puts around its hand.

    Args:
        dataset: Dataset.
        record: Record.
        centre: str. "gt", "com", or "file" with the file's ``given_mm`` for this frame.
        given_mm: float32 [3] or None; NaN where the file's line is invalid.
        cube_mm: float or None. None takes the record's, or else the dataset's.

    Raises InputError for "gt" where labels are hidden.
    """
    cube_mm = float(cube_mm or record.cube_mm or dataset.cube_mm)
    if centre == "gt":
        if record.joints_mm is None:
            raise InputError(f"`centre`=gt: the labels of {record.name} are hidden; take com or file")
        return CroppedFrame(record, centres.ground_truth(record.joints_mm), cube_mm)
    if centre == "file":
        return CroppedFrame(record, given_mm if np.isfinite(given_mm).all() else None, cube_mm)
    camera = np.asarray(record.camera, np.float32)
    centre_mm, valid = centres.mass(record.depth_mm[None], camera[None], np.float32([cube_mm]))
    return CroppedFrame(record, centre_mm[0].numpy() if valid[0] else None, cube_mm)


def describe(frame: CroppedFrame) -> dict[str, Any]:
    """The record as a dict for JSON; numbers to 0.1 micrometres, None for what is hidden or not found."""
    record = frame.record
    return {
        "name": record.name,
        "camera": _numbers(frame.camera),
        "joints_mm": _numbers(record.joints_mm),
        "joints_uvd": _numbers(frame.joints_uvd),
        "centre_mm": _numbers(frame.centre_mm),
        "cube_mm": frame.cube_mm,
    }


def _numbers(values):
    return None if values is None else np.asarray(values, np.float64).round(4).tolist()


def picture(frame: CroppedFrame, skeleton: Skeleton) -> np.ndarray:
    """Frame and crop with joints, and below them one heat map per joint, as uint8 [H, W, 3]."""
    upper = _overview(frame, skeleton)
    if not frame.has_heatmaps:
        return upper
    crop, heatmaps = crop_and_heatmaps(frame)
    tiles = [
        _titled(_heat_picture(crop, heatmaps[..., joint], TILE_SIDE), skeleton.joints[joint])
        for joint in skeleton.palm + skeleton.finger
    ]
    return _below([upper, _grid(tiles, TILES_PER_ROW)])


def sheet(frames: Sequence[CroppedFrame], skeleton: Skeleton) -> np.ndarray:
    """Several frames, each with its crop and all its heat maps in one, at half size: uint8 [H, W, 3]."""
    return _grid([_half(_strip(frame, skeleton)) for frame in frames], SHEET_COLUMNS)


def crop_and_heatmaps(frame: CroppedFrame) -> tuple[np.ndarray, np.ndarray]:
    """(crop [96, 96, 1], heat maps [24, 24, J]) of a frame with labels, by the pipeline's operations."""
    record, place = frame.record, frame.place
    crop = crops.crop(record.depth_mm[None], place)
    crop_uvd = crops.joints_to_crop(record.joints_mm[None], place)
    return crop[0].numpy(), targets.encode_heatmaps(crop_uvd)[0].numpy()


def _overview(frame, skeleton):
    record = frame.record
    poses = [] if record.joints_mm is None else [(record.joints_mm, None)]
    if frame.centre_mm is not None:
        return drawing.overlay(
            record.depth_mm, frame.camera, frame.centre_mm, frame.cube_mm, poses, skeleton, record.name
        )
    image, scale = drawing.enlarge(drawing.depth_picture(record.depth_mm))
    if poses:
        drawing.draw_skeleton(image, frame.joints_uvd, skeleton, scale=scale)
    return drawing.write_note(image, f"{record.name}: no hand found")


def _strip(frame, skeleton):
    upper = _overview(frame, skeleton)
    if not frame.has_heatmaps:
        return upper
    crop, heatmaps = crop_and_heatmaps(frame)
    return drawing.beside(upper, _heat_picture(crop, heatmaps.max(axis=-1), drawing.LEAST_SIDE))


def _heat_picture(crop, heatmap, side):
    """A crop tinted by one heat map [24, 24], at least ``side`` wide."""
    grey, _ = drawing.enlarge(drawing.crop_picture(crop), side)
    heat, _ = drawing.enlarge(heatmap[..., None], grey.shape[0])
    return np.round(grey + OPACITY * heat * (HEAT - grey)).astype(np.uint8)


def _titled(tile, text):
    """A picture under one line of text."""
    return drawing.write_note(np.pad(tile, ((HEAD, 0), (0, 0), (0, 0))), text)


def _grid(tiles, columns):
    """Pictures in rows of ``columns``, each as large as the largest."""
    height, width = (max(tile.shape[axis] for tile in tiles) for axis in (0, 1))
    filled = [
        np.pad(tile, ((0, height - tile.shape[0]), (0, width - tile.shape[1]), (0, 0))) for tile in tiles
    ]
    rows = [np.concatenate(filled[i : i + columns], axis=1) for i in range(0, len(filled), columns)]
    return _below(rows)


def _below(rows):
    """Pictures one below the other, the narrower ones filled up to the right."""
    width = max(row.shape[1] for row in rows)
    return np.concatenate([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])


def _half(large):
    return cv2.resize(large, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
