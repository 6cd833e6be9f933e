"""Persons behind their hands: torso, head, upper arms; and heads, feet and arms without a hand."""

import numpy as np

from datasets.geometry import project
from datasets.synthetic import arms, solids
from datasets.synthetic.arms import Arm
from datasets.synthetic.devices import Device
from datasets.synthetic.kinematics import about
from datasets.synthetic.mesh import Mesh, join

_X, _Y, _Z = np.eye(3)
# Share of heads without other hair whose hair is not measured.
_DARK_HAIR = 0.6
# Places along the spine from the shoulders down, half widths and half depths, of an average torso.
_TORSO = np.array(
    [
        [-95, 55, 55],
        [-60, 75, 60],
        [-25, 150, 80],
        [20, 185, 105],
        [120, 180, 120],
        [260, 155, 115],
        [380, 170, 120],
        [520, 185, 125],
    ],
    float,
)


def torso(rng: np.random.Generator) -> Mesh:
    """Chest, neck and hips: x across, y down, z backwards; the origin is between the shoulders."""
    sides = 20
    angle = np.arange(sides) * (2 * np.pi / sides)
    place, width, depth = (_TORSO * rng.uniform([0.9, 0.85, 0.8], [1.1, 1.15, 1.3])).T
    rings = np.sqrt(
        1 / ((np.cos(angle) / width[:, None]) ** 2 + (np.sin(angle) / depth[:, None]) ** 2)
    )  # an ellipse's radius
    folds = 1 + rng.normal(0, rng.uniform(0, 0.03), rings.shape)
    # Tubes count their sides from the axis x about the way they go.
    return solids.tube(np.outer(place, _Y), rings * folds, sides)


def legs(rng: np.random.Generator) -> list[Mesh]:
    """Upper legs in the torso's frame, of someone who stands or sits."""
    end = np.array([0, 480 + 420, 0]) if rng.random() < 0.5 else np.array([0, 520, -420])
    end = end + rng.normal(0, 40, 3)
    return [
        solids.capsule([side * 95, 480, 0], end + [side * rng.uniform(90, 170), 0, 0], (95, 65), 12)
        for side in (-1, 1)
    ]


def head(rng: np.random.Generator) -> Mesh:
    """A head with a nose, hair at times; its neck ends at the origin, y down, looking to -z.

    At times its hair sends back no light, so that a face is all there is.
    """
    size = rng.uniform(0.88, 1.1)
    skull = solids.ellipsoid((76, 112, 96)).moved(np.eye(3), [0, -150, 0])
    nose = solids.capsule([0, -155, -92], [0, -130, -104], (7, 12), 8)
    chin = solids.ellipsoid((48, 40, 50)).moved(np.eye(3), [0, -75, -42])
    ears = [solids.ellipsoid((8, 28, 18)).moved(np.eye(3), [side * 78, -145, 5]) for side in (-1, 1)]
    parts = [skull, nose, chin, *ears, solids.capsule([0, 20, 10], [0, -90, 10], (62, 56))]
    if rng.random() < 0.5:
        hair = solids.ellipsoid(rng.uniform([80, 95, 92], [105, 150, 125]))
        parts.append(hair.moved(np.eye(3), [0, -165, 25]))
    elif rng.random() < _DARK_HAIR:
        line, ears = -rng.uniform(170, 215), rng.uniform(-70, 10)
        parts = [_face(part, line, ears) for part in parts]
    mesh = join(parts)
    turned = about(_Y, rng.normal(0, 0.4)) @ about(_X, rng.normal(0, 0.2))
    return mesh.moved(turned * size, [0, -60, 0])


def _face(mesh, hairline, ears):
    """What of a part of the head lies below the hairline and before the ears; the neck stays."""
    middles = mesh.vertices_mm[mesh.triangles].mean(1)
    kept = (middles[:, 1] > hairline) & (middles[:, 2] < ears) | (middles[:, 1] > -85)
    return Mesh(mesh.vertices_mm, mesh.triangles[kept])


def person(rng: np.random.Generator, device: Device, arm: Arm) -> list[Mesh]:
    """Whom an arm belongs to: upper arm, torso, head, at times the other arm; behind the hand.

    Args:
        rng: numpy Generator.
        device: Device. The other arm is shown if its hand is out of the picture.
        arm: Arm. Its person faces the camera.
    """
    # Facing the camera, a person's right shoulder is to the left in the picture.
    side = 1.0 if arm.is_left else -1.0
    shoulder_mm = arms.shoulder(rng, arm, [-0.25 * side, -0.55, 0.75])
    facing = about(_Y, rng.normal(0, 0.3)) @ about(_X, rng.normal(0, 0.12)) @ about(_Z, rng.normal(0, 0.08))
    chest = torso(rng)
    half = float(chest.vertices_mm[:, 0].max()) * 0.92
    middle = shoulder_mm - facing @ [side * half, 10, 0]
    front = float(chest.moved(facing, middle).vertices_mm[:, 2].min())
    push = max(0.0, arm.joints_mm[:, 2].max() + rng.uniform(40, 150) - front)
    middle, shoulder_mm = middle + push * _Z, shoulder_mm + push * _Z
    meshes = [part.moved(facing, middle) for part in (chest, head(rng), *legs(rng))]
    meshes += arms.upper(arm, shoulder_mm)
    if rng.random() < 0.5:
        meshes.append(arms.sleeve(rng, arm, shoulder_mm))
    other = middle - facing @ [side * half, -10, 0]
    return meshes + hanging(rng, device, other, facing)


def hanging(
    rng: np.random.Generator, device: Device, shoulder_mm: np.ndarray, facing: np.ndarray
) -> list[Mesh]:
    """An arm that hangs down, if its hand is out of the picture; else none.

    Args:
        rng: numpy Generator.
        device: Device.
        shoulder_mm: [3].
        facing: [3, 3]. The person's rotation.
    """
    elbow = shoulder_mm + facing @ (np.array([0, 290, 0]) + rng.normal(0, 60, 3))
    wrist = elbow + facing @ (np.array([0, 240, -60]) + rng.normal(0, 70, 3))
    tip = wrist + (wrist - elbow) * 0.8
    if any(seen(point, device) for point in (wrist, tip)):
        return []
    thick = rng.uniform(34, 55)
    return [
        solids.capsule(shoulder_mm, elbow, (thick * 1.3, thick)),
        solids.capsule(elbow, wrist, (thick, thick * 0.7)),
    ]


def seen(point_mm: np.ndarray, device: Device, margin: float = 12.0) -> bool:
    """Whether a point [3] lies before the camera and in the picture, or within a margin in pixels."""
    if point_mm[2] < 50:
        return False
    u, v, _ = project(np.asarray(point_mm, float)[None], np.asarray(device.camera, float))[0]
    height, width = device.size
    return bool(-margin < u < width + margin and -margin < v < height + margin)


def foot(rng: np.random.Generator) -> Mesh:
    """A shoe-like or foot-like thing with a leg along -y."""
    length, width = rng.uniform(180, 280), rng.uniform(35, 50)
    leg = rng.normal([0, -350, 0], [60, 40, 60])
    heel, ball = np.array([0.0, 0, 0]), np.array([0, 15, -length * 0.65])
    toes = [
        solids.capsule(ball + [x, 5, 10], ball + [x * 1.1, 8, -25 - rng.uniform(0, 15)], (12, 9), 8)
        for x in np.linspace(-width * 0.7, width * 0.7, 5)
    ]
    parts = [
        solids.capsule(heel, ball, (width * 0.8, width)),
        solids.capsule(heel, leg, (width * 0.9, width * 1.2)),
    ]
    return join(parts + (toes if rng.random() < 0.5 else []))


def stump(rng: np.random.Generator, start_mm: np.ndarray, way: np.ndarray) -> list[Mesh]:
    """An arm or sleeve that ends without a hand.

    Args:
        rng: numpy Generator.
        start_mm: [3]. Its end.
        way: [3]. Unit vector along which it goes away.
    """
    radius = rng.uniform(22, 48)
    elbow = start_mm + way * rng.uniform(150, 320)
    on = elbow + rng.normal(0, 150, 3) + way * 250
    first = solids.capsule(start_mm, elbow, (radius, radius * rng.uniform(1, 1.5)))
    if rng.random() < 0.5:
        first = solids.tube(np.stack([start_mm, elbow]), np.array([radius, radius * rng.uniform(1, 1.5)]))
    return [first, solids.capsule(elbow, on, (radius * 1.3, radius * 1.7))]
