"""Pictures: labels, occlusion, left and right, and what each scene says it shows."""

import dataclasses

import numpy as np
import pytest

from datasets import synthetic
from datasets.errors import InputError
from datasets.geometry import project
from datasets.synthetic import devices, grasp, hand, poses, scene, settings
from datasets.synthetic.arms import Arm, Pose, placed
from datasets.synthetic.devices import Device
from datasets.synthetic.render import render
from datasets.synthetic.surroundings import Setting

DEVICE = Device(range_mm=(330.0, 700.0))
EXACT = synthetic.Options(views="any", noise=False, poses="natural")
WITH_HANDS = [name for name in scene.SCENES if name != "empty"]


def exact(name, index, seed=1):
    return synthetic.picture(seed, index, dataclasses.replace(EXACT, scenes=(name,)), DEVICE)


def cast(seed, is_left=False):
    rng = np.random.default_rng(seed)
    shape = hand.average()
    return settings.Cast(rng, DEVICE, "any", shape, poses.sample_any(rng, shape), is_left)


def under(picture, joints_mm):
    """Depth of the joints in the picture, and of the surface before each; without those outside."""
    uvd = project(joints_mm, np.asarray(picture.camera))
    columns, rows = np.rint(uvd[:, :2]).astype(int).T
    height, width = picture.depth_mm.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return uvd[inside, 2], picture.depth_mm[rows[inside], columns[inside]]


@pytest.mark.parametrize("name", WITH_HANDS)
@pytest.mark.parametrize("index", range(3))
def test_joints_lie_behind_what_is_seen(name, index):
    picture = exact(name, index)
    assert picture.scene == name and picture.hands
    for posed in picture.hands:
        depth, surface = under(picture, posed.joints_mm)
        assert len(depth) >= 21 * scene.LEAST_INSIDE
        assert (surface > 0).all() and (depth > surface - 1).all()
        # At least some lie just under the skin.
        assert np.percentile(depth - surface, 20) < 35


def test_a_picture_depends_on_seed_and_index_alone():
    options = synthetic.Options(views="any", scenes=scene.SCENES, sensor="mixed", poses="natural")
    first = [synthetic.picture(3, index, options) for index in (0, 5)]
    again = [synthetic.picture(3, index, options) for index in (5, 0)][::-1]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.depth_mm, other.depth_mm)
        assert one.camera == other.camera and len(one.hands) == len(other.hands)
    assert not np.array_equal(first[0].depth_mm, synthetic.picture(4, 0, options, DEVICE).depth_mm)


def test_pictures_without_chosen_scenes_show_them_all():
    seen = {synthetic.picture(0, index, EXACT, DEVICE).scene for index in range(60)}
    assert seen == set(scene.SCENES)


def test_half_of_the_hands_are_left():
    hands = [posed for index in range(80) for posed in exact("bare", index).hands]
    assert 25 <= sum(posed.is_left for posed in hands) <= 55


def test_a_left_hand_is_a_right_one_in_the_mirror():
    pose = Pose(hand.average(), poses.sample_any(np.random.default_rng(0)))
    right, left = (
        placed(np.random.default_rng(4), pose, is_left, "any", DEVICE) for is_left in (False, True)
    )
    first, second = (arm.joints_mm - arm.joints_mm.mean(0) for arm in (right, left))
    u, sizes, vt = np.linalg.svd(first.T @ second)
    np.testing.assert_allclose(first @ (u @ vt), second, atol=1e-6)
    assert np.linalg.det(u @ vt) == pytest.approx(-1)
    # Its outside is still out: from the front, as much is seen.
    areas = [(render(arm.mesh, DEVICE.camera, DEVICE.size) > 0).sum() for arm in (right, left)]
    assert min(areas) > 500


def board(depth_mm, columns):
    """A plane before or behind the hand in the picture's left columns."""

    class Board:
        def depth(self, camera, size):
            image = np.zeros(size, np.float32)
            image[:, :columns] = depth_mm
            return image

    return Board()


@pytest.mark.parametrize(
    ("depth_mm", "columns", "expected"), [(50, 320, 0.0), (3000, 320, 1.0), (50, 0, 1.0)]
)
def test_visible_is_the_share_that_nothing_hides(depth_mm, columns, expected):
    arm = settings.bare(cast(2)).arms[0]
    look = scene._look(Setting([arm], [], [board(depth_mm, columns)]), DEVICE)
    (posed,) = look.hands + look.ignored
    assert posed.visible == expected
    assert (posed in look.hands) == (expected == 1.0)
    assert look.skin.any() == (expected == 1.0)


def test_half_hidden_hands_are_seen_and_nearly_hidden_ones_ignored():
    arm = settings.bare(cast(2)).arms[0]
    alone = arm.hand_depth(DEVICE.camera, render(arm.mesh, DEVICE.camera, DEVICE.size)) > 0
    share = np.cumsum(alone.sum(0)) / alone.sum()
    for hidden, found in ((0.5, 1), (0.8, 0)):
        columns = int(np.searchsorted(share, hidden))
        look = scene._look(Setting([arm], [], [board(60, columns)]), DEVICE)
        assert (len(look.hands), len(look.ignored)) == (found, 1 - found)
        assert (look.hands + look.ignored)[0].visible == pytest.approx(1 - hidden, abs=0.1)


def test_a_hand_behind_its_own_forearm_is_hidden():
    shape = hand.average()
    angles = poses.sample_angles(np.random.default_rng(0), poses.GESTURES.index("T"))
    joints_mm, mesh = hand.pose(shape, angles, np.array([0.0, -1.0, 0.0]))
    towards_camera = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    away = np.diag([1.0, -1.0, -1.0])
    place = np.array([0, 0, 900.0])
    for turn, least, most in ((towards_camera, 0.0, 0.5), (away @ towards_camera, 0.9, 1.0)):
        direction = turn @ [0, -1, 0]
        joints = joints_mm @ turn.T + place
        arm = Arm(joints, mesh.moved(turn, place), direction, False, place + 250 * direction)
        look = scene._look(Setting([arm]), DEVICE)
        assert least <= (look.hands + look.ignored)[0].visible <= most


def test_empty_has_no_hand_and_is_not_always_nothing():
    pictures = [exact("empty", index) for index in range(12)]
    assert not any(picture.hands or picture.ignored for picture in pictures)
    assert sum((picture.depth_mm > 0).mean() > 0.05 for picture in pictures) >= 6


def test_a_cut_hand_is_partly_outside():
    for index in range(6):
        picture = exact("cut", index)
        depth, _ = under(picture, picture.hands[0].joints_mm)
        assert 10 < len(depth) < 21


@pytest.mark.parametrize("name", ["table", "wall"])
def test_a_plane_is_behind_hand_and_forearm(name):
    for seed in range(5):
        setting = settings.SETTINGS[name](cast(seed))
        (arm,), plane = setting.arms, setting.planes[0]
        above = (arm.mesh.vertices_mm - plane.point_mm) @ plane.normal
        assert -0.1 < above.min() < 181
        assert arm.direction @ plane.normal > -0.1


def test_planes_touch_hands_at_times():
    gaps = []
    for seed in range(12):
        setting = settings.table(cast(seed))
        vertices = setting.arms[0].mesh.vertices_mm - setting.planes[0].point_mm
        gaps.append((vertices @ setting.planes[0].normal).min())
    assert 2 <= np.sum(np.array(gaps) < 1) <= 10


def test_two_hands_are_a_left_and_a_right_one_that_do_not_meet():
    pairs = [setting.arms for setting in (settings.two_hands(cast(seed)) for seed in range(8))]
    pairs = [arms for arms in pairs if len(arms) == 2]
    assert len(pairs) >= 6
    for one, other in pairs:
        assert one.is_left != other.is_left
        distance = np.linalg.norm(one.joints_mm[:, None] - other.joints_mm[None], axis=-1)
        assert distance.min() > 8


def test_a_person_stands_behind_the_hand():
    for seed in range(5):
        setting = settings.body(cast(seed))
        (arm,) = setting.arms
        torso = setting.solids[0].vertices_mm
        assert torso[:, 2].min() > arm.joints_mm[:, 2].max()


def test_a_sleeve_covers_the_forearm():
    covered = 0
    for seed in range(6):
        setting = settings.sleeve(cast(seed))
        (arm,) = setting.arms
        alone = render(arm.mesh, DEVICE.camera, DEVICE.size)
        forearm = (alone > 0) & (arm.hand_depth(DEVICE.camera, alone) == 0)
        cloth = setting.depth(DEVICE.camera, DEVICE.size)
        covered += (forearm & (cloth > 0) & (cloth < alone)).sum() > 0.2 * forearm.sum()
    assert covered >= 4


def test_fingers_close_until_they_touch():
    shape, radius = hand.average(), 30.0
    centre = np.array([0.0, 75.0, 20 + radius])

    def distance(points):
        return np.linalg.norm((points - centre)[..., [1, 2]], axis=-1) - radius

    joints = hand.forward_kinematics(shape, grasp.close(shape, distance))[1:].reshape(5, 4, 3)
    nearest = distance(joints[:4, 1:]).min(1)
    assert (nearest > 7).all() and (nearest < 25).all()
    open_mm = hand.forward_kinematics(shape, grasp.close(shape, lambda points: points[..., 0] * 0))
    assert np.linalg.norm(open_mm[[4, 8, 12, 16]], axis=-1).min() > 0.75 * np.linalg.norm(open_mm[8])


def test_held_things_are_near_the_palm():
    for seed in range(10):
        pose = grasp.grasp(np.random.default_rng(seed), hand.average())
        joints = hand.forward_kinematics(hand.average(), pose.angles)
        (thing,) = pose.held
        gap = np.linalg.norm(joints[:, None] - thing.vertices_mm[None], axis=-1).min()
        assert gap < 60


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenes": ("bare", "beach")}, "`scenes`=beach: expected some of bare, sleeve"),
        ({"scenes": ("bare",), "forearm": True}, "`scenes` have forearms and backgrounds of their own"),
        ({"sensor": "radar"}, "`sensor`=radar: expected one of exact, simple"),
        ({"poses": "odd"}, "`poses`=odd: expected one of gestures, natural"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        synthetic.Options(**options)


def test_frames_have_one_right_hand_in_every_scene_but_the_empty_one():
    options = synthetic.Options(views="any", noise=False, scenes=tuple(WITH_HANDS), poses="natural")
    for index in range(8):
        record = synthetic.frame(0, index, options)
        depth, surface = under(record, record.joints_mm)
        assert len(depth) > 10 and (depth > surface - 1).all()
        thumb, index_root, little_root = record.joints_mm[[18, 1, 13]]
        assert np.linalg.norm(thumb - index_root) < np.linalg.norm(thumb - little_root)
    with pytest.raises(InputError, match="`scenes`=empty: a dataset's frame has a hand"):
        synthetic.frame(0, 0, synthetic.Options(scenes=("empty", "bare")))


def test_devices_hold_a_hand_and_the_one_kept_apart_is_not_drawn():
    drawn = [devices.sample_device(np.random.default_rng(seed)) for seed in range(200)]
    assert devices.HELD_OUT_DEVICE not in drawn
    assert set(devices.DEVICES.values()) <= set(drawn)
    assert len({device.camera.fx for device in drawn}) > 50
    for device in drawn:
        near, far = device.range_mm
        assert 200 <= near < far and device.camera.fy * 180 / near <= min(device.size)
