"""The demo page in a real browser."""

import base64

import cv2
import numpy as np
import pytest

from tests.helpers.browser import new_context, watched
from tests.helpers.demo_server import running

for package in ("starlette", "uvicorn"):
    pytest.importorskip(package, reason=f"needs {package} (pip install -e '.[demo]')")

from crossinfo.demo import app, samples  # noqa: E402

PHONE, DESK = 360, 1200
CAMERA = {"fx": "241.42", "fy": "241.42", "cx": "160", "cy": "120"}
STATUS, ERROR = "#status", "#error"


@pytest.fixture(scope="module")
def synthetic():
    return samples.create()


@pytest.fixture(scope="module")
def address(tiny_predictor, synthetic):
    with running(app.create(tiny_predictor, synthetic)) as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
def visit(chromium, address):
    """Opens the page; whatever it complains of, or asks of others, fails the test at its end."""
    contexts, complaints, requests = [], [], []

    def opened(width=DESK, scheme="light", context=None, **others):
        if context is None:
            context = new_context(chromium, width, scheme, **others)
            contexts.append(context)
        page = watched(context.new_page(), complaints)
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        page.wait_for_selector("#samples button")
        return page

    yield opened
    for context in contexts:
        context.close()
    # Chromium itself notes every answer that is not 200; the page shows it in words.
    assert [text for text in complaints if "status of 400" not in text] == []
    elsewhere = [url for url in requests if not url.startswith((address, "data:", f"blob:{address}"))]
    assert elsewhere == []


def drop(page, name, data, kind="image/png"):
    """Drops a file on the page as from a file manager; ``data`` is bytes, or a size."""
    if isinstance(data, bytes):
        data = base64.b64encode(data).decode()
    page.evaluate(
        """([name, data, kind]) => {
            const transfer = new DataTransfer();
            const bytes = typeof data === "number" ? new Uint8Array(data)
                : Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
            transfer.items.add(new File([bytes], name, { type: kind }));
            for (const type of ["dragenter", "dragover", "drop"]) {
                document.getElementById("drop").dispatchEvent(
                    new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
            }
        }""",
        [name, data, kind],
    )


def fill_camera(page):
    for name, value in CAMERA.items():
        page.fill(f"[name={name}]", value)


def take_sample(page, number=0):
    page.locator("#samples button").nth(number).click()
    page.wait_for_selector("#joints td")
    return page


def wait_for_status(page, text="Hand found"):
    page.wait_for_function("text => document.getElementById('status').textContent.includes(text)", arg=text)


def test_a_dropped_frame_is_drawn_with_its_joints(visit, synthetic, tiny_predictor):
    page = visit()
    fill_camera(page)
    drop(page, "my hand.png", synthetic[0].png)
    wait_for_status(page)
    assert page.locator("#file-name").text_content() == "my hand"
    assert page.locator("#joints tr").count() == 14
    overlay = page.locator("#overlay")
    assert overlay.get_attribute("viewBox") == "0 0 320 240"
    assert overlay.locator(".dot").count() == 14 and overlay.locator(".window").count() == 1
    assert overlay.locator(".bone").count() == len(tiny_predictor.card.bones)
    # The depth picture is there and the lines are seen on it.
    drawn = overlay.screenshot()
    overlay.evaluate("e => e.querySelectorAll('line, rect').forEach((line) => line.remove())")
    bare = cv2.imdecode(np.frombuffer(overlay.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    with_lines = cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR)
    assert bare[..., 1].std() > 10 and (np.abs(with_lines.astype(int) - bare).max(axis=2) > 40).sum() > 500


def test_the_window_surrounds_the_hand_and_zooms(visit, synthetic):
    page = take_sample(visit())
    overlay = page.locator("#overlay")
    box = [float(overlay.locator(".window").get_attribute(name)) for name in ("x", "y", "width", "height")]
    page.click("#zoom")
    left, top, width, height = (float(word) for word in overlay.get_attribute("viewBox").split())
    assert left < box[0] and top < box[1]
    assert left + width > box[0] + box[2] and top + height > box[1] + box[3]
    assert width < 1.2 * box[2] and height < 1.2 * box[3]
    assert page.locator("#zoom").get_attribute("aria-pressed") == "true"
    depth = cv2.imdecode(np.frombuffer(synthetic[0].png, np.uint8), cv2.IMREAD_UNCHANGED)
    rows, columns = np.nonzero(depth)
    assert box[0] < columns.mean() < box[0] + box[2] and box[1] < rows.mean() < box[1] + box[3]


def test_the_hand_turns_by_keys_dragging_and_touch(visit):
    page = take_sample(visit(has_touch=True))
    canvas = page.locator("#hand")
    canvas.focus()
    # The ring of the focus is drawn from the first key on.
    page.keyboard.press("Home")
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
    page.click("#reset")
    canvas.focus()
    page.keyboard.press("Shift")
    assert canvas.screenshot() == views[0]
    touch = page.context.new_cdp_session(page)
    for kind, right in (("touchStart", 50), ("touchMove", 80), ("touchMove", 120), ("touchEnd", None)):
        points = [] if right is None else [{"x": box["x"] + right, "y": box["y"] + 60}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert canvas.screenshot() != views[0]


def test_a_bad_file_is_a_message_and_the_next_one_works(visit, synthetic):
    page = visit()
    fill_camera(page)
    for name, data, kind, message in (
        ("broken.png", synthetic[0].png[:300], "image/png", "broken: the PNG is damaged"),
        ("photo.jpg", b"\xff\xd8\xff" + b"x" * 50, "image/jpeg", "photo: not a PNG"),
        ("<img src=x>.png", b"", "image/png", "<img src=x>: not a PNG file, but an empty one"),
        ("huge.png", 2**24 + 1, "image/png", "larger than 16 MiB"),
    ):
        drop(page, name, data, kind)
        page.wait_for_function(
            "text => document.getElementById('error').textContent.includes(text)", arg=message
        )
        assert page.locator(ERROR).is_visible() and not page.locator("#result").is_visible()
    drop(page, "good.png", synthetic[0].png)
    wait_for_status(page)
    assert page.locator("#result").is_visible() and not page.locator(ERROR).is_visible()


def test_a_missing_camera_is_asked_for_and_then_the_frame_is_shown(visit, synthetic):
    page = visit()
    drop(page, "a.png", synthetic[0].png)
    page.wait_for_selector(f"{ERROR}:visible")
    assert page.locator(ERROR).text_content().startswith("fx:")
    fill_camera(page)
    page.locator("[name=cy]").press("Enter")
    wait_for_status(page)
    assert not page.locator(ERROR).is_visible()


def test_the_camera_is_remembered_and_a_sample_leaves_it_alone(visit, synthetic):
    page = visit()
    fill_camera(page)
    page.fill("[name=fx]", "300")
    page.select_option("[name=hand]", "left")
    take_sample(page)
    assert page.input_value("[name=fx]") == "241.42" and page.input_value("[name=hand]") == "right"
    again = visit(context=page.context)
    for other in (page, again):
        drop(other, "own.png", synthetic[0].png)
        wait_for_status(other)
        assert other.input_value("[name=fx]") == "300" and other.input_value("[name=hand]") == "left"


def test_a_frame_without_a_hand_says_so(visit):
    page = visit()
    fill_camera(page)
    depth = np.zeros((30, 40), np.uint16)
    depth[3, 3] = 700
    drop(page, "far.png", samples.encode_png(depth))
    wait_for_status(page, "No hand found")
    assert page.locator("#overlay").is_visible() and not page.locator("#hand").is_visible()
    take_sample(page)
    assert page.locator("#hand").is_visible()


def test_the_table_is_downloaded_as_csv(visit):
    page = take_sample(visit(accept_downloads=True))
    with page.expect_download() as downloading:
        page.click("#csv")
    text = downloading.value.path().read_text()
    assert downloading.value.suggested_filename == "Open hand_joints.csv"
    assert text.startswith("frame,joint,u,v,x_mm,y_mm,z_mm,valid\nOpen hand,") and text.count("\n") == 15
    shown_mm = page.locator("#joints tr").first.locator("td").all_text_contents()[:3]
    assert [f"{float(word):.1f}" for word in text.splitlines()[1].split(",")[4:7]] == shown_mm


@pytest.mark.parametrize("width", [320, PHONE, 768])
def test_the_page_never_scrolls_sideways(visit, width):
    page = visit(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    take_sample(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # On a phone the outcome stands far below the samples, so the page moves there.
    assert 0 <= page.locator(STATUS).bounding_box()["y"] < 800


def test_both_schemes_are_readable_and_the_choice_stays(visit, tmp_path):
    for scheme, (low, high) in (("light", (230, 256)), ("dark", (0, 40))):
        page = take_sample(visit(scheme=scheme))
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        assert low <= np.median(cv2.imread(str(tmp_path / "page.png"), cv2.IMREAD_GRAYSCALE)) < high
        page.click("#scheme")
        turned = page.evaluate("document.documentElement.dataset.scheme")
        assert turned != scheme
        assert visit(context=page.context).evaluate("document.documentElement.dataset.scheme") == turned


def test_it_is_used_by_keyboard_alone(visit):
    page = visit()
    reached, sample = [], "#samples button"
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name || ''"))
        if page.evaluate("selector => document.activeElement.matches(selector)", sample):
            break
    assert "file" in reached and "scheme" in reached
    page.keyboard.press("Enter")
    page.wait_for_selector("#joints td")
    for _ in range(30):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name || ''"))
        if reached[-1] == "csv":
            break
        assert outline != "none"
    assert {"fx", "hand", "zoom", "reset", "csv"} <= set(reached)


def test_a_screen_reader_is_told_what_there_is(visit):
    page = take_sample(visit())
    missing = page.evaluate(
        """() => ({
            silent: [...document.querySelectorAll("svg[role], canvas")].filter((e) => !e.ariaLabel).length,
            pictures: [...document.querySelectorAll("img")].filter((e) => !e.hasAttribute("alt")).length,
            boxes: [...document.querySelectorAll("input, select")].filter((e) => !e.labels.length).length,
            buttons: [...document.querySelectorAll("button")].filter((e) => !e.textContent.trim()).length,
            heads: [...document.querySelectorAll("th")].filter((e) => !e.scope).length,
            tables: [...document.querySelectorAll("table")].filter((e) => !e.caption?.textContent).length,
        })"""
    )
    assert set(missing.values()) == {0}
    roles = [page.locator(place).get_attribute("role") for place in (STATUS, ERROR)]
    assert roles == ["status", "alert"]
