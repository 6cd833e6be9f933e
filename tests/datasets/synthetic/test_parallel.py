import pytest

from datasets.synthetic import parallel


def numbers(start, stop):
    return list(range(start, stop))


def fail_at_the_second_chunk(start, stop):
    if start:
        raise ValueError(f"no frame {start}")
    return start


@pytest.mark.parametrize("workers", [1, 2])
def test_chunks_come_in_order_and_cover_every_frame_once(workers):
    chunk = parallel.CHUNK
    frames = 2 * chunk + 3
    chunks = list(parallel.map_chunks(numbers, frames, workers))
    assert [(start, stop) for start, stop, _ in chunks] == [
        (0, chunk),
        (chunk, 2 * chunk),
        (2 * chunk, frames),
    ]
    assert [number for _, _, part in chunks for number in part] == list(range(frames))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_chunk_is_raised(workers):
    with pytest.raises(ValueError, match=f"no frame {parallel.CHUNK}"):
        list(parallel.map_chunks(fail_at_the_second_chunk, 2 * parallel.CHUNK, workers))
