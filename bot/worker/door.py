"""A worker's own HTTP port, where an operator wants one: numbers for Prometheus, and signs of life.

Nothing else listens, and nothing that is asked here changes anything.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.metrics import CONTENT_TYPE, Metrics
from bot.settings import SettingsError
from bot.worker.counts import OUTCOMES, Counts
from bot.worker.fleet import Fleet
from bot.worker.worker import Worker


class _Orders(Collector):
    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """What came of this worker's orders."""
        family = CounterMetricFamily(
            "tlscheck_orders", "What came of this worker's orders", labels=["outcome"]
        )
        for outcome in OUTCOMES:
            family.add_metric([outcome], self._counts.total[outcome])
        yield family


@asynccontextmanager
async def open_door(
    port: int | None, worker: Worker, metrics: Metrics, host: str | None = None
) -> AsyncIterator[int | None]:
    """Listen until the end of the block.

    Args:
        port: TLSCHECK_METRICS_PORT; None: nothing listens.
        worker: Whose numbers are shown.
        metrics: What its checks are counted in.
        host: The interface; every one when None.

    Yields:
        The port.

    Raises:
        SettingsError: The port cannot be had.
    """
    if port is None:
        yield None
        return
    metrics.registry.register(_Orders(worker.counts))
    fleet = Fleet(worker.connection, metrics.registry, worker.key, only=worker.queues)

    async def numbers(_request: web.Request) -> web.Response:
        await fleet.look()
        return web.Response(body=metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_request: web.Request) -> web.Response:
        known = worker.known
        problems = {} if known else {"redis": "does not answer: no checks arrive"}
        return web.json_response(
            {"ready": known, "problems": problems}, status=200 if known else 503
        )

    app = web.Application(client_max_size=1024)
    app.router.add_get("/metrics", numbers)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else "cannot be opened"
            msg = f"TLSCHECK_METRICS_PORT: port {port} {reason}"
            raise SettingsError(msg) from error
        yield runner.addresses[0][1]
    finally:
        async with asyncio.timeout(5):
            await runner.cleanup()
