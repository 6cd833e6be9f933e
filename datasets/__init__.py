"""Depth-hand datasets: readers, geometry, crops, targets, augmentation and batches.

Conventions everywhere after a reader: camera frame x right, y down, z forward, millimetres;
pixels ``u`` right, ``v`` down; ``uvd`` = pixel, pixel, mm; depth 0 or non-finite = no measurement.
"""

# ``crossinfo`` looks for this name: another project's package called ``datasets`` may hide this one.
PROJECT = "crossinfonet"
