"""``python -m datasets.synthetic``: writes a synthetic dataset."""

from datasets import command_line, synthetic
from datasets.synthetic import poses


def define(flag_values):
    """The command's flags."""
    data = command_line.Group(flag_values, "Data")
    data.choice("format", "msra", synthetic.FORMATS, "whose files to write")
    data.integer("frames", 10000, "how many frames", lower=1)
    data.integer("seed", 0, "same seed, same files", lower=0)
    data.string("output", None, "folder to make; it must not exist or be empty", required=True)
    data.integer("workers", None, "processes to render with; all processors if not given", lower=1)
    scene = command_line.Group(flag_values, "Scene")
    scene.choice("views", "msra", poses.VIEWS, "msra: the palm turned to the camera; any: from everywhere")
    scene.switch("noise", True, "measure as a depth camera does; off: exact depth")
    scene.switch("forearm", False, "show 100 to 200 mm of forearm instead of a short stump")
    scene.switch("background", False, "put a wall, sometimes a torso, behind the hand")


COMMAND = command_line.Command(
    "python -m datasets.synthetic",
    "Renders an articulated right hand to depth and writes it, with its joints, in a dataset's own format.",
    define,
)


def main(values):
    """Writes what the flags ask for."""
    options = {name: getattr(values, name) for name in ("views", "noise", "forearm", "background")}
    synthetic.write(values.format, values.frames, values.seed, values.output, values.workers, **options)


if __name__ == "__main__":
    command_line.run(COMMAND, main)
