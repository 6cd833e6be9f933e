"""The page as a Starlette application: few routes, small uploads, one frame at a time."""

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import importlib.resources
import re
from collections.abc import AsyncIterator, Collection, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from crossinfo.demo import answers
from crossinfo.demo.samples import Sample
from crossinfo.inference.loading import Predictor
from datasets.errors import InputError

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
PNG = "image/png"
# {path: (package, file, media type)}
FILES = {
    "/": ("crossinfo", "web/demo.html", "text/html"),
    "/report.css": ("crossinfo", "reports/templates/report.css", "text/css"),
    "/demo.css": ("crossinfo", "web/demo.css", "text/css"),
    "/hand3d.js": ("crossinfo", "web/hand3d.js", "text/javascript"),
    "/demo.js": ("crossinfo", "web/demo.js", "text/javascript"),
}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits on uploads.

    Args:
        body_bytes: Size of an upload.
        requests: Number of frames that are being received, queued or processed.
        seconds: Time for an upload to arrive.
    """

    body_bytes: int = 16 * 2**20
    requests: int = 8
    seconds: float = 30.0


def create(
    predictor: Predictor,
    samples: Sequence[Sample],
    hosts: Collection[str] = LOCAL_HOSTS,
    limits: Limits | None = None,
) -> Starlette:
    """The application.

    Args:
        predictor: The network.
        samples: Frames that the page offers to start with.
        hosts: Host names under which the page may be requested. All others are refused, so that a foreign
            site whose name was pointed at this address (DNS rebinding) cannot use it.
        limits: Limits on uploads; the defaults if None.
    """
    limits = limits or Limits()
    queue = FrameQueue(predictor, limits)
    about = _about(predictor, samples, limits)
    return Starlette(
        routes=[
            *(_static(path, _text(*file), kind) for path, (*file, kind) in FILES.items()),
            *(_static(f"/samples/{i}.png", sample.png, PNG) for i, sample in enumerate(samples)),
            *(_static(f"/thumbnails/{i}.png", sample.thumbnail, PNG) for i, sample in enumerate(samples)),
            Route("/about.json", lambda request: JSONResponse(about)),
            Route("/estimate", queue.estimate, methods=["POST"]),
        ],
        middleware=[
            Middleware(_SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        exception_handlers={
            InputError: lambda request, error: _error(400, _without_backticks(error)),
            HTTPException: lambda request, error: _error(error.status_code, error.detail, error.headers),
            ClientDisconnect: lambda request, error: Response(status_code=400),
            Exception: lambda request, error: _error(500, "internal error on this frame; see the terminal"),
        },
        lifespan=queue.lifespan,
    )


class FrameQueue:
    """Processes frames one at a time: a bounded queue, 503 when full.

    Args:
        predictor: The network.
        limits: Limits on uploads.
    """

    def __init__(self, predictor: Predictor, limits: Limits):
        self._predictor = predictor
        self._limits = limits
        self._length = 0
        self._worker = concurrent.futures.ThreadPoolExecutor(1, "frames")

    async def estimate(self, request: Request) -> Response:
        """``POST /estimate?fx=&fy=&cx=&cy=&depth_scale=&hand=&name=`` with a PNG as its body."""
        settings = answers.FrameSettings.from_query(request.query_params)
        # A page of another site may send this type only after a preflight request, which is never granted.
        if request.headers.get("content-type") != PNG:
            raise HTTPException(415, f"expected a body of type {PNG}")
        with self._slot():
            data = await self._body(request)
            answer = await asyncio.get_running_loop().run_in_executor(
                self._worker, answers.answer, self._predictor, data, settings
            )
        return JSONResponse(answer)

    @contextlib.contextmanager
    def _slot(self):
        if self._length >= self._limits.requests:
            message = "too many frames at once; try again in a moment"
            raise HTTPException(503, message, headers={"retry-after": "1"})
        self._length += 1
        try:
            yield
        finally:
            self._length -= 1

    async def _body(self, request):
        """The body as bytes, read here since Starlette's form parser would spool files to disk."""
        too_large = HTTPException(413, f"the file is larger than {self._limits.body_bytes >> 20} MiB")
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._limits.body_bytes:
            raise too_large
        try:
            return await asyncio.wait_for(self._read(request, too_large), self._limits.seconds)
        except asyncio.TimeoutError:  # noqa: UP041  (a class of its own before Python 3.11)
            raise HTTPException(408, "the upload took too long") from None

    async def _read(self, request, too_large):
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > self._limits.body_bytes:
                raise too_large
        return bytes(data)

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Drops the queued frames when the application ends."""
        yield
        self._worker.shutdown(wait=False, cancel_futures=True)


def _about(predictor, samples, limits):
    """What the page needs to know at the start, as a dict for JSON."""
    card = predictor.card
    return {
        "name": predictor.name,
        "variant": card.variant,
        "dataset": card.dataset,
        "cube_mm": card.cube_mm,
        "finds_hands": predictor.finds_hands,
        "joints": card.joints,
        "bones": card.bones,
        "body_bytes": limits.body_bytes,
        "samples": [
            {"title": sample.title, "hand": sample.hand, "depth_scale": 1} | dataclasses.asdict(sample.camera)
            for sample in samples
        ],
    }


def _static(path, content, kind):
    return Route(path, lambda request: Response(content, media_type=kind))


def _text(package, name):
    return importlib.resources.files(package).joinpath(name).read_text(encoding="utf-8")


def _error(status, message, headers=None):
    return JSONResponse({"error": " ".join(str(message).split())}, status, headers)


def _without_backticks(error):
    """A library's message with the arguments it names as the page names its fields."""
    return re.sub(r"`(\w+)`", r"\1", str(error))


class _SecurityHeaders:
    """Middleware that adds ``HEADERS`` to every response."""

    def __init__(self, app: ASGIApp):
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, send_with_headers)
