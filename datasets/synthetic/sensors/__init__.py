"""What a depth camera makes of true depth, one module per kind of camera."""

import numpy as np

from datasets.geometry import Camera
from datasets.synthetic.sensors import simple, stereo, structured_light, tof
from datasets.synthetic.sensors.reach import dark_lost, far_lost
from datasets.synthetic.sensors.simple import box_of

_MEASURE = {
    "exact": lambda depth_mm, camera, rng: depth_mm,
    "simple": simple.measure,
    "tof": tof.measure,
    "structured_light": structured_light.measure,
    "stereo": stereo.measure,
}
# What ``mixed`` draws from.
_SHARES = {"exact": 0.05, "simple": 0.15, "tof": 0.27, "structured_light": 0.27, "stereo": 0.26}
SENSORS = (*_MEASURE, "mixed")


def measure(
    depth_mm: np.ndarray, camera: Camera, rng: np.random.Generator, sensor: str = "simple"
) -> np.ndarray:
    """A measurement of true depth.

    Args:
        depth_mm: float32 [H, W], 0 where nothing is.
        camera: Camera.
        rng: numpy Generator; the same state gives the same measurement.
        sensor: one of ``SENSORS``. ``exact`` gives true depth; ``mixed`` draws one of the others.

    Returns:
        float32 [H, W], 0 where nothing was measured; in whole millimetres, but for ``exact``.
    """
    if sensor == "mixed":
        sensor = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    return _MEASURE[sensor](depth_mm, camera, rng)


__all__ = ["SENSORS", "box_of", "dark_lost", "far_lost", "measure"]
