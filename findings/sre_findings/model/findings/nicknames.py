"""The names by which people know some vulnerabilities, and their IDs.

Only names that mean one ID are listed. Source: the names that their finders or the press gave them,
as in the references of their entries at https://www.cve.org.
"""

from __future__ import annotations

_IDS = {
    "baronsamedit": "CVE-2021-3156",
    "bluekeep": "CVE-2019-0708",
    "dirtycow": "CVE-2016-5195",
    "dirtypipe": "CVE-2022-0847",
    "eternalblue": "CVE-2017-0144",
    "follina": "CVE-2022-30190",
    "ghostcat": "CVE-2020-1938",
    "heartbleed": "CVE-2014-0160",
    "leakyvessels": "CVE-2024-21626",
    "log4shell": "CVE-2021-44228",
    "looneytunables": "CVE-2023-4911",
    "meltdown": "CVE-2017-5754",
    "poodle": "CVE-2014-3566",
    "printnightmare": "CVE-2021-34527",
    "proxylogon": "CVE-2021-26855",
    "pwnkit": "CVE-2021-4034",
    "rapidreset": "CVE-2023-44487",
    "react2shell": "CVE-2025-55182",
    "regresshion": "CVE-2024-6387",
    "shellshock": "CVE-2014-6271",
    "spring4shell": "CVE-2022-22965",
    "text4shell": "CVE-2022-42889",
    "xzbackdoor": "CVE-2024-3094",
    "zerologon": "CVE-2020-1472",
}


NAMES = tuple(_IDS)


def id_of(name: str) -> str | None:
    """Returns the ID of the vulnerability with this name; None if it is not listed.

    Case, spaces and punctuation are ignored.
    """
    return _IDS.get("".join(filter(str.isalnum, name.casefold())))
