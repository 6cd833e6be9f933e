"""Size, speed and error of a network in every form it is exported in."""
