"""The buttons of a digest: views of the report, which requires a login."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sre_findings.model.access import ALL
from sre_findings.model.timestamps import iso_date
from sre_findings.nightly.digest import DigestData
from sre_reports.publishing.report_files import View
from sre_reports.slack.blocks import Button
from sre_reports.slack.links import Links

_PAGES = 4  # maximum number of owners with a button, in a channel of several owners


@dataclass(frozen=True, slots=True)
class Report:
    """The server's public URL; without one there are no buttons."""

    public_url: str = ""

    def buttons(self, found: DigestData) -> Sequence[Button]:
        """Returns the buttons Open report, Past SLA and KEV only; for several owners, one each."""
        as_of = found.material.proof.as_of
        if not as_of or not self.public_url:
            return ()
        links, night = Links(self.public_url), iso_date(as_of)
        views = [View() if owner == ALL else View("owner", owner) for owner in found.owners]
        if len(views) > 1:
            return [
                Button(
                    f"Report for {view.value}",
                    f"open_report_{n}",
                    url=links.report(night, view.folder),
                )
                for n, view in enumerate(views[:_PAGES])
            ]
        states = (("Open report", ""), ("Past SLA", "only=late&sort=sla"), ("KEV only", "only=kev"))
        return [
            Button(
                text,
                f"open_report_{n}",
                url=links.report(night, views[0].folder, state),
                primary=not n,
            )
            for n, (text, state) in enumerate(states)
        ]
