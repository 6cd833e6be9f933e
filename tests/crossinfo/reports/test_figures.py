import numpy as np
import pytest

from crossinfo import reports
from crossinfo.reports import figures


@pytest.mark.parametrize("name", ["success_max", "success_mean"])
def test_the_curve_shows_each_methods_fractions(drawings, name):
    first, second = drawings[name].axes[0].lines
    for line, at_mm, percent in ((first, 10, 100), (second, 20, 50)):
        assert (line.get_ydata()[at_mm - 1], line.get_ydata()[at_mm]) == (0, percent)
    assert (first.get_gid(), second.get_gid()) == ("m0", "m1")
    assert first.get_color() != second.get_color() and first.is_dashed() != second.is_dashed()


def test_the_bars_show_each_joints_error(drawings):
    axes = drawings["per_joint"].axes[0]
    heights = [bar.get_height() for bar in axes.patches]
    np.testing.assert_allclose(heights, [10] * 16 + [55] * 16, rtol=1e-6)
    assert [label.get_text() for label in axes.get_xticklabels()][:2] == ["palm", "thumb root"]
    assert {bar.get_gid() for bar in axes.patches} == {"m0", "m1"}


def test_errors_by_angle_over_the_number_of_frames(drawings):
    above, below = drawings["error_by_pitch"].axes
    errors = dict(zip(above.lines[1].get_xdata(), above.lines[1].get_ydata(), strict=True))
    assert (errors[21], errors[61]) == pytest.approx((20, 90))
    assert np.isnan(errors[25])
    assert sum(bar.get_height() for bar in below.patches) == 2


def test_without_frames_in_the_bins_there_is_no_figure(two):
    scored = reports.report(two)
    scored["angles"]["yaw"]["frames"] = [0] * len(scored["angles"]["yaw"]["frames"])
    assert "error_by_yaw" not in figures.draw(scored, two.errors_mm)


def test_any_file_name_stands_in_the_legend():
    assert figures.legend_label("1 mm", "_hidden") == "1 mm  _hidden"
    assert (
        figures.legend_label("1 mm", "a$_b$\n\udcff") == "1 mm  a\\$_b\\$\N{REPLACEMENT CHARACTER}" + "\ufffd"
    )
