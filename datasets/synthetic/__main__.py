"""``python -m datasets.synthetic``: writes a synthetic dataset."""

import dataclasses

from datasets import command_line, synthetic
from datasets.synthetic import poses, scene, sensors


def _define(flag_values):
    data = command_line.Group(flag_values, "Data")
    data.choice("format", "msra", synthetic.FORMATS, "Dataset whose file format is written.")
    data.integer("frames", 10000, "Number of frames.", lower=1)
    data.integer("seed", 0, "Random seed: the same seed, the same files.", lower=0)
    data.string("output", None, "Folder to make; it must not exist, or be empty.", required=True)
    data.integer("workers", None, "Processes that render. Default: one per core.", lower=1)
    shown = command_line.Group(flag_values, "Scene")
    shown.choice(
        "views",
        "msra",
        poses.VIEWS,
        "msra: the palm turned to the camera; any: from all sides; upright: from all sides, fingers up.",
    )
    shown.choice("poses", "gestures", scene.POSES, "gestures: MSRA15's; natural: what hands do besides.")
    shown.switch("forearm", False, "Show the forearm instead of a short stump.")
    shown.switch("background", False, "Put a wall, and sometimes a torso, behind the hand.")
    shown.strings(
        "scenes",
        [],
        "What stands around the hand, in the place of --forearm and --background; each frame draws one of "
        f"a list of {', '.join(name for name in scene.SCENES if name != 'empty')}.",
    )
    shown.switch("noise", True, "Measure as a depth camera does; off: exact depth.")
    shown.choice(
        "sensor", "simple", sensors.SENSORS, "What kind of camera measures; mixed: each in turn, by chance."
    )


COMMAND = command_line.Command(
    "python -m datasets.synthetic",
    "Renders a right hand to depth and writes it, with its joints, in a dataset's own format.",
    _define,
)


def main(values):
    """Writes what the flags ask for."""
    options = {field.name: getattr(values, field.name) for field in dataclasses.fields(synthetic.Options)}
    synthetic.write(values.format, values.frames, values.seed, values.output, values.workers, **options)


if __name__ == "__main__":
    command_line.run(COMMAND, main)
