"""``python -m datasets.synthetic``: writes a synthetic dataset."""

from datasets import command_line, synthetic
from datasets.synthetic import poses


def _define(flag_values):
    data = command_line.Group(flag_values, "Data")
    data.choice("format", "msra", synthetic.FORMATS, "Dataset whose file format is written.")
    data.integer("frames", 10000, "Number of frames.", lower=1)
    data.integer("seed", 0, "Random seed: the same seed, the same files.", lower=0)
    data.string("output", None, "Folder to make; it must not exist, or be empty.", required=True)
    data.integer("workers", None, "Processes that render. Default: one per core.", lower=1)
    scene = command_line.Group(flag_values, "Scene")
    scene.choice("views", "msra", poses.VIEWS, "msra: the palm turned to the camera; any: from all sides.")
    scene.switch("noise", True, "Measure as a depth camera does; off: exact depth.")
    scene.switch("forearm", False, "Show 100 to 200 mm of forearm instead of a short stump.")
    scene.switch("background", False, "Put a wall, and sometimes a torso, behind the hand.")


COMMAND = command_line.Command(
    "python -m datasets.synthetic",
    "Renders an articulated right hand to depth and writes it, with its joints, in a dataset's own format.",
    _define,
)


def main(values):
    """Writes what the flags ask for."""
    options = {name: getattr(values, name) for name in ("views", "noise", "forearm", "background")}
    synthetic.write(values.format, values.frames, values.seed, values.output, values.workers, **options)


if __name__ == "__main__":
    command_line.run(COMMAND, main)
