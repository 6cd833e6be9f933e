"""Depth-hand datasets: readers, geometry, crops, targets, augmentation and batches.

Conventions everywhere after a reader: camera frame x right, y down, z forward, millimetres;
pixels ``u`` right, ``v`` down; ``uvd`` = pixel, pixel, mm; depth 0 or non-finite = no measurement.
"""

# By this ``crossinfo`` knows that no other project's package of the same name hides this one.
PROJECT = "crossinfonet"
