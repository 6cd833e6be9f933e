import numpy as np
import pytest

from crossinfo.pretrain.scores import HELD_OUT, TRAINED, HandScore, Scores, figures, markdown

HAND = HandScore(0, "bare", TRAINED, False, True, True, 10.0, 6.0, 9.0, 20.0)
MISSED = HAND._replace(
    picture=1, found=False, side=False, centre_mm=np.nan, refined_mm=np.nan, gt_mm=14.0, com_mm=np.nan
)
FAR = HAND._replace(picture=1, scene="wall", camera=HELD_OUT, is_left=True, side=False, centre_mm=30.0)


def test_figures_of_known_hands():
    values = figures([HAND, MISSED, FAR._replace(refined_mm=15.0)])
    assert values["hands"] == 3
    assert values["found"] == pytest.approx(2 / 3)
    assert values["side_right"] == 0.5
    assert values["centre_within_20_mm"] == 0.5
    assert values["gt_mean_mm"] == pytest.approx(26 / 3)
    assert values["gt_median_mm"] == 6
    assert values["refined_mean_mm"] == values["refined_median_mm"] == 12
    assert values["refined_with_misses_mm"] == pytest.approx((9 + 80 + 15) / 3)
    assert values["com_mean_mm"] == 20
    # Over the same hands: the missed one's `gt` does not count.
    assert values["ratio"] == 2


def test_nothing_found_has_no_errors():
    values = figures([MISSED])
    missing = {"side_right", "centre_within_20_mm", "refined_mean_mm", "refined_median_mm", "ratio"}
    assert {name for name, value in values.items() if value is None} == missing | {
        "com_mean_mm",
        "com_median_mm",
    }


def test_summary_groups_hands_and_counts_pairs():
    summary = Scores(5, (HAND, MISSED, FAR), 4, 1, 10, 2).summary()
    groups = {name: group["hands"] for name, group in summary["groups"].items()}
    assert groups == {
        "all": 3, TRAINED: 2, HELD_OUT: 1, "right hands": 2, "left hands": 1,
        "scene bare": 2, "scene wall": 1,
    }  # fmt: skip
    # Picture 1 has two hands, and one of them was missed.
    assert summary["two_hands"] == {"pictures": 1, "both_found": 0.0}
    assert summary["false_per_picture"] == 0.25
    assert summary["empty_false_share"] == 0.2


def test_table_has_a_row_for_each_group_and_says_where_nothing_is_known():
    lines = markdown(Scores(5, (HAND, MISSED), 2, 0, 0, 0).summary()).splitlines()
    columns = lines[0].count("|")
    assert all(line.count("|") == columns for line in lines if line.startswith("|"))
    (left,) = [line for line in lines if line.startswith("| right hands")]
    assert "50.0 %" in left and "9.00" in left
    assert "none" in lines[-1]
