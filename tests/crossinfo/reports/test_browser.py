"""The page in a real browser."""

import cv2
import numpy as np
import pytest

from tests.helpers.browser import new_context, watched
from tests.helpers.reports import HOSTILE

PHONE, DESK = 360, 1200


@pytest.fixture
def visit(chromium, report_dir):
    """Opens the report; whatever the page complains of or asks the network for fails the test at its end."""
    address = (report_dir / "report.html").as_uri()
    contexts, complaints, requests = [], [], []

    def opened(width=DESK, scheme="light", hash="", **others):
        context = new_context(chromium, width, scheme, **others)
        contexts.append(context)
        page = watched(context.new_page(), complaints)
        page.on("request", lambda request: requests.append(request.url.partition("#")[0]))
        page.goto(address + hash)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url for url in requests if not url.startswith("data:")} == {address}


def column(page, heading):
    """Texts of one column of the summary table, and its aria-sort."""
    return page.evaluate(
        """heading => {
            const table = document.getElementById("summary-table");
            const head = [...table.tHead.rows[0].cells].find((cell) => cell.textContent.trim() === heading);
            return [[...table.tBodies[0].rows].map((row) => row.cells[head.cellIndex].textContent.trim()),
                    head.getAttribute("aria-sort")];
        }""",
        heading,
    )


def test_tables_sort_both_ways_and_blanks_stay_last(visit):
    page = visit()
    means, direction = column(page, "Mean mm")
    assert [float(mean) for mean in means] == sorted(map(float, means)) and direction == "ascending"
    button = page.locator("#summary-table thead button", has_text="Median")
    for direction, backwards in (("ascending", False), ("descending", True)):
        button.click()
        medians, found = column(page, "Median")
        assert found == direction and column(page, "Mean mm")[1] is None
        assert medians[3:] == ["–"] * (len(medians) - 3)
        assert medians[:3] == sorted(medians[:3], key=float, reverse=backwards)
    assert page.locator("#status").text_content() == "Sorted by Median, descending."
    page.locator("#summary-table thead button", has_text="Method").click()
    names = column(page, "Method")[0]
    assert names.index("A2J published") < names.index("V2V-PoseNet published")


def test_filtering_hides_a_methods_rows_lines_bars_and_poses(visit):
    page = visit()
    assert page.locator(".m1:visible").count() > 20
    before = page.locator("canvas:visible").first.screenshot()
    page.locator("#methods input[value=m1]").uncheck()
    assert page.locator(".m1:visible").evaluate_all("found => found.map((e) => e.className)") == ["chip m1"]
    assert page.locator("#success_max, svg.figure g.m0:visible").count() > 0
    assert page.locator("canvas:visible").first.screenshot() != before
    assert page.locator("tr.published:visible").count() > 5
    page.locator("#methods input[value=published]").uncheck()
    assert page.locator("tr.published:visible").count() == 0
    page.locator("#methods input[value=m1]").check()
    assert page.locator(".m1:visible").count() > 20


def test_both_schemes_are_readable_and_the_button_turns_them(visit, tmp_path):
    brightness = {}
    for scheme in ("light", "dark"):
        page = visit(scheme=scheme)
        picture = tmp_path / f"{scheme}.png"
        page.screenshot(path=picture, full_page=True)
        brightness[scheme] = float(np.median(cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)))
        ink = page.locator("svg.figure text").first.evaluate("e => getComputedStyle(e).fill")
        assert ink == page.evaluate("getComputedStyle(document.body).color")
        button = page.locator("#scheme")
        assert button.get_attribute("aria-pressed") == str(scheme == "dark").lower()
        page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
        # The change reaches the page a moment later.
        page.wait_for_selector(f"#scheme[aria-pressed={str(scheme != 'dark').lower()}]")
        button.click()
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == {"light": "rgb(251, 251, 249)", "dark": "rgb(16, 19, 23)"}[scheme]
    assert brightness["light"] > 230 and brightness["dark"] < 40


@pytest.mark.parametrize("width", [320, PHONE, 768])
def test_the_page_never_scrolls_sideways(visit, width):
    page = visit(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.locator("details").evaluate_all("found => found.forEach((e) => { e.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_everything_is_reached_by_keyboard(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    reached = set()
    for _ in range(400):
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        reached.add(page.evaluate("document.activeElement.tagName + ' ' + document.activeElement.className"))
        inside = page.evaluate("document.activeElement.closest('main') !== null")
        if not inside:
            break
        assert outline != "none"
        page.keyboard.press("Tab")
    assert {"BUTTON ", "DIV wide", "DIV scroll", "SUMMARY ", "SELECT ", "CANVAS stage", "A "} <= reached


def test_the_hand_turns_by_keys_and_by_dragging(visit):
    page = visit()
    canvas = page.locator("canvas:visible").first
    canvas.focus()
    views = [canvas.screenshot()]
    for key in ("ArrowRight", "ArrowUp", "Home"):
        page.keyboard.press(key)
        views.append(canvas.screenshot())
    assert views[3] == views[0] and len(set(views)) == 3
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 50)
    page.mouse.up()
    assert canvas.screenshot() != views[0]


def test_the_picked_methods_frames_are_shown_worst_first(visit):
    page = visit()
    for key in ("m0", "m2"):
        page.locator("#ranked-by").select_option(key)
        kinds = page.locator(".card:visible .rank").all_text_contents()
        assert kinds == ["worst"] * 4 + ["median"] * 4 + ["best"] * 4
        errors = page.locator(f".card:visible tr.{key} td:nth-child(2)").all_text_contents()
        assert float(errors[0]) > float(errors[4]) > float(errors[8])


def test_a_link_to_a_frame_opens_the_list_that_has_it(visit):
    page = visit()
    hidden = page.locator(".card[hidden]").first.get_attribute("id")
    page = visit(hash=f"#{hidden}")
    card = page.locator(f"#{hidden}")
    assert card.is_visible() and page.locator("#ranked-by").input_value() != "m0"
    box = card.bounding_box()
    assert -1 < box["y"] < 400


def test_names_are_inert(visit):
    page = visit()
    assert page.locator("main b").count() == page.locator("main u").count() == 0
    assert HOSTILE in page.locator("label.m1").text_content()
    assert HOSTILE in page.locator("#ranked-by option").nth(1).text_content()


def test_without_script_everything_stands_open_and_no_dead_control_is_shown(visit):
    page = visit(java_script_enabled=False)
    assert page.locator(".card:visible").count() == page.locator(".card").count() > 12
    assert page.locator(".needs-script:visible").count() == 0


def test_a_screen_reader_is_told_what_there_is(visit):
    page = visit()
    found = page.evaluate(
        """() => ({
            silent: [...document.querySelectorAll("svg, canvas")].filter(
                (e) => !e.ariaLabel && e.getAttribute("aria-hidden") !== "true").length,
            tables: [...document.querySelectorAll("table")].filter((e) => !e.caption?.textContent).length,
            heads: [...document.querySelectorAll("th")].filter((e) => !e.scope).length,
            boxes: [...document.querySelectorAll("input, select")].filter((e) => !e.labels.length).length,
            levels: [...document.querySelectorAll("h1, h2, h3")].map((e) => +e.tagName[1]),
        })"""
    )
    levels = found.pop("levels")
    assert set(found.values()) == {0}
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
