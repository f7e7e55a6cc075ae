"""Descriptions in the style of the Linux kernel's CVE texts, as long and irregular as real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre_simulator.randomness import Dice

if TYPE_CHECKING:
    from sre_simulator.vulnerabilities.reference_data import Vulnerability

LONGEST = 1024  # Inspector truncates descriptions here, even within a word

_PLACES = (
    "wifi: mac80211",
    "net/sched: act_ct",
    "btrfs",
    "drm/amdgpu",
    "bpf",
    "netfilter: nf_tables",
    "ext4",
    "scsi: lpfc",
    "usb: gadget: ncm",
    "RDMA/mlx5",
    "Bluetooth: L2CAP",
    "io_uring",
    "KVM: x86",
    "mm/hugetlb",
    "f2fs",
    "ksmbd",
    "tipc",
    "media: uvcvideo",
    "ALSA: usb-audio",
    "nvme-tcp",
    "drm/i915/gt",
    "vsock/virtio",
    "xfs",
    "iommu/vt-d",
    "mptcp",
    "i40e",
    "ice",
    "net: hns3",
    "perf/x86",
    "dm-crypt",
    "smb: client",
    "fbdev: core",
    "crypto: qat",
    "tty: n_gsm",
)
_FLAWS = (
    "fix use-after-free in %s()",
    "fix null pointer dereference in %s()",
    "avoid out-of-bounds access in %s()",
    "fix memory leak in error path of %s()",
    "fix a race between %s() and teardown",
    "fix refcount underflow in %s()",
    "validate the length before %s() copies",
    "prevent an infinite loop in %s()",
    "do not sleep under a lock in %s()",
    "fix a double free after a failed %s()",
    "check the return value of %s()",
    "fix shift-out-of-bounds in %s()",
)
_VERBS = (
    "probe",
    "release",
    "xmit",
    "init",
    "destroy",
    "commit",
    "lookup",
    "insert",
    "dump",
    "resume",
    "parse",
    "alloc",
)
_NOUNS = (
    "queue",
    "ctx",
    "sess",
    "page",
    "ring",
    "entry",
    "link",
    "buf",
    "chain",
    "inode",
    "vport",
    "work",
    "set",
)


def _routine(dice: Dice) -> str:
    return f"{dice.pick(_NOUNS)}_{dice.pick(_VERBS)}_{dice.pick(_NOUNS)}"


def _trace(dice: Dice) -> str:
    lines = [
        f"  {_routine(dice)}+0x{dice.below(4096):x}/0x{dice.below(8192) + 4096:x}"
        for _ in range(3 + dice.below(18))
    ]
    return "\n\nCall Trace:\n <TASK>\n" + "\n".join(lines) + "\n </TASK>"


def kernel_text(name: str) -> str:
    """Returns a text for one of the kernel's CVE ids; equal ids have equal texts."""
    dice = Dice("prose", name)
    head = f"{dice.pick(_PLACES)}: {dice.pick(_FLAWS) % _routine(dice)}"
    text = (
        f"In the Linux kernel, the following vulnerability has been resolved:\n\n{head}\n\nWhen"
        f" {_routine(dice)}() fails after {_routine(dice)}() has run, the object is still on the"
        f" list, and {_routine(dice)}() reaches it later."
    )
    if dice.chance(0.6):
        text += (
            f" Take the lock before {_routine(dice)}() is called, and drop the reference only once."
        )
    return text + _trace(dice) if dice.chance(0.35) else text


def description(vulnerability: Vulnerability) -> str:
    """Returns the description of a finding, truncated like Inspector's.

    Like real ones, many start with a newline or a space.
    """
    dice = Dice("description", vulnerability.id, vulnerability.component)
    text = vulnerability.summary or kernel_text(vulnerability.id)
    if vulnerability.summary and dice.chance(0.4):
        text += (
            f" This affects {vulnerability.component.split(':')[-1]} as it is packaged by this"
            " distribution; the severity assumes a default configuration. Users are advised to"
            " update. There are no known workarounds for this vulnerability."
        )
    lead = dice.weighted((("\n ", 0.3), (" ", 0.3), ("", 0.4)))
    return (lead + text)[:LONGEST]
