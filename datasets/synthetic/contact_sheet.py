"""``python -m datasets.synthetic.contact_sheet``: every scene as every sensor measures it, as one picture."""

import cv2
import numpy as np

from datasets import command_line
from datasets.geometry import project
from datasets.io import atomic
from datasets.synthetic import scene, sensors
from datasets.synthetic.devices import CAMERA, SIZE, Device

# Near enough to see the hands.
DEVICE = Device(CAMERA, SIZE, (330.0, 700.0))
TILE = (120, 160)
_MARGIN = 14
_GREYS = 30


def _define(flag_values):
    group = command_line.Group(flag_values, "Output")
    group.string("output", "docs/scenes.png", "PNG to write.")
    group.integer("seed", 8, "Random seed: the same seed, the same picture.", lower=0)


COMMAND = command_line.Command(
    "python -m datasets.synthetic.contact_sheet",
    "Draws one picture of every synthetic scene, by row, as every sensor measures it, by column.",
    _define,
)


def sheet(seed: int) -> np.ndarray:
    """Scenes by row, sensors by column, uint8 [H, W]; joints are drawn over exact depth.

    Args:
        seed: int. The same scene is shown to all sensors.
    """
    kinds = [sensor for sensor in sensors.SENSORS if sensor != "mixed"]
    rows = []
    for number, name in enumerate(scene.SCENES):
        tiles = []
        for sensor in kinds:
            options = scene.Options(views="any", scenes=(name,), sensor=sensor, poses="natural")
            tiles.append(_tile(scene.picture(seed, number, options, DEVICE), joints=sensor == "exact"))
        rows.append(_titled(np.hstack(tiles), [name]))
    return np.vstack([_titled(np.zeros((0, TILE[1] * len(kinds)), np.uint8), kinds), *rows])


def _tile(picture, joints):
    """One small grey picture, near bright and far dark."""
    seen = picture.depth_mm > 0
    grey = np.zeros(seen.shape, np.uint8)
    if seen.any():
        near, far = np.percentile(picture.depth_mm[seen], (1, 95))
        light = np.interp(picture.depth_mm, [near, max(far, near + 200)], [235, 70]) + _slope(
            picture.depth_mm
        )
        grey[seen] = (np.rint(light / 255 * _GREYS) * (255 // _GREYS))[seen]
    for posed in picture.hands if joints else ():
        uv = np.rint(project(posed.joints_mm, np.asarray(picture.camera))[:, :2]).astype(np.int32)
        for first in range(1, 21, 4):
            finger = uv[[0, *range(first, first + 4)]]
            cv2.polylines(grey, [finger], False, 0 if posed.is_left else 128, 2)
    return cv2.resize(grey, TILE[::-1], interpolation=cv2.INTER_NEAREST)


def _slope(depth_mm):
    """Light from above on the left, -20 .. 20."""
    across = cv2.Sobel(depth_mm, cv2.CV_32F, 1, 0, ksize=3) + cv2.Sobel(depth_mm, cv2.CV_32F, 0, 1, ksize=3)
    return np.clip(-across * DEVICE.camera.fx / 8 / np.maximum(depth_mm, 1) * 10, -20, 20)


def _titled(tile, texts):
    """A strip with evenly spaced words above a picture."""
    strip = np.full((_MARGIN, tile.shape[1]), 255, np.uint8)
    for number, text in enumerate(texts):
        place = 3 + number * (tile.shape[1] // len(texts)), _MARGIN - 4
        cv2.putText(strip, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.38, 0, 1, cv2.LINE_AA)
    return np.vstack([strip, tile])


def main(values):
    """Writes the picture."""
    image = sheet(values.seed)
    with atomic.atomic_write(values.output, "wb") as file:
        file.write(cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())
    print(f"wrote {values.output}")


if __name__ == "__main__":
    command_line.run(COMMAND, main)
