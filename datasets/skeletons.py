"""Joint names, bones, palm and finger groups of each dataset, as data.

The palm / finger split is the paper's figure 4. Its index order follows the authors' release where it
is known (NYU, MSRA). For ICVL and HANDS17 only the counts (16, 6, 10) and (21, 6, 15) are published; here
their palm group is the wrist or palm joint and the finger roots.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Skeleton:
    """The joints of one dataset, in its label order.

    Args:
        name: str. Short name.
        joints: tuple of J joint names.
        bones: tuple of (joint, joint) index pairs to draw and to measure.
        palm: tuple of P joint indices, in the order of the palm branch's outputs.
        finger: tuple of F joint indices, in the order of the finger branch's outputs.
        source: str. Where order and groups come from.
        palm_axis: (joints at the wrist, joints at the fingers). The axis from the mean of the first to
            the mean of the second gives the palm's yaw and pitch.
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    palm: tuple[int, ...]
    finger: tuple[int, ...]
    source: str
    palm_axis: tuple[tuple[int, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.joints)


def _chain(*joints):
    return tuple(zip(joints[:-1], joints[1:], strict=True))


def _finger_names(fingers, parts):
    return tuple(f"{finger}_{part}" for finger in fingers for part in parts)


MSRA = Skeleton(
    name="msra",
    joints=("wrist",)
    + _finger_names(("index", "middle", "ring", "little", "thumb"), ("mcp", "pip", "dip", "tip")),
    bones=sum((_chain(0, *range(first, first + 4)) for first in (1, 5, 9, 13, 17)), ()),
    palm=(0, 1, 5, 9, 13, 17),
    finger=(2, 6, 10, 14, 18, 3, 7, 11, 15, 19, 4, 8, 12, 16, 20),
    source="MSRA15 label order; groups as in the authors' release (21, 6, 15)",
    # The field's own: wrist to the root of the middle finger.
    palm_axis=((0,), (5,)),
)

# HANDS17 labels are put into MSRA's joint order by its reader, so one skeleton serves both.
HANDS17 = dataclasses.replace(
    MSRA,
    name="hands17",
    source="HANDS 2017 frame task, reordered to MSRA's; the paper splits it as MSRA (section 3.2)",
)

NYU = Skeleton(
    name="nyu",
    joints=(
        "little_tip",
        "little_mid",
        "ring_tip",
        "ring_mid",
        "middle_tip",
        "middle_mid",
        "index_tip",
        "index_mid",
        "thumb_tip",
        "thumb_mid",
        "thumb_root",
        "wrist_back",
        "wrist",
        "palm",
    ),
    bones=((0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (9, 10))
    + tuple((13, joint) for joint in (10, 1, 3, 5, 7, 11, 12)),
    palm=(1, 3, 5, 7, 9, 10, 11, 12, 13),
    finger=(0, 2, 4, 6, 8),
    source="the field's 14 of NYU's 36 joints; groups as in the authors' release (14, 9, 5)",
    # No finger root is among the 14; the two wrist joints lie on either side of the arm.
    palm_axis=((11, 12), (13,)),
)

ICVL = Skeleton(
    name="icvl",
    joints=("palm",) + _finger_names(("thumb", "index", "middle", "ring", "little"), ("root", "mid", "tip")),
    bones=sum((_chain(0, *range(first, first + 3)) for first in (1, 4, 7, 10, 13)), ()),
    palm=(0, 1, 4, 7, 10, 13),
    finger=(2, 5, 8, 11, 14, 3, 6, 9, 12, 15),
    source="ICVL label order; counts (16, 6, 10) of the authors' demo",
    # There is no wrist.
    palm_axis=((0,), (7,)),
)
