"""The page over HTTP, as a Starlette application: few routes, small uploads, one frame at a time."""

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import importlib.resources

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crossinfo.demo import answers
from datasets.errors import InputError

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
FILES = {
    "/": ("crossinfo", "web/demo.html", "text/html"),
    "/report.css": ("crossinfo.reports", "templates/report.css", "text/css"),
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
    """What one visitor may take of the machine.

    Args:
        body_bytes: int. Size of an upload.
        requests: int. Frames being received, waiting and worked on, together.
        seconds: float. Time for an upload to arrive.
    """

    body_bytes: int = 16 * 2**20
    requests: int = 8
    seconds: float = 30.0


def make(served, samples, hosts=LOCAL_HOSTS, limits=None):
    """The application.

    Args:
        served: ``crossinfo.inference.loading.Predictor``.
        samples: list of ``crossinfo.demo.samples.Sample``.
        hosts: names by which the page may be called. A page of somebody else, whose own name was made
            to lead here, is refused.
        limits: Limits, the defaults if None.
    """
    limits = limits or Limits()
    desk = Desk(served, limits)
    about = _about(served, samples, limits)
    return Starlette(
        routes=[
            *(_fixed(path, _text(*file), kind) for path, (*file, kind) in FILES.items()),
            *(_fixed(f"/samples/{i}.png", sample.png, "image/png") for i, sample in enumerate(samples)),
            *(_fixed(f"/pictures/{i}.png", sample.picture, "image/png") for i, sample in enumerate(samples)),
            Route("/about.json", lambda request: JSONResponse(about)),
            Route("/estimate", desk.estimate, methods=["POST"]),
        ],
        middleware=[
            Middleware(_Headers),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        exception_handlers={
            InputError: lambda request, error: _failed(400, error),
            HTTPException: lambda request, error: _failed(error.status_code, error.detail, error.headers),
            ClientDisconnect: lambda request, error: Response(status_code=400),
            Exception: lambda request, error: _failed(
                500, "the program failed on this frame; see its terminal"
            ),
        },
        lifespan=desk.lifespan,
    )


class Desk:
    """Takes frames one at a time and lets few wait; what is more is turned away."""

    def __init__(self, served, limits):
        self._served = served
        self._limits = limits
        self._present = 0
        self._worker = concurrent.futures.ThreadPoolExecutor(1, "frames")

    async def estimate(self, request):
        """``POST /estimate?fx=&fy=&cx=&cy=&depth_scale=&hand=&name=`` with a PNG as its body."""
        settings = answers.Settings.parse(request.query_params)
        # Another site's page cannot send this type here without asking first, which is never granted.
        if request.headers.get("content-type") != "image/png":
            raise HTTPException(415, "expected a body of type image/png")
        with self._place():
            data = await self._body(request)
            found = await asyncio.get_running_loop().run_in_executor(
                self._worker, answers.answer, self._served, data, settings
            )
        return JSONResponse(found)

    @contextlib.contextmanager
    def _place(self):
        if self._present >= self._limits.requests:
            text = "too many frames at once; try again in a moment"
            raise HTTPException(503, text, headers={"retry-after": "1"})
        self._present += 1
        try:
            yield
        finally:
            self._present -= 1

    async def _body(self, request):
        """The body, as raw bytes in memory: a form with files in it would be kept on disk."""
        too_large = HTTPException(413, f"the file is larger than {self._limits.body_bytes >> 20} MiB")
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._limits.body_bytes:
            raise too_large
        try:
            return await asyncio.wait_for(self._read(request, too_large), self._limits.seconds)
        except asyncio.TimeoutError:  # noqa: UP041  (another class before Python 3.11)
            raise HTTPException(408, "the file did not arrive in time") from None

    async def _read(self, request, too_large):
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > self._limits.body_bytes:
                raise too_large
        return bytes(data)

    @contextlib.asynccontextmanager
    async def lifespan(self, app):
        """At the end, frames that wait are dropped."""
        yield
        self._worker.shutdown(wait=False, cancel_futures=True)


def _about(served, samples, limits):
    """What the page has to know, as a dict for JSON."""
    card = served.card
    return {
        "name": served.name,
        "variant": card.variant,
        "dataset": card.dataset,
        "cube_mm": card.cube_mm,
        "joints": card.joints,
        "bones": card.bones,
        "body_bytes": limits.body_bytes,
        "samples": [
            {"title": sample.title, "hand": sample.hand, "depth_scale": 1} | dataclasses.asdict(sample.camera)
            for sample in samples
        ],
    }


def _fixed(path, content, kind):
    return Route(path, lambda request: Response(content, media_type=kind))


def _text(package, name):
    return importlib.resources.files(package).joinpath(name).read_text(encoding="utf-8")


def _failed(status, error, headers=None):
    return JSONResponse({"error": " ".join(str(error).split())}, status, headers)


class _Headers:
    """Puts ``HEADERS`` on every answer."""

    def __init__(self, app):
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope, receive, send):
        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, send_with_headers)
