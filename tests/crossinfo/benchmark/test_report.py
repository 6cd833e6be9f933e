from crossinfo.benchmark import report

ABOUT = {
    "variant": "compact", "dataset": "nyu", "centre": "com", "frames": 7, "processor": "CPU", "cores": 2,
    "load_average": 1.5, "tensorflow": "2.21.0", "rounds": 3,
}  # fmt: skip


def test_the_table_has_a_row_per_form_with_the_decimals_that_mean_something():
    row = {
        "form": "Keras", "size_mb": 5.333, "latency_ms": 8.081, "frames_per_s": 1036.4,
        "error_mm": 10.7234, "distance_mm": 0.0, "distance_max_mm": 0.0649,
    }  # fmt: skip
    about, empty, heading, line, first, second = report.table(
        ABOUT | {"forms": [row, row | {"form": "LiteRT"}]}
    ).split("\n")
    assert "`compact` on 7 test frames of nyu (centre: com)" in about and "medians of 3 rounds" in about
    assert empty == "" and heading.count("|") == line.count("|") == 8
    assert first == "| Keras | 5.33 | 8.08 | 1036 | 10.723 | 0.000 | 0.065 |"
    assert second == first.replace("Keras", "LiteRT")


def test_the_machine_names_processor_and_tensorflow():
    machine = report.machine()
    assert set(machine) == {"processor", "cores", "load_average", "tensorflow"}
    assert machine["processor"] and machine["cores"] >= 1
