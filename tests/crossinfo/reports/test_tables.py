import csv
import re

import numpy as np
import pytest

from crossinfo import reports
from crossinfo.reports import tables
from tests.helpers.reports import HOSTILE, make_results


@pytest.fixture(scope="module")
def content():
    return reports.report(make_results())


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_terminals_table_names_dataset_centre_and_every_method(content):
    above, heading, *rows = tables.table({**content, "selected_on": "test"}).splitlines()
    assert above == "nyu, 40 frames, centre: com, errors in mm; best epoch picked on the test split"
    assert [row.split()[0] for row in rows] == ["a_long_name-of-a-method_that_goes_on_and_on", "<b", "_plain"]
    assert rows[0].split()[1] == f"{content['methods'][content['best']]['mean_error_mm']:.3f}"
    assert len({len(line) for line in (heading, *rows)}) == 1


def test_rows_hold_methods_and_marked_published_values_by_mean_error(content):
    rows = tables.rows(content)
    means = [row["mean (mm)"] for row in rows]
    assert means == sorted(means)
    measured = [row for row in rows if row["values"] == tables.MEASURED]
    assert [row["method"] for row in measured] == list(content["methods"])
    assert {row["centre"] for row in measured} == {"com"}
    published = [row for row in rows if row["values"] != tables.MEASURED]
    assert len(published) == len(content["published"]) > 0
    assert all(row["95 % interval"] is None and row["values"].startswith("published") for row in published)


def test_csv_has_every_digit_and_every_joint(content, report_dir):
    heading, *rows = read_csv(report_dir / "summary.csv")
    row = dict(zip(heading, next(row for row in rows if row[0] == HOSTILE), strict=True))
    method = content["methods"][HOSTILE]
    assert float(row["mean (mm)"]) == method["mean_error_mm"]
    assert float(row["index_tip (mm)"]) == method["per_joint_error_mm"]["index_tip"]
    assert [float(row[f"95 % {end} (mm)"]) for end in ("low", "high")] == method["interval_95_mm"]
    assert {len(line) for line in rows} == {len(heading)}


def test_every_frames_errors(results, report_dir):
    heading, *rows = read_csv(report_dir / "errors_per_frame.csv")
    assert heading[:2] == ["frame", "name"] and len(rows) == len(results.truth_mm)
    assert rows[7][:2] == ["7", "test/<u>0000007.png"]
    column = heading.index(f"{HOSTILE} max (mm)")
    worst_mm = [float(row[column]) for row in rows]
    np.testing.assert_allclose(worst_mm, results.errors_mm[HOSTILE].max(axis=1), atol=1e-4)


def test_markdown_cells_stay_in_their_columns(content):
    lines = [line for line in tables.markdown(content).splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    hostile = next(line for line in lines if "onclick" in line)
    assert r"\<b onclick" in hostile and r"\$\\frac\_1\$ \| ' \`" in hostile


def test_latex_is_escaped(content):
    hostile = next(line for line in tables.latex(content).splitlines() if "onclick" in line)
    assert r"\& \$\textbackslash{}frac\_1\$" in hostile and r"\%\{\}" in hostile
    assert len(re.findall(r"(?<!\\)&", hostile)) == len(tables.HEADINGS) - 1
