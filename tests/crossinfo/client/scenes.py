"""Frames that the tests send."""

import cv2
import numpy as np

CAMERA = np.float32([[100, 110, 40, 30]])
POSE = ("joints_mm", "joints_uvd", "centre_mm", "valid")


def hand_frame(shape=(60, 80), at=(25, 35)):
    """A slanted square hand before a wall, in whole mm."""
    depth = np.full(shape, 1500, np.float32)
    depth[at[0] : at[0] + 20, at[1] : at[1] + 20] = 400 + np.arange(20)
    return depth


def png(depth_mm):
    return cv2.imencode(".png", np.asarray(depth_mm).astype(np.uint16))[1].tobytes()
