"""Where a message leads: a place that asks who you are, never a link that opens for whoever holds
it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Links:
    """The server's public address as ``SRE_PUBLIC_URL`` has it, ``https://host/mcp`` or without its
    path; empty where there is none, and then nothing is linked.
    """

    public_url: str = ""

    def report(self, night: str, view: str = "", state: str = "") -> str:
        """The page of a night, or of a ``view`` of it, opened at a ``state`` such as ``q=i-0123``;
        empty without an address."""
        base = self.public_url.rstrip("/").removesuffix("/mcp")
        if not base:
            return ""
        folder = f"{view.rstrip('/')}/" if view else ""
        return f"{base}/reports/{quote(night, safe='')}/{folder}" + (f"#{state}" if state else "")

    def resource(self, night: str, resource_id: str) -> str:
        """The page of a night with the findings of one resource."""
        return self.report(night, state=f"q={quote(resource_id, safe='')}")
