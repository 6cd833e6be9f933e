import cv2
import numpy as np
import pytest
from matplotlib.colors import to_hex

from datasets import command_line, figures, registry


@pytest.mark.parametrize("name", ["msra", "nyu", "icvl", "hands17"])
def test_every_joint_has_its_place_number_and_colour(name):
    skeleton, xy = figures.SKELETONS[name], figures.joints_xy()[name]
    assert skeleton == registry.get(name).skeleton
    assert xy.shape == (len(skeleton), 2)
    distance = np.linalg.norm(xy[:, None] - xy[None], axis=-1) + 1e9 * np.eye(len(xy))
    assert distance.min() > 8  # millimetres: no joint hides another
    hand, names = figures.figure(skeleton, xy).axes
    assert [text.get_text() for text in hand.texts] == [str(joint) for joint in range(len(skeleton))]
    assert [text.get_text().split() for text in names.texts] == [
        [str(joint), joint_name] for joint, joint_name in enumerate(skeleton.joints)
    ]
    orange = [joint for joint, text in enumerate(names.texts) if to_hex(text.get_color()) == figures.PALM]
    assert sorted(skeleton.palm) == orange


def test_the_hand_is_a_right_one_with_its_palm_to_the_viewer():
    xy = dict(zip(figures.SKELETONS["msra"].joints, figures.joints_xy()["msra"], strict=True))
    assert xy["thumb_tip"][0] > xy["index_tip"][0] > xy["little_tip"][0]
    assert xy["middle_tip"][1] > xy["wrist"][1]


def test_the_command_writes_a_picture_a_dataset(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        command_line.run(figures.COMMAND, figures.main, [f"--output={tmp_path / 'skeletons'}"])
    assert end.value.code == 0
    written = sorted(path.name for path in (tmp_path / "skeletons").iterdir())
    assert written == ["hands17.png", "icvl.png", "msra.png", "nyu.png"]
    pictures = [cv2.imread(str(tmp_path / "skeletons" / name)) for name in written]
    assert all(picture.std() > 10 for picture in pictures)
    assert not np.array_equal(pictures[1], pictures[3])
