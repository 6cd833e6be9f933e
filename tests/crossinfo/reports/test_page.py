"""The page as text; tests/crossinfo/reports/test_browser.py opens it."""

import base64
import hashlib
import html.parser
import json
import re

import pytest

from crossinfo import reports
from crossinfo.reports import page
from tests.helpers.reports import make_results, rendered


class Elements(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def text(report_dir):
    return (report_dir / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def elements(text):
    return Elements(text).found


def test_a_report_folder_holds_everything(report_dir, results):
    found = {path.name for path in report_dir.iterdir()}
    figures = ("success_max", "success_mean", "per_joint", "error_by_yaw", "error_by_pitch")
    tables = {"summary.csv", "summary.md", "summary.tex", "errors_per_frame.csv"}
    drawn = {f"{name}.{ending}" for name in figures for ending in ("png", "pdf")}
    assert found == {"report.json", "report.html"} | tables | drawn
    assert json.loads((report_dir / "report.json").read_text()) == reports.report(results)


def test_every_file_it_links_to_is_there(report_dir, elements):
    links = {values["href"] for tag, values in elements if tag == "a"}
    files = {link for link in links if not link.startswith("#")}
    assert files and all((report_dir / name).is_file() for name in files)


def test_anchors_lead_somewhere_and_identifiers_are_unique(elements):
    ids = [values["id"] for _, values in elements if "id" in values]
    assert len(set(ids)) == len(ids)
    anchors = {
        values["href"][1:] for tag, values in elements if tag == "a" and values["href"].startswith("#")
    }
    assert anchors <= set(ids) and "frames" in anchors and any(name.startswith("frame-") for name in anchors)


def test_nothing_is_fetched(elements):
    loading = [values.get(key, "") for _, values in elements for key in ("src", "srcset", "action", "data")]
    loading += [values["href"] for tag, values in elements if tag in ("link", "image", "use")]
    assert {value.partition(":")[0] if ":" in value else value[:1] for value in loading} <= {"", "data", "#"}


def test_the_policy_allows_this_style_and_script_only(text, elements):
    policy = next(v["content"] for t, v in elements if t == "meta" and "http-equiv" in v)
    for tag in ("style", "script"):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert not [
        values for _, values in elements if "style" in values or any(k.startswith("on") for k in values)
    ]


def test_names_are_text_everywhere(text):
    assert "<b onclick" not in text and "<u>0" not in text and "<i>kept" not in text
    assert "&lt;b onclick=&#34;x&#34;&gt;a&lt;/b&gt; &amp; $\\frac" in text


def test_details_are_told(text):
    for told in ("heatmap peak error (px)", "1.500", "0.125", "&lt;i&gt;kept"):
        assert told in text


def test_what_is_not_known_is_left_out():
    found = Elements(rendered(make_results("synthetic", errors_mm=(5.0,)))).found
    ids = {values.get("id") for _, values in found}
    assert ids.isdisjoint({"differences", "subjects", "networks", "methods", "ranked-by"}) and "frames" in ids


def test_whiskers_share_one_scale():
    found = page.whiskers(
        {
            "a": {"difference_mm": 5, "interval_95_mm": [0, 10]},
            "b": {"difference_mm": -5, "interval_95_mm": [-10, 0]},
        }
    )
    assert found == {"a": [50, 50, 96, 73], "b": [50, 4, 50, 27]}


def test_equal_methods_have_a_whisker_of_no_length():
    assert page.whiskers({"a": {"difference_mm": 0, "interval_95_mm": [0, 0]}}) == {"a": [4, 4, 4, 4]}


def luminance(colour):
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_stands_out_in_both_schemes(text):
    schemes = re.findall(r"(--paper:.*?)\}", text, re.DOTALL)
    assert len(schemes) == 3
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#\w{6})", scheme))
        for ink in ("ink", "soft", "accent"):
            for ground in ("paper", "surface", "wash"):
                low, high = sorted(luminance(colours[name]) for name in (ink, ground))
                assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, ground, colours)


def test_names_that_cannot_be_printed_are_reported(tmp_path):
    results = make_results()
    methods = {"plain": results.truth_mm + 1, "\udcff\n": results.truth_mm + 2}
    reports.write(tmp_path, reports.EvaluationResults(results.dataset, "com", results.truth_mm, methods))
    assert "\ufffd\ufffd" in (tmp_path / "report.html").read_text("utf-8")
    assert set(json.loads((tmp_path / "report.json").read_text())["methods"]) == set(methods)
