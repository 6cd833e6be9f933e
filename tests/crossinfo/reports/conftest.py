import numpy as np
import pytest

from crossinfo import reports
from crossinfo.reports import figures
from datasets import registry
from datasets.geometry import project
from tests.helpers.reports import FRAMES, HOSTILE, make_results


@pytest.fixture(scope="session")
def results():
    """Three methods with everything that a report can have; the hostile name is in the middle."""

    def picture(frame):
        image = np.full((60, 80, 3), (20, 40, 60), np.uint8)
        camera = np.asarray(registry.get("nyu").camera, np.float64)
        return reports.FramePicture(
            image, lambda mm: (project(mm, camera)[:, :2] - (320, 240)) / 4 + (40, 30)
        )

    details = {HOSTILE: {"losses": {"hand": 0.125}, "heatmap_peak_error_px": 1.5, "note": "<i>kept</i>"}}
    names = [f"test/<u>{frame:07}.png" for frame in range(FRAMES)]
    return make_results(names=names, details=details, picture=picture, selected_on="validation")


@pytest.fixture(scope="session")
def report_dir(results, tmp_path_factory):
    """A written report. Read only."""
    folder = tmp_path_factory.mktemp("new") / "report"
    reports.write(folder, results)
    return folder


@pytest.fixture(scope="session")
def two():
    """ICVL errors: "a" 10 mm everywhere, "b" 20 mm in one frame and 90 mm in the other."""
    truth_mm = np.random.default_rng(0).uniform((-60, -60, 250), (60, 60, 350), (2, 16, 3))
    methods = {
        "a": truth_mm + (10 - 1e-9, 0, 0),
        "b": truth_mm + (np.float64([20 - 1e-9, 90])[:, None, None]) * [0, 0, 1],
    }
    angles_deg = np.float64([0.5, 10.5]), np.float64([20.5, 60.5])
    return reports.EvaluationResults(registry.get("icvl"), "com", truth_mm, methods, angles_deg=angles_deg)


@pytest.fixture(scope="session")
def drawings(two):
    return figures.draw(reports.report(two), two.errors_mm)
