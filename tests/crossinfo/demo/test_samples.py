"""The frames that the page offers to start with."""

import cv2
import numpy as np

from crossinfo.demo import samples
from datasets.io import depth_png


def test_samples_are_depth_frames_with_thumbnails_of_their_size():
    synthetic = samples.create()
    assert [sample.hand for sample in synthetic] == ["right", "right", "left", "right"]
    for sample in synthetic:
        depth_mm = depth_png.decode_depth_png(sample.png, sample.title)
        thumbnail = cv2.imdecode(np.frombuffer(sample.thumbnail, np.uint8), cv2.IMREAD_UNCHANGED)
        assert thumbnail.shape == (*depth_mm.shape, 3)


def test_the_left_hand_is_the_mirrored_open_hand():
    open_hand, _, left_hand, _ = samples.create()
    right, left = (depth_png.decode_depth_png(sample.png, "") for sample in (open_hand, left_hand))
    # The left one has a forearm as well, and other noise.
    overlap = [np.mean(frame[right > 0] > 0) for frame in (left[:, ::-1], left)]
    assert overlap[0] > 0.9 > overlap[1]
    assert left_hand.camera.cx == right.shape[1] - 1 - open_hand.camera.cx


def test_pixels_survive_the_png():
    image = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000
    decoded = cv2.imdecode(np.frombuffer(samples.encode_png(image), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(decoded, image)
