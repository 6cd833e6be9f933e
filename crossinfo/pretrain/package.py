"""The last step of a pretraining: the folder ``weights`` with both networks, their scores and a page on them.

Kernels are rounded to float16, which halves their space in a compressed file; they stay float32 to whoever
loads them.
"""

import csv
import json
import os
import pathlib
import zipfile

import h5py
import keras
import numpy as np
import tensorflow as tf

from crossinfo.export import packaged
from crossinfo.pretrain import page, scorer
from crossinfo.pretrain.settings import Settings
from datasets.errors import InputError
from datasets.io import atomic

FOLDER = "weights"
NETWORKS = (packaged.POSE_FILE, packaged.LOCALISER_FILE)
SCORES_FILE, PAGE_FILE = "scores.json", "README.md"
# Figures of other data, such as real frames: a list of rows, objects with the same keys each.
MEASURED_FILE = "measured.json"
# Scored are so many pictures with hands for each of validation, and as many without as of validation.
PICTURES_EACH = 4
_WEIGHTS = "model.weights.h5"


def write(work_dir: str | os.PathLike, settings: Settings) -> pathlib.Path:
    """Makes ``weights`` in a work_dir with both networks; what is there already is kept, but for the page.

    Args:
        work_dir: folder of a finished pretraining.
        settings: Settings that it was made with.

    Returns:
        the folder. Raises InputError if ``measured.json`` is damaged or the extra ``litert`` is missing.
    """
    work_dir = pathlib.Path(work_dir)
    folder = work_dir / FOLDER
    if not all((folder / name).exists() for name in NETWORKS):
        _networks(work_dir, folder)
    pose, localiser = (_load(folder / name) for name in NETWORKS)
    if not (folder / SCORES_FILE).exists():
        pictures = settings.validation_pictures
        scores = scorer.measure(
            pose, localiser, settings.seed + scorer.SEED, PICTURES_EACH * pictures, pictures
        )
        _write_text(folder / SCORES_FILE, json.dumps(scores.summary(), indent=2) + "\n")
    facts = page.Facts(
        settings=settings,
        stages={kind: _stage(work_dir, kind, settings) for kind in settings.spans},
        machine=machine(),
        parameters={"localiser": localiser.count_params(), "pose": pose.count_params()},
        megabytes={name: (folder / name).stat().st_size / 1e6 for name in NETWORKS},
        card=pose.card,
        scores=json.loads((folder / SCORES_FILE).read_text(encoding="utf-8")),
        measured=_measured(work_dir / MEASURED_FILE),
    )
    _write_text(folder / PAGE_FILE, page.text(facts))
    return folder


def _load(path):
    return keras.saving.load_model(path, compile=False, safe_mode=True)


def _networks(work_dir, folder):
    """The networks with rounded kernels, and as one LiteRT file."""
    networks = [_load(work_dir / name) for name in NETWORKS]
    for network in networks:
        round_kernels(network)
    with atomic.staged(folder) as staged:
        packaged.write(*networks, staged)
        for name in NETWORKS:
            compress(staged / name)


def round_kernels(network: keras.Model) -> None:
    """Rounds all weights but the vectors to what float16 holds; raises InputError if one is too large."""
    for weight in network.weights:
        if len(weight.shape) > 1:
            with np.errstate(over="ignore"):
                rounded = weight.numpy().astype(np.float16).astype(np.float32)
            if not np.isfinite(rounded).all():
                raise InputError(f"{weight.path}: holds a weight that is not finite in float16")
            weight.assign(rounded)


def compress(path: str | os.PathLike) -> None:
    """Rewrites a ``.keras`` file with its weights compressed byte plane by byte plane."""
    path = pathlib.Path(path)
    plain, packed = path.with_suffix(".plain.h5"), path.with_suffix(".packed.h5")
    try:
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        plain.write_bytes(files[_WEIGHTS])
        with h5py.File(plain) as source, h5py.File(packed, "w") as target:
            _copy(source, target)
        files[_WEIGHTS] = packed.read_bytes()
        with (
            atomic.atomic_write(path, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name, content in files.items():
                archive.writestr(name, content)
    finally:
        plain.unlink(missing_ok=True)
        packed.unlink(missing_ok=True)


def _copy(source, target):
    """Copies a group of an HDF5 file with its attributes; arrays are compressed."""
    target.attrs.update(source.attrs)
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            _copy(item, target.create_group(name))
        else:
            # One chunk, so that each byte plane is long enough for codes of its own.
            packing = {"compression": "gzip", "compression_opts": 9, "shuffle": True, "chunks": item.shape}
            filters = packing if item.ndim > 1 else {}
            target.create_dataset(name, data=item[()], **filters).attrs.update(item.attrs)


def machine() -> str:
    """What this computer has to compute with, in a few words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    graphics = tf.config.list_physical_devices("GPU")
    names = [
        tf.config.experimental.get_device_details(device).get("device_name", "GPU") for device in graphics
    ]
    return f"{cores} CPU cores, " + (", ".join(names) if names else "no GPU")


def _stage(work_dir, kind, settings):
    """Pictures, visits and hours of one stage, from its ``metrics.csv``; None if there is none."""
    path = work_dir / kind / "metrics.csv"
    if not path.exists():
        return None
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        "pictures": len(rows) * settings.chunk_pictures,
        "visits": settings.spans[kind].visits,
        "hours": sum(float(row["seconds"]) for row in rows) / 3600,
    }


def _measured(path):
    """The rows of ``measured.json``; none if there is no such file."""
    if not path.exists():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows):
            raise ValueError("rows differ in their keys")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: expected a list of objects with the same keys each ({error})") from None
    return rows


def _write_text(path, text):
    with atomic.atomic_write(path) as file:
        file.write(text)
