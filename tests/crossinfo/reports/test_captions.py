import pytest

from crossinfo import reports
from crossinfo.reports import captions


@pytest.fixture(scope="module")
def content(two):
    return reports.report(two)


def test_the_first_sentence_names_the_best_its_error_and_its_success(content):
    assert captions.lead(content).startswith(
        "a has the lowest mean joint error of 2 methods: 10.00 mm (95 % interval 10.00 to 10.00)."
    )
    assert captions.lead(content).endswith("In 100.0 % of the frames, all its joints are within 20 mm.")


def test_one_method_is_not_the_best_of_one(content):
    alone = {**content, "methods": {"a": content["methods"]["a"]}}
    assert captions.lead(alone).startswith("a has a mean joint error: 10.00 mm (95 % interval")


def test_a_success_curve_is_told_by_its_share_within_20_mm(content):
    text = captions.success(content, "max", "largest")
    assert "whose largest joint error" in text and text.endswith("Within 20 mm: a 100.0 %, b 50.0 %.")


def test_bars_are_told_by_each_methods_largest(content):
    method = {"per_joint_error_mm": {"wrist": 3.0, "index_tip": 12.25}}
    text = captions.per_joint({"methods": {"a\n": method}})
    assert text.endswith("The largest of each method: a\N{REPLACEMENT CHARACTER} 12.2 mm at index tip.")


def test_errors_by_angle_are_told_by_their_range(content):
    spans = "a 10.0 to 10.0 mm, b 20.0 to 90.0 mm"
    assert (
        captions.by_angle(content, "pitch") == f"Mean error by the hand's pitch, -9 to 89 degrees: {spans}."
    )


def test_a_method_without_frames_in_the_bins_is_left_out():
    bins = {"centres_deg": [0.0, 2.0], "mean_error_mm": {"a": [None, None], "b": [1.0, None]}}
    text = captions.by_angle({"angles": {"yaw": bins}}, "yaw")
    assert text == "Mean error by the hand's yaw, 0 to 2 degrees: b 1.0 to 1.0 mm."


@pytest.mark.parametrize(
    "key, label",
    [
        ("heatmap_peak_error_px", "heatmap peak error (px)"),
        ("yaw_deg", "yaw (deg)"),
        ("by_centre", "mean error by centre (mm)"),
        ("hand", "hand"),
        ("mm", "mm"),
    ],
)
def test_keys_become_words_with_units(key, label):
    assert captions.label(key) == label
