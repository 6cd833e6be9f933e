"""A frame as the network gets it, for the eye: its crop, joints and heat maps, and its record for JSON.

Pictures are uint8 [H, W, 3] in R, G, B.
"""

import dataclasses

import cv2
import numpy as np

from datasets import centres, crops, geometry, targets
from datasets.errors import InputError
from datasets.records import Record
from datasets.visualization import drawing

HEAT = np.float32([255, 70, 30])
TILE_SIDE, TILES_A_ROW = 192, 7
# Height of ``drawing.write_note``'s strip.
HEAD = 28
# The hand stays visible below the peak.
OPACITY = 0.8
SHEET_COLUMNS = 2


@dataclasses.dataclass(frozen=True)
class View:
    """One frame and how it is cropped.

    Args:
        record: Record.
        centre_mm: float32 [3], or None where no hand was found or the file's line is invalid.
        cube_mm: float.
    """

    record: Record
    centre_mm: np.ndarray | None
    cube_mm: float

    @property
    def camera(self):
        """Float32 [4]."""
        return np.asarray(self.record.camera, np.float32)

    @property
    def joints_uvd(self):
        """Float32 [J, 3], or None where labels are hidden."""
        joints_mm = self.record.joints_mm
        return None if joints_mm is None else geometry.project(joints_mm, self.camera)

    @property
    def place(self):
        """``CropPlace`` of a batch of this one frame."""
        return crops.CropPlace(self.centre_mm[None], self.camera[None], np.float32([self.cube_mm]))


def look(dataset, record, centre, given_mm=None, cube_mm=None):
    """``View`` of a record.

    Args:
        dataset: registry.Dataset.
        record: Record.
        centre: str. "gt", "com", or "file" with the file's ``given_mm`` [3] for this frame.
        given_mm: float32 [3] or None; NaN where the file's line is invalid.
        cube_mm: float or None. None takes the record's, or else the data set's.

    Raises InputError for "gt" where labels are hidden.
    """
    cube_mm = float(cube_mm or record.cube_mm or dataset.cube_mm)
    if centre == "gt":
        if record.joints_mm is None:
            raise InputError(f"--centre=gt: the labels of {record.name} are hidden; take com or file")
        return View(record, centres.ground_truth(record.joints_mm), cube_mm)
    if centre == "file":
        return View(record, given_mm if np.isfinite(given_mm).all() else None, cube_mm)
    camera = np.asarray(record.camera, np.float32)
    found_mm, valid = centres.mass(record.depth_mm[None], camera[None], np.float32([cube_mm]))
    return View(record, found_mm[0].numpy() if valid[0] else None, cube_mm)


def describe(view):
    """The record as a dict for JSON; numbers to 0.1 micrometres, None for what is hidden or not found."""
    record = view.record
    return {
        "name": record.name,
        "camera": _numbers(view.camera),
        "joints_mm": _numbers(record.joints_mm),
        "joints_uvd": _numbers(view.joints_uvd),
        "centre_mm": _numbers(view.centre_mm),
        "cube_mm": view.cube_mm,
    }


def _numbers(values):
    return None if values is None else np.asarray(values, np.float64).round(4).tolist()


def picture(view, skeleton):
    """Frame and crop with joints, and below them a heat map a joint, as uint8 [H, W, 3]."""
    upper = _overview(view, skeleton)
    if view.centre_mm is None or view.record.joints_mm is None:
        return upper
    crop, heatmaps = crop_and_heatmaps(view)
    order = skeleton.palm + skeleton.finger
    tiles = [
        _headed(_heat_picture(crop, heatmaps[..., joint], TILE_SIDE), skeleton.joints[joint])
        for joint in order
    ]
    return _below([upper, _grid(tiles, TILES_A_ROW)])


def sheet(views, skeleton):
    """Several frames: each with its crop and all its heat maps in one, half as large."""
    return _grid([_half(_strip(view, skeleton)) for view in views], SHEET_COLUMNS)


def crop_and_heatmaps(view):
    """(crop [96, 96, 1], heat maps [24, 24, J]) of a view with labels, by the pipeline's operations."""
    crop = crops.crop(view.record.depth_mm[None], view.place)
    crop_uvd = crops.joints_to_crop(view.record.joints_mm[None], view.place)
    return crop[0].numpy(), targets.encode_heatmaps(crop_uvd)[0].numpy()


def _overview(view, skeleton):
    record = view.record
    poses = [] if record.joints_mm is None else [(record.joints_mm, None)]
    if view.centre_mm is not None:
        return drawing.overlay(
            record.depth_mm, view.camera, view.centre_mm, view.cube_mm, poses, skeleton, record.name
        )
    frame, scale = drawing.enlarge(drawing.depth_picture(record.depth_mm))
    if poses:
        drawing.draw_skeleton(frame, view.joints_uvd, skeleton, scale=scale)
    return drawing.write_note(frame, f"{record.name}: no hand found")


def _strip(view, skeleton):
    upper = _overview(view, skeleton)
    if view.centre_mm is None or view.record.joints_mm is None:
        return upper
    crop, heatmaps = crop_and_heatmaps(view)
    return drawing.beside(upper, _heat_picture(crop, heatmaps.max(axis=-1), drawing.LEAST_SIDE))


def _heat_picture(crop, heatmap, side):
    """A crop tinted by one heat map [24, 24], at least ``side`` wide."""
    grey, _ = drawing.enlarge(drawing.crop_picture(crop), side)
    heat, _ = drawing.enlarge(heatmap[..., None], grey.shape[0])
    return np.round(grey + OPACITY * heat * (HEAT - grey)).astype(np.uint8)


def _headed(tile, text):
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
