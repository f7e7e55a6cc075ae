"""The simulator as an HTTP endpoint on loopback that boto3 and the AWS CLI use as Inspector.

Example::

    with Simulator(default_fleet()) as simulator:
        boto3.client("inspector2", endpoint_url=simulator.url, region_name="eu-west-1")
"""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

from sre_simulator.fleet.changes import Change
from sre_simulator.inspector.dispatcher import Dispatcher, Request
from sre_simulator.inspector.faults import Fault
from sre_simulator.inspector.paging import Mode, Pager
from sre_simulator.inspector.tokens import Tokens
from sre_simulator.inspector.transport import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from sre_simulator.fleet.organization import Fleet

__all__ = ["Change", "Fault", "Request", "Simulator"]


class Simulator:
    """Serves a fleet from a thread while it is entered.

    `mode` is how pages are divided (see `paging.Pager`) and `page_bound` the maximum page size.
    `rate` calls per second with `burst` at once are allowed for each operation and region; others
    get 429. Each response takes `latency` seconds. `token_ttl` is in seconds of the virtual clock,
    which stays at the fleet's newest day until it is set. `keys` maps access keys to accounts; a
    key of SIM and an account id is that account, any other key the delegated administrator. The
    newest `log_limit` requests are kept.
    """

    def __init__(  # noqa: PLR0913 -- one keyword for each setting of a test
        self,
        fleet: Fleet,
        port: int = 0,
        mode: Mode = "clean",
        *,
        rate: float | None = None,
        burst: float = 10,
        latency: float = 0.0,
        faults: Iterable[Fault] = (),
        changes: Iterable[Change] = (),
        keys: Mapping[str, str] | None = None,
        token_ttl: float | None = None,
        page_bound: int | None = None,
        log_limit: int = 10_000,
        seed: int = 1,
    ) -> None:
        pager = Pager(Tokens(token_ttl), mode, page_bound, seed)
        self.fleet = fleet
        self._dispatcher = Dispatcher(
            fleet, pager, fleet.nights[-1].timestamp(), (rate, burst), log_limit
        )
        self._dispatcher.faults.extend(faults)
        self._dispatcher.changes.extend(changes)
        self._dispatcher.keys.update(keys or {})
        self._port = port
        self._latency = latency
        self._endpoint: Endpoint | None = None
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        self._endpoint = Endpoint(self._dispatcher, self._port, self._latency, Event())
        self._thread = Thread(
            target=self._endpoint.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._endpoint is not None and self._thread is not None:
            self._endpoint.stop()
            self._thread.join()
            self._endpoint = self._thread = None

    @property
    def url(self) -> str:
        """The URL, for AWS_ENDPOINT_URL_INSPECTOR2 or endpoint_url."""
        if self._endpoint is None:
            raise RuntimeError("the simulator is not running: enter it with `with`")
        return f"http://127.0.0.1:{self._endpoint.server_port}"

    @property
    def requests(self) -> list[Request]:
        """The log of requests, oldest first."""
        with self._dispatcher.lock:
            return list(self._dispatcher.log)

    @property
    def faults(self) -> list[Fault]:
        """The faults; may be changed while it runs."""
        return self._dispatcher.faults

    @property
    def changes(self) -> list[Change]:
        """The scripted changes; may be changed while it runs."""
        return self._dispatcher.changes

    @property
    def clock(self) -> datetime:
        """The time of the virtual clock."""
        return datetime.fromtimestamp(self._dispatcher.now, UTC)

    @clock.setter
    def clock(self, moment: datetime) -> None:
        self._dispatcher.now = moment.timestamp()

    def apply(self, change: Change, region: str = "eu-west-1") -> None:
        """Applies a change now, in the change's region or else in the given one."""
        self._dispatcher.apply(change, change.region or region)
