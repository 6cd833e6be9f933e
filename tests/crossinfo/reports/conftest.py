import numpy as np
import pytest

from crossinfo import reports
from datasets import registry
from datasets.geometry import project
from tests.crossinfo.reports.made import FRAMES, HOSTILE, make_results


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
