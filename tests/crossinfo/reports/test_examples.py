import base64

import cv2
import numpy as np

from crossinfo import reports
from crossinfo.reports import examples
from tests.helpers.reports import HOSTILE, make_results, rendered


def test_worst_median_and_best_frames_are_apart():
    picked = examples.pick(np.arange(1000.0), 2)
    kinds = {kind: [frame for frame, found in picked.items() if found == kind] for kind in examples.KINDS}
    assert kinds["worst"] == [999, 939] and kinds["best"] == [0, 60]
    assert abs(kinds["median"][0] - 499.5) <= 0.5 and len(kinds["median"]) == 2
    assert list(picked.values()) == ["worst", "worst", "median", "median", "best", "best"]


def test_few_frames_are_each_shown_once():
    assert sorted(examples.pick(np.float64([3, 1]), 4)) == [0, 1]
    assert examples.pick(np.float64([5]), 4) == {0: "worst"}


def test_cards_hold_every_pose_about_the_true_hand(results):
    cards = examples.cards(results)
    assert [card.frame for card in cards] == sorted({card.frame for card in cards})
    for key in ("m0", "m1", "m2"):
        kinds = sorted(card.ranks[key][1] for card in cards if key in card.ranks)
        assert kinds == ["best"] * 4 + ["median"] * 4 + ["worst"] * 4
    card = cards[0]
    np.testing.assert_allclose(np.mean(card.poses["truth"], axis=0), 0, atol=0.1)
    method = results.methods[HOSTILE][card.frame] - results.truth_mm[card.frame].mean(axis=0)
    np.testing.assert_allclose(card.poses["m1"], method, atol=0.051)
    assert card.errors_mm["m1"][1] == results.errors_mm[HOSTILE][card.frame].max()
    assert card.name == f"test/<u>{card.frame:07}.png"


def test_joints_lie_on_the_picture_where_it_projects_them(results):
    card = examples.cards(results)[0]
    assert card.size == (240, 180)
    first = card.dots["truth"].split("h0")[0].removeprefix("M").split()
    wanted = results.picture(card.frame).project(results.truth_mm[card.frame])[0]
    np.testing.assert_allclose(np.float64(first), (wanted + 0.5) * 3, atol=0.051)
    data = base64.b64decode(card.image.removeprefix("data:image/jpeg;base64,"))
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (60, 80, 3) and abs(picture[0, 0].astype(int) - (60, 40, 20)).max() < 6


def test_large_pictures_are_embedded_small():
    image = np.random.default_rng(0).integers(0, 255, (900, 1200, 3), np.uint8)
    assert len(examples.data_uri(image)) < 150_000


def test_without_pictures_the_true_hand_is_in_the_middle_and_whole():
    card = examples.cards(make_results())[0]
    spots = np.float64([spot.split() for spot in card.dots["truth"].replace("M", " ").split("h0")[:-1]])
    assert card.image is None and spots.min() > 0 and spots.max() < examples.SIDE
    np.testing.assert_allclose((spots.min(axis=0) + spots.max(axis=0)) / 2, examples.SIDE / 2, atol=0.1)


def test_a_hand_that_was_not_found_is_not_drawn():
    results = make_results(errors_mm=(4.0, 9.0))
    results.methods[HOSTILE][3] = 0
    card = next(card for card in examples.cards(results) if card.frame == 3)
    missing = list(results.errors_mm).index(HOSTILE)
    assert f"m{missing}" not in card.poses and f"m{missing}" not in card.lines
    assert card.errors_mm[f"m{missing}"][0] > 500


def test_twenty_methods_keep_the_page_small():
    results = make_results()
    methods = {f"method {i}": results.truth_mm + i for i in range(20)}
    crowd = reports.EvaluationResults(results.dataset, "com", results.truth_mm, methods)
    assert len(rendered(crowd)) < 1_500_000
