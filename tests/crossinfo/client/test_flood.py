"""Ten thousand good and bad requests at once: every answer right, none lost, memory flat."""

import concurrent.futures
import pathlib
import random

import numpy as np
import pytest

from datasets.errors import InputError
from tests.crossinfo.client.bad_requests import BAD, NO_HAND, REST_PASSES_OVER
from tests.crossinfo.client.scenes import CAMERA, hand_frame, png

REQUESTS, CONCURRENCY, WARM_UP = 10_000, 16, 2_000
SIZES = ((60, 80), (70, 90), (120, 160))


@pytest.fixture(scope="module")
def good(newest):
    """[(signature, inputs, answer)] of frames of several sizes, hands at several places, and no hand."""
    frames = [hand_frame(size, (5 + 4 * i, 3 + 9 * i)) for size in SIZES for i in range(4)]
    jobs = [("png", {"image_bytes": [png(frame)], "camera": CAMERA}) for frame in frames]
    jobs += [("serving_default", {"depth": frame[None], "camera": CAMERA}) for frame in frames[:6]]
    jobs += [("serving_default", {"depth": depth, "camera": CAMERA}) for depth in NO_HAND.values()]
    jobs += [("centred", jobs[-5][1] | {"centre_mm": np.float32([[5, 0, 410]])})]
    jobs += [("crop", {"crop": np.full((1, 96, 96, 1), value, np.float32)}) for value in (-0.5, 0.5)]
    return [(signature, inputs, newest.call(signature, **inputs)) for signature, inputs in jobs]


def resident_kib(pid):
    (line,) = (
        line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line
    )
    return int(line.split()[1])


def outcome(remote, job):
    """right, refused, or what was wrong with the answer."""
    if isinstance(job, str):
        signature, inputs, _ = BAD[job]
        try:
            remote.call(signature, **inputs)
        except InputError:
            return "refused"
        return f"{job}: not refused"
    signature, inputs, expected = job
    found = remote.call(signature, **inputs)
    same = found.keys() == expected.keys() and all(
        np.allclose(found[name], expected[name], atol=0.05) for name in expected
    )
    return "right" if same else f"{signature}: a wrong answer"


@pytest.mark.slow
def test_memory_is_flat_over_ten_thousand_mixed_requests(server, good):
    """A third is bad, in random order, over both protocols at once."""
    order = random.Random(5)
    bad = [what for what in BAD if what != REST_PASSES_OVER]
    jobs = [order.choice(bad) if order.random() < 1 / 3 else order.choice(good) for _ in range(REQUESTS)]
    with server.connect("rpc", retries=0) as rpc, server.connect("rest", retries=0, connections=16) as rest:
        with concurrent.futures.ThreadPoolExecutor(CONCURRENCY) as pool:

            def run(jobs):
                remotes = (rpc, rest) * (len(jobs) // 2)
                return list(pool.map(outcome, remotes, jobs))

            run(jobs[:WARM_UP])
            before, memory_kib, outcomes = resident_kib(server.pid), [], []
            for start in range(0, REQUESTS, 1000):
                outcomes += run(jobs[start : start + 1000])
                memory_kib.append(resident_kib(server.pid))
    refused = sum(isinstance(job, str) for job in jobs)
    print(f"memory after warm-up {before} KiB, then {memory_kib}")
    assert outcomes.count("refused") == refused, set(outcomes)
    assert outcomes.count("right") == REQUESTS - refused, set(outcomes)
    assert memory_kib[-1] <= 1.05 * before
