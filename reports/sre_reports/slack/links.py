"""Links to reports. They require a login; they are never download links."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Links:
    """Links to the server at its public URL (``SRE_PUBLIC_URL``), with or without ``/mcp``.

    If the URL is empty, there are no links.
    """

    public_url: str = ""

    def report(self, day: str, view: str = "", state: str = "") -> str:
        """Returns the URL of the report of a date, or of a ``view`` of it.

        ``state`` has filters such as ``q=i-0123``. The result is empty without a public URL.
        """
        base = self.public_url.rstrip("/").removesuffix("/mcp")
        if not base:
            return ""
        folder = f"{view.rstrip('/')}/" if view else ""
        return f"{base}/reports/{quote(day, safe='')}/{folder}" + (f"#{state}" if state else "")

    def resource(self, day: str, resource_id: str) -> str:
        """Returns the URL of the report of a date, filtered by one resource."""
        return self.report(day, state=f"q={quote(resource_id, safe='', errors='replace')}")
