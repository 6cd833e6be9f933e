import numpy as np
import pytest

from crossinfo.metrics import angles
from datasets import registry
from datasets.errors import InputError
from tests.helpers import shared

DATASETS = ("msra", "hands17", "nyu", "icvl")


def hands(axes, dataset="msra"):
    """Joints [N, J, 3] in mm whose palm axis is each of ``axes`` [N, 3]."""
    skeleton = registry.get(dataset).skeleton
    joints_mm = np.full((len(axes), len(skeleton), 3), (20.0, -30.0, 400.0))
    joints_mm[:, list(skeleton.palm_axis[1])] += np.asarray(axes, float)[:, None] * 90
    return joints_mm, skeleton


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(
    "pose, axis, yaw_deg, pitch_deg",
    [
        ("fingers up", (0, -1, 0), 0, 0),
        ("fingers down", (0, 1, 0), 0, 0),
        ("leaning to the picture's right", (0.5, -(0.75**0.5), 0), 30, 0),
        ("leaning to the picture's left", (-1, -1, 0), -45, 0),
        ("towards the camera", (0, -(0.75**0.5), -0.5), 0, 30),
        ("away from the camera", (0, -1, 1), 0, -45),
        ("at the camera", (0, 0, -1), 0, 90),
        ("to the right", (1, 0, 0), 90, 0),
    ],
)
def test_known_poses(dataset, pose, axis, yaw_deg, pitch_deg):
    yaw, pitch = angles.yaw_pitch(*hands([axis], dataset))
    assert (yaw[0], pitch[0]) == (pytest.approx(yaw_deg, abs=1e-9), pytest.approx(pitch_deg, abs=1e-9)), pose


def test_the_fields_formula():
    axes = np.random.default_rng(0).normal(size=(500, 3))
    x, _, z = (axes / np.linalg.norm(axes, axis=1, keepdims=True)).T
    pitch = -np.arcsin(z)
    yaw = -np.arcsin(-x / np.cos(pitch))
    found = angles.yaw_pitch(*hands(axes))
    np.testing.assert_allclose(found, np.degrees([yaw, pitch]), atol=1e-5)


@pytest.mark.parametrize(
    "name, wrist_end, finger_end",
    [
        ("msra", {"wrist"}, {"middle_mcp"}),
        ("nyu", {"wrist_back", "wrist"}, {"palm"}),
        ("icvl", {"palm"}, {"middle_root"}),
    ],
)
def test_the_palms_axis_by_name(name, wrist_end, finger_end):
    skeleton = registry.get(name).skeleton
    named = [{skeleton.joints[joint] for joint in joints} for joints in skeleton.palm_axis]
    assert named == [wrist_end, finger_end]


def test_frames_are_put_into_bins_of_their_angle():
    errors_mm = np.array([[1, 3], [3, 5], [10, 10], [7, 7], [99, 99], [99, 99]], float)
    found = angles.error_by_angle(errors_mm, np.array([-40, -38.5, -38, 40, 40.1, -41]), angles.YAW_EDGES)
    assert len(found["centres_deg"]) == 40 and found["centres_deg"][[0, 1, -1]].tolist() == [-39, -37, 39]
    assert found["frames"][[0, 1, -1]].tolist() == [2, 1, 1] and found["frames"].sum() == 4
    assert found["mean_error_mm"][[0, 1, -1]].tolist() == [3, 10, 7]
    assert np.isnan(found["mean_error_mm"]).sum() == 37


def test_the_fields_bins_are_two_degrees_wide():
    assert (angles.YAW_EDGES[[0, -1]].tolist(), angles.PITCH_EDGES[[0, -1]].tolist()) == (
        [-40, 40],
        [-10, 90],
    )
    assert set(np.diff(angles.YAW_EDGES)) == set(np.diff(angles.PITCH_EDGES)) == {2}


@pytest.mark.parametrize(
    "text, message",
    [
        ("1 2\n3 4\n", "expected 3 rows, one per frame, found 2"),
        ("", "expected 3 rows, one per frame, found 0"),
        ("1 2\n3\n5 6\n", "line 2: expected 2 numbers, found 1"),
        ("1 2\n3 4\n5 96\n", "line 3: yaw and pitch must be within -90 to 90"),
        ("1 nan\n3 4\n5 6\n", "line 1: 'nan' is not a finite number"),
    ],
)
def test_a_wrong_file_of_angles_is_named(tmp_path, text, message):
    (tmp_path / "angle.txt").write_text(text)
    with pytest.raises(InputError, match=f"{tmp_path}/angle.txt.*{message}"):
        angles.read(tmp_path / "angle.txt", 3)


def test_msras_published_angles():
    yaw_deg, pitch_deg = angles.read(shared.path("published/msra/msra_angle.txt"), 76375)
    # Yaw comes first: MSRA's hands point up or forwards, and lean to both sides.
    assert (yaw_deg[0], pitch_deg[0]) == (-18.710, 21.819)
    assert np.percentile(pitch_deg, 5) > -15 and np.percentile(yaw_deg, 5) < -30
    frames = angles.error_by_angle(np.ones((76375, 21)), pitch_deg, angles.PITCH_EDGES)["frames"]
    assert frames.min() > 0 and frames.sum() > 0.9 * 76375
