import dataclasses

import pytest

from crossinfo.flags import TRAIN, run_config
from datasets import command_line
from datasets.errors import InputError


def settings(*flags):
    return run_config(command_line.parse(TRAIN, ["--work_dir=run", *flags]))


def test_defaults_are_the_papers():
    run = settings("--dataset=nyu", "--data_dir=data")
    assert (run.variant_name, run.centre, run.select_on, run.precision) == (
        "paper",
        "com",
        "validation",
        "float32",
    )
    assert (run.variant.schedule.epochs, run.variant.schedule.batch_size) == (110, 128)
    assert run.variant.network.joints == 14
    assert run.data_dir.startswith("/")


def test_flags_change_the_schedule_and_nothing_else():
    plain, changed = settings(), settings("--epochs=3", "--batch_size=7", "--learning_rate=0.5")
    schedule = changed.variant.schedule
    assert (schedule.epochs, schedule.batch_size, schedule.learning_rate) == (3, 7, 0.5)
    restored = dataclasses.replace(changed, variant=plain.variant)
    assert restored == plain


def test_the_four_rows_of_table_1_are_configurations():
    rows = {
        (run.variant.network.sharing, run.variant.network.heatmap_guidance)
        for run in (
            settings(*flags)
            for flags in ([], ["--nocross_connection"], ["--noheatmap_guidance"],
                          ["--nocross_connection", "--noheatmap_guidance"])
        )
    }  # fmt: skip
    assert rows == {("cross", True), ("none", True), ("cross", False), ("none", False)}


@pytest.mark.parametrize(
    ("flags", "sharing"),
    [
        ([], "cross"),
        (["--sharing=stitch"], "stitch"),
        (["--sharing=none"], "none"),
        (["--nocross_connection"], "none"),
        (["--cross_connection"], "cross"),
        (["--nocross_connection", "--sharing=none"], "none"),
        (["--sharing=cross", "--cross_connection"], "cross"),
    ],
)
def test_what_is_shared_goes_by_either_flag(flags, sharing):
    assert settings(*flags).variant.network.sharing == sharing


@pytest.mark.parametrize(
    ("switch", "means", "sharing"),
    [
        ("--nocross_connection", "none", "cross"),
        ("--nocross_connection", "none", "stitch"),
        ("--cross_connection", "cross", "stitch"),
        ("--cross_connection", "cross", "none"),
    ],
)
def test_contradictory_flags_are_one_line_and_status_2(switch, means, sharing, capsys):
    with pytest.raises(SystemExit) as stop:
        command_line.run(TRAIN, run_config, ["--work_dir=run", switch, f"--sharing={sharing}"])
    assert stop.value.code == 2
    line = f"error: {switch} means --sharing={means}, not --sharing={sharing}; give one of the two\n"
    assert capsys.readouterr().err == line


def test_a_centre_file_means_file_and_gt_is_only_by_name():
    assert settings("--centre_file=a", "--train_centre_file=b").centre == "file"
    assert settings("--centre=gt").centre == "gt"
    for flags in (["--centre=file"], ["--centre=gt", "--centre_file=a", "--train_centre_file=b"]):
        with pytest.raises(InputError, match="`centre`"):
            settings(*flags)
    both = settings("--centre_file=a")
    assert both.train_centre_file == both.centre_file


def test_the_release_draws_a_training_frames_cube():
    assert settings("--dataset=nyu", "--variant=release").train_cubes_mm == (250, 260, 270, 280, 290, 300)
    assert settings("--dataset=nyu", "--variant=release", "--cube_mm=240").train_cubes_mm == (240,)
    assert settings("--dataset=nyu").train_cubes_mm == (250,)


def test_selecting_on_the_test_split_trains_on_all_training_frames():
    assert settings("--select_on=test").validation_fraction == 0
    assert settings().validation_fraction == 0.05
