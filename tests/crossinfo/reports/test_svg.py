import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np

from crossinfo import reports
from crossinfo.reports import figures, svg


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
    figure = figures.draw(reports.report(two), two.errors_mm)["per_joint"]
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
