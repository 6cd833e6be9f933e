import json
import pathlib

import cv2
import numpy as np
import pytest

from crossinfo import predictions, reports
from datasets import registry
from datasets.errors import InputError
from datasets.geometry import project

PUBLISHED = pathlib.Path(__file__).parents[3] / "shared/published"


def write_files(folder, offsets_mm):
    """ICVL labels of five frames, and one file a method whose joints are all moved sideways."""
    camera = np.asarray(registry.get("icvl").metric_camera, np.float64)
    truth_mm = np.random.default_rng(0).uniform((-60, -60, 250), (60, 60, 350), (5, 16, 3))
    predictions.write(folder / "labels.txt", project(truth_mm, camera))
    for name, offset_mm in offsets_mm.items():
        predictions.write(folder / f"{name}.txt", project(truth_mm + (offset_mm, 0, 0), camera))
    return folder / "labels.txt", [folder / f"{name}.txt" for name in offsets_mm]


def test_files_are_scored_in_millimetres_under_their_names(tmp_path):
    report = reports.score_files("icvl", *write_files(tmp_path, {"good": 3.0, "worse.v2": 25.0}))
    assert (report["dataset"], report["centre"], report["frames"]) == ("icvl", "unknown", 5)
    good, worse = report["methods"]["good"], report["methods"]["worse.v2"]
    assert good["mean_error_mm"] == pytest.approx(3, abs=1e-3)
    assert good["per_joint_error_mm"]["index_tip"] == pytest.approx(3, abs=1e-3)
    assert worse["finger_error_mm"] == pytest.approx(25, abs=1e-3)
    assert worse["success_max"] == {"10": 0, "20": 0, "30": 1, "40": 1}


def test_a_report_folder_holds_json_and_two_figures(tmp_path):
    report_dir = tmp_path / "new/report"
    report = reports.score_files("icvl", *write_files(tmp_path, {"a": 3.0, "b": 9.0}), report_dir)
    assert json.loads((report_dir / "report.json").read_text()) == report
    found = sorted(path.name for path in report_dir.iterdir())
    assert found == ["per_joint.png", "report.json", "success_max.png"]
    for name in ("per_joint.png", "success_max.png"):
        image = cv2.imread(str(report_dir / name))
        assert image.shape[0] == 600 and len(np.unique(image.reshape(-1, 3), axis=0)) > 20


def test_the_curve_shows_each_methods_fractions():
    methods = {"a": np.full((2, 16), 10.0), "b": np.full((2, 16), [[20.0], [90.0]])}
    figure = reports.success_figure(reports.report("icvl", "com", methods), methods)
    for line, at_mm, percent in zip(figure.axes[0].lines, (10, 20), (100, 50), strict=True):
        assert (line.get_ydata()[at_mm - 1], line.get_ydata()[at_mm]) == (0, percent)
    first, second = figure.axes[0].lines
    assert first.get_color() != second.get_color() and first.get_linestyle() != second.get_linestyle()


def test_the_bars_show_each_joints_error():
    methods = {"a": np.arange(16.0)[None], "b": np.full((1, 16), 5.0)}
    axes = reports.joint_figure(reports.report("icvl", "com", methods)).axes[0]
    np.testing.assert_array_equal([bar.get_height() for bar in axes.patches], [*range(16), *[5] * 16])
    assert [label.get_text() for label in axes.get_xticklabels()][0] == "palm"


def test_any_file_name_stands_in_the_legend(tmp_path):
    reports.score_files("icvl", *write_files(tmp_path, {"_hidden": 1.0, "a$_b$": 2.0}), tmp_path / "report")
    figure = reports.joint_figure(json.loads((tmp_path / "report/report.json").read_text()))
    shown = [text.get_text().split()[-1] for text in figure.legends[0].get_texts()]
    assert shown == ["_hidden", r"a\$_b\$"]


def test_the_table_names_dataset_centre_and_every_method():
    methods = {"a": np.full((2, 16), 10.0), "a_long_name": np.full((2, 16), 20.5)}
    above, heading, *rows = reports.table(reports.report("icvl", "gt", methods)).splitlines()
    assert above == "icvl, 2 frames, centre: gt, errors in mm"
    assert rows[0].split() == "a 10.000 10.000 10.000 10.000 100.0 % 100.0 % 0.881".split()
    assert rows[1].split()[:2] == ["a_long_name", "20.500"]
    assert len({len(line) for line in (heading, *rows)}) == 1


def test_two_methods_of_one_name_are_refused(tmp_path):
    labels, (path,) = write_files(tmp_path, {"a": 1.0})
    with pytest.raises(InputError, match="--predictions: .*would both be called a"):
        reports.score_files("icvl", labels, [path, tmp_path / "other/a.txt"])


def test_no_predictions_are_refused(tmp_path):
    with pytest.raises(InputError, match="--predictions"):
        reports.score_files("icvl", tmp_path / "labels.txt", [])


def test_a_file_of_another_length_is_refused_and_nothing_written(tmp_path):
    labels, (path,) = write_files(tmp_path, {"a": 1.0})
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match=f"{path}: expected 5 rows, one a frame, found 4"):
        reports.score_files("icvl", labels, [path], tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_methods_of_different_length_do_not_make_a_report():
    with pytest.raises(ValueError, match="same frames"):
        reports.report("icvl", "com", {"a": np.ones((2, 16)), "b": np.ones((3, 16))})


def published(dataset):
    labels = PUBLISHED / dataset / f"{dataset}_test_groundtruth_label.txt"
    if not labels.exists():
        pytest.skip(f"needs the published labels {labels}")
    return labels


# Means: the field's standard on the published files, and (CrossInfoNet) table 2 of the paper.
PUBLISHED_MEANS_MM = {
    "icvl": {
        "CVPR19_ICVL_CrossInfoNet": 6.732,
        "CVPR18_ICVL_V2V_PoseNet": 6.284,
        "ECCV18_ICVL_Point-to-Point": 6.328,
        "NEUCOM18_ICVL_Pose_REN": 6.791,
        "CVPR18_ICVL_denseReg": 7.239,
    },
    "nyu": {
        "CVPR19_NYU_CrossInfoNet": 10.078,
        "CVPR18_NYU_V2V_PoseNet": 8.419,
        "CVPR18_NYU_denseReg": 10.214,
        "NEUCOM18_NYU_Pose_REN": 11.811,
        "ICCVW17_NYU_DeepPrior++": 12.238,
    },
}


@pytest.mark.parametrize("dataset", PUBLISHED_MEANS_MM)
def test_published_predictions_score_as_published(dataset):
    labels, means_mm = published(dataset), PUBLISHED_MEANS_MM[dataset]
    methods = reports.score_files(dataset, labels, [labels.with_name(f"{name}.txt") for name in means_mm])[
        "methods"
    ]
    for name, mean_mm in means_mm.items():
        assert methods[name]["mean_error_mm"] == pytest.approx(mean_mm, abs=1e-3), name


@pytest.mark.parametrize(
    "dataset, palm_mm, finger_mm, within_20mm",
    [("icvl", 5.65, 7.38, 0.801), ("nyu", 8.67, 12.62, 0.636)],
)
def test_crossinfonet_by_groups_and_frames_within_20_mm(dataset, palm_mm, finger_mm, within_20mm):
    labels = published(dataset)
    name = f"CVPR19_{dataset.upper()}_CrossInfoNet"
    method = reports.score_files(dataset, labels, [labels.with_name(f"{name}.txt")])["methods"][name]
    assert method["palm_error_mm"] == pytest.approx(palm_mm, abs=0.005)
    assert method["finger_error_mm"] == pytest.approx(finger_mm, abs=0.005)
    assert method["success_max"]["20"] == pytest.approx(within_20mm, abs=0.0005)


def test_crossinfonet_on_nyus_two_subjects(tmp_path):
    labels = published("nyu")
    name = "CVPR19_NYU_CrossInfoNet"
    means_mm = []
    for frames in (slice(2440), slice(2440, None)):
        for source, target in ((labels, "labels"), (labels.with_name(f"{name}.txt"), name)):
            (tmp_path / f"{target}.txt").write_text("\n".join(source.read_text().splitlines()[frames]))
        report = reports.score_files("nyu", tmp_path / "labels.txt", [tmp_path / f"{name}.txt"])
        means_mm.append(report["methods"][name]["mean_error_mm"])
    assert means_mm == pytest.approx([5.73, 11.90], abs=0.005)
