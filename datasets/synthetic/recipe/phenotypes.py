"""People as MakeHuman describes them, how they are drawn, and which targets make them."""

import dataclasses
import itertools

import numpy as np

AGES = ("baby", "child", "young", "old")
SEXES = ("male", "female")
MUSCLES = ("minmuscle", "averagemuscle", "maxmuscle")
WEIGHTS = ("minweight", "averageweight", "maxweight")
HEIGHTS = ("minheight", "averageheight", "maxheight")
PROPORTIONS = ("uncommonproportions", "averageproportions", "idealproportions")
ORIGINS = ("african", "asian", "caucasian")
# Targets of the hand and the forearm alone, -1 .. 1: mean and standard deviation.
LOCAL = {
    "hands/r-hand-fingers-diameter": (0.15, 0.35),
    "hands/r-hand-fingers-distance": (0.0, 0.25),
    "hands/r-hand-fingers-length": (0.0, 0.3),
    "hands/r-hand-scale": (0.0, 0.25),
    "hands/measure-wrist-circ": (0.1, 0.35),
    "arms/r-lowerarm-fat": (0.0, 0.35),
    "arms/r-lowerarm-muscle": (0.0, 0.35),
    "arms/r-lowerarm-scale-depth": (0.0, 0.3),
    "arms/r-lowerarm-scale-horiz": (0.0, 0.3),
    "arms/r-lowerarm-scale-vert": (0.0, 0.2),
}


@dataclasses.dataclass(frozen=True)
class People:
    """N people. Every value is 0 .. 1 and moves along its scale above (``AGES``: baby .. old).

    Args:
        age, sex, muscle, weight, height, proportions: float64 [N].
        origins: float64 [N, 3]. Shares of ``ORIGINS``, sum 1.
        local: float64 [N, 10]. The targets of ``LOCAL``, -1 .. 1.
    """

    age: np.ndarray
    sex: np.ndarray
    muscle: np.ndarray
    weight: np.ndarray
    height: np.ndarray
    proportions: np.ndarray
    origins: np.ndarray
    local: np.ndarray

    def factors(self) -> dict[str, np.ndarray]:
        """How far each person, float64 [N], is each of the words above, and has each target of ``LOCAL``."""
        scales = {
            AGES: self.age,
            SEXES: self.sex,
            MUSCLES: self.muscle,
            WEIGHTS: self.weight,
            HEIGHTS: self.height,
            PROPORTIONS: self.proportions,
        }
        factors = dict(zip(ORIGINS, self.origins.T, strict=True))
        for words, place in scales.items():
            factors |= zip(words, hats(place, len(words)).T, strict=True)
        for name, value in zip(LOCAL, self.local.T, strict=True):
            factors |= {f"{name}-incr": np.clip(value, 0, 1), f"{name}-decr": np.clip(-value, 0, 1)}
        return factors


def hats(place: np.ndarray, count: int) -> np.ndarray:
    """Linear interpolation weights [N, count] of ``place`` [N], 0 .. 1, between ``count`` even marks."""
    return np.clip(1 - np.abs(place[:, None] * (count - 1) - np.arange(count)), 0, 1)


def average() -> People:
    """One young adult in the middle of every scale."""
    half = np.array([0.5])
    return People(np.array([2 / 3]), half, half, half, half, half, np.full((1, 3), 1 / 3), np.zeros((1, 10)))


def draw(seed: int, count: int, children: bool) -> People:
    """``count`` random adults or children, a function of the arguments alone."""
    rng = np.random.default_rng(seed)
    woman = rng.random(count) < 0.5
    # The first row is not used, but the numbers of the shipped hand were drawn after it.
    _, as_woman, as_man = np.abs(rng.normal(0, 0.2, (3, count)))
    sex = np.clip(np.where(woman, 1 - as_woman, as_man), 0, 1)
    muscle, weight = np.clip(rng.normal(0.5, 0.22, (2, count)), 0, 1)
    height = np.clip(rng.normal(0.45, 0.08, count), 0.2, 0.7)
    proportions = rng.uniform(0, 1, count)
    origins = rng.dirichlet([0.7] * 3, count)
    if children:
        age = rng.uniform(0.25, 0.55, count)
    else:
        age = np.where(rng.random(count) < 0.7, rng.uniform(0.58, 0.8, count), rng.uniform(0.8, 1.0, count))
    mean, deviation = np.array(list(LOCAL.values())).T[..., None]
    local = np.clip(rng.normal(mean, deviation, (len(LOCAL), count)), -1, 1).T
    return People(age, sex, muscle, weight, height, proportions, origins, local)


def target_files() -> dict[tuple[str, ...], str]:
    """{words: file}: the factor of a target is the product of its words' factors."""
    files = {}
    for sex, age in itertools.product(SEXES, AGES):
        for origin in ORIGINS:
            files[origin, sex, age] = f"macrodetails/{origin}-{sex}-{age}"
        for body in itertools.product(MUSCLES, WEIGHTS):
            words = (sex, age, *body)
            name = "-".join(words)
            files[words] = f"macrodetails/universal-{name}"
            for height in HEIGHTS[::2]:
                files[(*words, height)] = f"macrodetails/height/{name}-{height}"
            for proportions in PROPORTIONS[::2] if age != "baby" else ():
                files[(*words, proportions)] = f"macrodetails/proportions/{name}-{proportions}"
    for name, way in itertools.product(LOCAL, ("decr", "incr")):
        files[(f"{name}-{way}",)] = f"{name}-{way}"
    return {words: f"targets/{name}.target.gz" for words, name in files.items()}
