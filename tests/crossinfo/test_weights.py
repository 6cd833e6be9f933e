"""The packaged networks on things that are no hand, and on real frames."""

import cv2
import numpy as np
import pytest

import crossinfo
from crossinfo.export import packaged
from datasets import geometry, skeletons
from datasets.geometry import Camera
from datasets.synthetic import solids
from datasets.synthetic.mesh import join
from datasets.synthetic.render import render
from tests.helpers import shared

POSE = packaged.FOLDER / packaged.POSE_FILE
pytestmark = pytest.mark.skipif(not POSE.is_file(), reason="needs crossinfo/weights, which are not there")

CAMERA, SIZE = Camera(300.0, 300.0, 159.5, 119.5), (240, 320)
KINECT2 = Camera(363.9, 363.9, 255.4, 206.3)
SR305, SR305_MM = Camera(476.007, 476.007, 313.683, 242.755), 0.125
NYU = Camera(588.03, 587.07, 320.0, 240.0)
HANDS17 = Camera(475.065948, 475.065857, 315.944855, 245.287079)
# Joints that NYU and MSRA put at about the same place: the finger tips. NYU has two joints beside the wrist.
TIPS = {"nyu": [0, 2, 4, 6, 8], "msra": [16, 12, 8, 4, 20]}
NYU_WRISTS = [11, 12]
# Frames of the Kinect V2 in which nobody's hand is in sight.
EMPTY_ROOM = range(348, 373, 6)


@pytest.fixture(scope="module")
def find_hands():
    return crossinfo.load_pretrained()


def _noise():
    return np.random.default_rng(0).uniform(200, 2000, SIZE)


def _wall():
    return solids.Plane(np.array([0, 0, 800.0]), np.array([0.1, 0.2, -0.97])).depth(CAMERA, SIZE)


def _pixel():
    depth_mm = np.zeros(SIZE)
    depth_mm[100, 150] = 500
    return depth_mm


def _rendered(*meshes):
    return lambda: render(join(meshes), CAMERA, SIZE)


def _at(mesh, x, y, z):
    return mesh.moved(np.eye(3), [x, y, z])


def _foot(z):
    """A sole, a heel and a leg upwards."""
    return (
        _at(solids.ellipsoid((45, 32, 125)), 0, 60, z),
        solids.capsule([0, 40, z + 70], [0, -250, z + 110], (42, 55)),
    )


def _face(z):
    """A head with nose, brow and chin, and a neck."""
    return (
        _at(solids.ellipsoid((75, 110, 95)), 0, -20, z + 95),
        _at(solids.ellipsoid((15, 25, 22)), 0, -10, z + 5),
        _at(solids.ellipsoid((55, 12, 20)), 0, -50, z + 20),
        solids.capsule([0, 80, z + 130], [0, 220, z + 140], (55, 60)),
    )


NO_HANDS = {
    "empty": lambda: np.zeros(SIZE),
    "one pixel": _pixel,
    "noise": _noise,
    "wall": _wall,
    "ball": _rendered(_at(solids.ellipsoid((60, 60, 60)), 20, 10, 500)),
    "large ball": _rendered(_at(solids.ellipsoid((110, 110, 110)), -40, 0, 800)),
    "foot": _rendered(*_foot(600)),
    "far foot": _rendered(*_foot(900)),
    "face": _rendered(*_face(500)),
    "far face": _rendered(*_face(850)),
    "arm": _rendered(solids.capsule([0, 0, 550], [60, 400, 600], (28, 40))),
    "arm from the side": _rendered(solids.capsule([10, 0, 600], [500, 60, 650], (26, 42))),
}


@pytest.mark.parametrize("thing", NO_HANDS)
def test_no_hand_is_found_where_there_is_none(find_hands, thing):
    assert find_hands(NO_HANDS[thing](), CAMERA) == []


def _read(path, unit_mm=1.0):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(np.float32) * np.float32(unit_mm)


def _names_without(find_hands, folder, camera, unit_mm=1.0):
    shared.path(folder)
    files = shared.files(f"{folder}/*.png")
    return [path.name for path in files if not find_hands(_read(path, unit_mm), camera)]


def test_kinect_v2_hands_are_found_and_the_empty_room_is_empty(find_hands):
    assert _names_without(find_hands, "real/kinect2", KINECT2) == [
        f"{number:08d}.png" for number in EMPTY_ROOM
    ]


def test_sr305_hands_are_found(find_hands):
    assert _names_without(find_hands, "real/sr305", SR305, SR305_MM) == []


def test_hands17_hand_is_found(find_hands):
    assert find_hands(_read(shared.path("real/hands17/image_D00000030.png")), HANDS17)


def test_nyu_hand_is_where_its_labels_are(find_hands):
    picture = cv2.imread(str(shared.path("real/nyu/depth_1_0000001.png")))
    row = shared.path("published/nyu/nyu_test_groundtruth_label.txt").read_text().partition("\n")[0]
    labels = geometry.unproject(np.array(row.split(), float).reshape(14, 3), np.asarray(NYU, float))
    hands = find_hands(picture[..., 1].astype(np.float32) * 256 + picture[..., 0], NYU)
    assert hands
    tips = np.linalg.norm(hands[0].joints_mm[TIPS["msra"]] - labels[TIPS["nyu"]], axis=1)
    wrist = np.linalg.norm(hands[0].joints_mm[0] - labels[NYU_WRISTS].mean(0))
    assert np.mean([*tips, wrist]) < 30


def test_bones_do_not_change_their_lengths_much_from_frame_to_frame(find_hands):
    shared.path("real/kinect2")
    first, second = np.array(skeletons.MSRA.bones).T
    lengths = []
    for path in shared.files("real/kinect2/*.png"):
        hands = find_hands(_read(path), KINECT2)
        lengths += [np.linalg.norm(h.joints_mm[first] - h.joints_mm[second], axis=1) for h in hands[:1]]
    change = np.abs(np.diff(lengths, axis=0)) / np.mean(lengths, axis=0)
    # The hand turns, and each frame is looked at by itself.
    assert np.median(change.mean(axis=1)) < 0.25
