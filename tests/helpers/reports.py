"""Reports to test with."""

import numpy as np

from crossinfo import reports
from crossinfo.reports import figures, page
from datasets import registry

# Names come from file names, and those may hold nearly anything.
HOSTILE = '<b onclick="x">a</b> & $\\frac_1$ | \' `%{}'
FRAMES = 40


def make_results(dataset="nyu", errors_mm=(4.0, 9.0, 25.0), **others):
    """Hands in front of the camera, and methods that err by so many mm on average, the worst first named."""
    dataset, rng = registry.get(dataset), np.random.default_rng(0)
    truth_mm = rng.uniform((-60, -60, 600), (60, 60, 700), (FRAMES, len(dataset.skeleton), 3))
    names = ["_plain", HOSTILE, "a_long_name-of-a-method_that_goes_on_and_on"][: len(errors_mm)]
    methods = {
        name: truth_mm + error_mm * rng.gamma(2, 0.5, (FRAMES, 1, 1)) * [1, 0, 0]
        for name, error_mm in zip(names, errors_mm[::-1], strict=True)
    }
    return reports.EvaluationResults(dataset, "com", truth_mm, methods, **others)


def rendered(results):
    """The page alone."""
    content = reports.report(results)
    return page.render(content, results, figures.draw(content, results.errors_mm))
