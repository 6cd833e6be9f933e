import pytest

from datasets import command_line, data_flags, registry
from datasets.errors import InputError


def parsed(*argv, **options):
    def define(flag_values):
        group = command_line.Group(flag_values, "Data")
        data_flags.define_dataset(group, **options)
        data_flags.define_icvl_frames(group)
        data_flags.define_centre(group)

    return command_line.parse(command_line.Command("python thing.py", "Does one thing.", define), argv)


def test_flags_become_the_options_of_a_reader():
    values = parsed("--dataset=icvl", "--test_subject=3", "--icvl_frames=all")
    assert (values.dataset, values.centre, values.centre_file) == ("icvl", None, None)
    options = data_flags.reader_options(values.test_subject, values.icvl_frames, drop_bad=True)
    assert options == registry.ReaderOptions(3, True, "all")


def test_defaults_are_those_of_a_reader():
    values = parsed(default="msra")
    assert values.dataset == "msra"
    assert data_flags.reader_options(values.test_subject, values.icvl_frames) == registry.ReaderOptions()


def test_a_dataset_without_default_is_required():
    with pytest.raises(InputError, match="--dataset is required"):
        parsed()


def test_all_subjects_are_offered_on_request_and_begin_with_the_first():
    with pytest.raises(InputError, match="--test_subject=all"):
        parsed("--dataset=msra", "--test_subject=all")
    values = parsed("--dataset=msra", "--test_subject=all", all_subjects=True)
    assert data_flags.reader_options(values.test_subject).test_subject == 0


@pytest.mark.parametrize(
    ("centre", "centre_file", "mode"),
    [(None, None, "com"), (None, "a.txt", "file"), ("file", "a.txt", "file"), ("gt", None, "gt")],
)
def test_the_centre_is_a_file_if_there_is_one_and_ground_truth_only_on_request(centre, centre_file, mode):
    assert data_flags.centre_mode(centre, centre_file) == mode


@pytest.mark.parametrize(
    ("centre", "centre_file", "message"),
    [
        ("file", None, "`centre`=file goes only with `centre_file`"),
        ("com", "a.txt", "`centre`=com goes without `centre_file`"),
        ("gt", "a.txt", "`centre`=gt goes without `centre_file`"),
    ],
)
def test_a_centre_file_goes_with_its_mode_alone(centre, centre_file, message):
    with pytest.raises(InputError, match=message):
        data_flags.centre_mode(centre, centre_file)


def test_a_root_folder_is_required():
    assert data_flags.required_data_dir("nyu", "/data") == "/data"
    for missing in (None, ""):
        with pytest.raises(InputError, match="`data_dir` is required for `dataset`=nyu$"):
            data_flags.required_data_dir("nyu", missing)
    with pytest.raises(InputError, match="python -m datasets.synthetic makes such a folder"):
        data_flags.required_data_dir("synthetic", None)
