import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest

from crossinfo.reports import content, figures, styles, svg
from datasets import registry


@pytest.fixture(scope="module")
def two():
    """ICVL errors: "a" 10 mm everywhere, "b" 20 mm in one frame and 90 mm in the other."""
    truth_mm = np.random.default_rng(0).uniform((-60, -60, 250), (60, 60, 350), (2, 16, 3))
    methods = {
        "a": truth_mm + (10 - 1e-9, 0, 0),
        "b": truth_mm + (np.float64([20 - 1e-9, 90])[:, None, None]) * [0, 0, 1],
    }
    angles_deg = np.float64([0.5, 10.5]), np.float64([20.5, 60.5])
    return content.EvaluationResults(registry.get("icvl"), "com", truth_mm, methods, angles_deg=angles_deg)


@pytest.fixture(scope="module")
def drawings(two):
    return figures.draw(content.report(two), two.errors_mm)


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
    scored = content.report(two)
    scored["angles"]["yaw"]["frames"] = [0] * len(scored["angles"]["yaw"]["frames"])
    assert "error_by_yaw" not in figures.draw(scored, two.errors_mm)


def test_any_file_name_stands_in_the_legend():
    assert figures.legend_label("1 mm", "_hidden") == "1 mm  _hidden"
    assert (
        figures.legend_label("1 mm", "a$_b$\n\udcff") == "1 mm  a\\$_b\\$\N{REPLACEMENT CHARACTER}" + "\ufffd"
    )


def test_twenty_eight_methods_look_different():
    assert len({(look.colour, look.dash) for look in map(styles.style, range(28))}) == 28
    assert len({look.key for look in map(styles.style, range(100))}) == 100


def test_png_and_pdf_are_whole_and_the_same_each_time(report_dir, drawings, tmp_path):
    names = sorted(drawings)
    assert sorted(path.stem for path in report_dir.glob("*.pdf")) == names
    for name in names:
        image = cv2.imread(str(report_dir / f"{name}.png"))
        assert image.shape[0] == 600 and len(np.unique(image.reshape(-1, 3), axis=0)) > 20
        assert (report_dir / f"{name}.pdf").read_bytes()[:5] == b"%PDF-"
    for folder in (tmp_path / "a", tmp_path / "b"):
        svg.save(drawings["success_max"], folder, "one")
    for ending in ("png", "pdf"):
        assert (tmp_path / f"a/one.{ending}").read_bytes() == (tmp_path / f"b/one.{ending}").read_bytes()


def test_svg_takes_the_pages_ink_and_its_security_policy(two):
    figure = figures.draw(content.report(two), two.errors_mm)["per_joint"]
    root = ElementTree.fromstring(svg.svg(figure, "per_joint", 'a <"description">'))
    elements = list(root.iter())
    assert root.attrib["aria-label"] == 'a <"description">' and root.attrib["role"] == "img"
    assert not [element for element in elements if "style" in element.attrib or element.tag == "style"]
    assert len([element for element in elements if element.get("class") == "m1"]) == 16
    ids = [element.attrib["id"] for element in elements if "id" in element.attrib]
    assert ids and len(set(ids)) == len(ids) and all(name.startswith("per_joint-") for name in ids)
    pointed = {name for e in elements for value in e.attrib.values() for name in svg.REFERENCE.findall(value)}
    pointed |= {element.attrib["href"][1:] for element in elements if "href" in element.attrib}
    assert pointed == set(ids)
    texts = [element for element in elements if element.tag == "text"]
    assert {element.get("fill") for element in texts} == {"currentColor"}
    assert "thumb root" in {element.text for element in texts}
