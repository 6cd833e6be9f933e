import pytest

from datasets.skeletons import HANDS17, ICVL, MSRA, NYU

SKELETONS = [ICVL, NYU, MSRA, HANDS17]


@pytest.fixture(params=SKELETONS, ids=lambda skeleton: skeleton.name)
def skeleton(request):
    return request.param


def test_joints_have_names_of_their_own(skeleton):
    assert len(set(skeleton.joints)) == len(skeleton.joints) == len(skeleton)


def test_each_joint_is_of_the_palm_or_of_a_finger(skeleton):
    assert sorted(skeleton.palm + skeleton.finger) == list(range(len(skeleton)))


def test_bones_join_all_joints_to_one_hand_without_a_ring(skeleton):
    reached = {skeleton.bones[0][0]}
    for _ in skeleton.bones:
        reached |= {joint for bone in skeleton.bones if reached & set(bone) for joint in bone}
    assert reached == set(range(len(skeleton))) and len(skeleton.bones) == len(skeleton) - 1


def test_tips_are_finger_joints_and_wrists_palm_joints(skeleton):
    for joint, name in enumerate(skeleton.joints):
        if name.endswith("_tip"):
            assert joint in skeleton.finger
        if name.startswith(("wrist", "palm")):
            assert joint in skeleton.palm


def test_the_palms_axis_runs_between_palm_joints(skeleton):
    start, end = skeleton.palm_axis
    assert set(start) | set(end) <= set(skeleton.palm) and not set(start) & set(end)


def test_hands17_is_read_into_msras_order():
    assert HANDS17.joints == MSRA.joints and HANDS17.palm == MSRA.palm and HANDS17.bones == MSRA.bones
