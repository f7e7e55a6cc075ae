"""Prints, draws or posts the digest of each channel.

A failure in one channel does not affect the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sre_cli import exit_codes
from sre_cli.messages import tell
from sre_findings.model.errors import SreError
from sre_findings.nightly.digest import DigestData, Silence, digest_data, silence
from sre_findings.settings import Settings
from sre_reports.digest.delivery.channels import Route
from sre_reports.digest.messages.content import MAIN, NIGHT, RenderedDigest, render_digest
from sre_reports.digest.messages.report_links import Report
from sre_reports.slack.message import Message

if TYPE_CHECKING:
    from sre_findings.sources.sources import Sources
    from sre_reports.digest.delivery.courier import Picture


@dataclass(frozen=True)
class Digest:
    """What to report.

    The digest is of the snapshot ``as_of`` (the newest by default), which must not be older than
    ``since``, compared with the snapshot ``days`` days before. Channels with the same owners share
    the queries.
    """

    sources: Sources
    settings: Settings
    as_of: str | None
    since: datetime | None = None
    days: int = 1
    _known: dict[tuple[str, ...], DigestData | Silence] = field(default_factory=dict)

    def content(self, route: Route) -> DigestData | Silence:
        """Returns the content for a channel: the data of the snapshot, or that it is missing."""
        if route.owners not in self._known:
            found = (
                silence(self.sources)
                if self._missing()
                else digest_data(self.sources, self.as_of, route.owners, self.days)
            )
            self._known[route.owners] = found
        return self._known[route.owners]

    def _missing(self) -> bool:
        """Returns whether there is no snapshot since ``since``."""
        latest = self.sources.stores.snapshots.latest()
        return self.since is not None and (latest is None or latest.started_at < self.since)

    def messages(self, route: Route) -> RenderedDigest:
        """Returns the messages for a channel."""
        return render_digest(self.content(route), Report(self.settings.public_url), page=route.page)


def print_all(digest: Digest, routes: Sequence[Route]) -> int:
    """Prints the messages of all channels as one JSON object, as Slack would get them.

    Returns the exit code, as do ``draw_all`` and ``post_all``.
    """
    digests: list[dict[str, Any]] = []

    def deliver(route: Route) -> RenderedDigest:
        found = digest.messages(route)
        digests.append(_json(route, found))
        return found

    code = _each(routes, deliver)
    click.echo(json.dumps({"digests": digests}, indent=2, ensure_ascii=False))
    return code


def _json(route: Route, found: RenderedDigest) -> dict[str, Any]:
    values = {
        "channel": route.channel,
        "owners": list(route.owners),
        "key": found.key,
        "kind": found.kind,
        "page": found.paged,
    }
    thread = [{"part": part, **_message(message)} for part, message in found.thread]
    return {**values, "message": _message(found.message), "thread": thread}


def _message(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks), "classic": list(message.classic)}


def draw_all(digest: Digest, routes: Sequence[Route], folder: Path) -> int:
    """Draws the message of each channel as a PNG in ``folder``, and prints its path."""
    from sre_findings.files import output, output_folder
    from sre_reports.digest.preview.picture import preview

    place = output_folder(folder)

    def deliver(route: Route) -> RenderedDigest:
        found = digest.messages(route)
        with output(place / f"{route.channel}.png") as file:
            file.write(preview(found, digest.sources.now()))
        click.echo(str(folder / f"{route.channel}.png"))
        return found

    return _each(routes, deliver)


def post_all(digest: Digest, routes: Sequence[Route], *, again: bool) -> int:
    """Posts what was not posted yet, and prints a line for each channel.

    ``again`` posts under a new key, so that nothing counts as posted.
    """
    from sre_reports.digest.delivery.bot_token import bot_token
    from sre_reports.digest.delivery.courier import Courier
    from sre_reports.digest.delivery.posts import posts_of
    from sre_reports.digest.delivery.slack_api import open_web

    token, address = bot_token(digest.settings), digest.settings.slack_api_url
    more = f"-again-{digest.sources.now():%Y%m%dT%H%M%S%fZ}" if again else ""

    def deliver(route: Route) -> RenderedDigest:
        found = _fresh(digest, route, digest.messages(route), again=again)
        key, web = found.key + more, open_web(token, address)
        courier = Courier(
            web,
            posts_of(digest.sources, route.channel, key),
            route.channel,
            key,
            notify=_print_error,
        )
        done = courier.deliver(
            found, _picture(digest.content(route)) if found.kind == NIGHT else None
        )
        state = f"posted {', '.join(done.posted)}" if done.posted else "already posted"
        click.echo(f"{route.channel}  {key}  {found.kind}: {state}")
        return found

    return _each(routes, deliver)


def _fresh(digest: Digest, route: Route, found: RenderedDigest, *, again: bool) -> RenderedDigest:
    """Returns the digest, or the message that no snapshot was made since the last digest.

    The message replaces a digest that was already posted a day ago, so that a failed scan is
    noticed.
    """
    from sre_reports.digest.delivery.posts import A_NIGHT, posts_of

    sent = posts_of(digest.sources, route.channel, found.key).sent(MAIN)
    if (
        again
        or digest.as_of
        or sent is None
        or sent.at is None
        or digest.sources.now() - sent.at < A_NIGHT
    ):
        return found
    return render_digest(silence(digest.sources), Report(digest.settings.public_url))


def _picture(found: DigestData | Silence) -> Picture | None:
    """Returns the trend as a picture with alt text, drawn only if Slack cannot show a chart."""
    from sre_reports.digest.delivery.courier import Picture

    if isinstance(found, Silence) or len(found.material.trend.items) < 2:
        return None

    def draw() -> tuple[bytes, str]:
        from sre_reports.pictures.cards import trend

        card = trend(found.material)
        return card.png, card.alt

    return Picture(draw)


def _each(routes: Iterable[Route], act: Callable[[Route], RenderedDigest]) -> int:
    """Calls ``act`` for each channel and prints the errors. Returns the highest exit code."""
    codes = [exit_codes.ANSWERED]
    for route in routes:
        try:
            codes.append(exit_codes.ANSWERED if act(route).sure else exit_codes.UNSURE)
        except SreError as error:
            _print_error(f"{route.channel}: {error}")
            codes.append(exit_codes.of_error(error))
    return max(codes)


def _print_error(text: str) -> None:
    tell(text)
