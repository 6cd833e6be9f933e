"""Small depth PNGs of one hand-sized thing in front of a wall."""

import csv

import cv2
import numpy as np

from datasets.geometry import Camera

CAMERA = Camera(100, 110, 40, 30)


def draw(path, shape=(60, 80), at=(25, 35), unit=1):
    depth = np.full(shape, 1500, np.uint16)
    depth[at[0] : at[0] + 20, at[1] : at[1] + 20] = 400 + np.arange(20)
    cv2.imwrite(str(path), depth * np.uint16(unit))
    return path


def draw_folder(folder):
    """Two frames with a hand, one without, and a file that is none; returns the folder."""
    folder.mkdir()
    draw(folder / "b.png")
    draw(folder / "a.png", shape=(70, 90), at=(30, 20))
    (folder / "notes.txt").write_text("not a frame")
    far = np.zeros((60, 80), np.uint16)
    far[5, 5] = 700
    cv2.imwrite(str(folder / "c, far.png"), far)
    return folder


def read_joints(folder):
    """The rows of ``joints.csv``."""
    with open(folder / "joints.csv", newline="") as file:
        return list(csv.DictReader(file))
