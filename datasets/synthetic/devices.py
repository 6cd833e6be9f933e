"""Depth cameras: their pictures' size and intrinsics, and where hands are before them."""

import dataclasses

import numpy as np

from datasets.geometry import Camera

# MSRA15's camera.
CAMERA = Camera(241.42, 241.42, 160.0, 120.0)
SIZE = (240, 320)


@dataclasses.dataclass(frozen=True)
class Device:
    """A depth camera and where the hand is before it.

    Args:
        camera: Camera.
        size: (height, width) in pixels.
        range_mm: (near, far). Bounds of the depth of the joints' mean.
    """

    camera: Camera = CAMERA
    size: tuple[int, int] = SIZE
    range_mm: tuple[float, float] = (250.0, 500.0)


FAR_MM = 1500.0
# A hand's length, which is to fit into the picture at the nearest.
_HAND_MM, _NEAREST_MM = 190.0, 200.0


def _device(focal, size, centre=None):
    """A device from its focal length and (height, width); its centre is the picture's if none is given."""
    u, v = centre or ((size[1] - 1) / 2, (size[0] - 1) / 2)
    near = max(_NEAREST_MM, focal * _HAND_MM / min(size))
    return Device(Camera(focal, focal, u, v), size, (near, FAR_MM))


# Pictures of more than 320 x 240 pixels are halved, but for Kinect V2's.
DEVICES = {
    "creative": _device(241.4, (240, 320), (160.0, 120.0)),
    "kinect_v1": _device(294.0, (240, 320)),
    "kinect_v2": _device(364.5, (424, 512), (256.0, 208.0)),
    "sr305": _device(237.5, (240, 320), (156.0, 121.0)),
    "d435": _device(191.5, (240, 320)),
    "d435_wide": _device(212.0, (240, 424)),
    "l515": _device(230.0, (240, 320)),
    "azure_narrow": _device(252.0, (288, 320), (160.0, 146.0)),
    "azure_wide": _device(126.0, (256, 256)),
    "pico_flexx": _device(210.0, (171, 224)),
}
# An Orbbec Astra, halved: tests alone use it.
HELD_OUT_DEVICE = _device(285.0, (240, 320))

_ANY_SHARE = 0.4
_FOCAL = (180.0, 420.0)


def sample_device(rng: np.random.Generator) -> Device:
    """One of ``DEVICES``, or at times one of 320 x 240 pixels with any focal length and centre."""
    if rng.random() >= _ANY_SHARE:
        return DEVICES[str(rng.choice(list(DEVICES)))]
    focal = float(np.exp(rng.uniform(*np.log(_FOCAL))))
    return _device(focal, SIZE, (159.5 + rng.normal(0, 4), 119.5 + rng.normal(0, 4)))
