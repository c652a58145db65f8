"""An entry of the catalogue as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime_fer.zoo.catalogue import Published

TRUST = "Trust on first use: what comes first is recorded, and whatever comes later must be the same."


def licence_lines(entry: Published) -> list[str]:
    """The terms, each with what it means; what a user agrees to."""
    lines = [f"licences of {entry.name}:"]
    for licence in entry.licences:
        lines += [f"  {licence.of}: {licence.name}", f"    {licence.means}", f"    {licence.url}"]
    return lines


def entry_lines(entry: Published) -> list[str]:
    """Everything that is known of an entry, and what is not."""
    from realtime_fer.zoo.hardware import hardware_lines, in_units
    from realtime_fer.zoo.user_folder import as_typed

    lines = [f"{entry.name}: {entry.title}", entry.what, ""]
    lines += ["pages:", *(f"  {page}" for page in entry.pages), "", *licence_lines(entry), ""]
    if entry.nothing_published is not None:
        lines += [f"files: none. {entry.nothing_published}"]
    if entry.by_hand is not None:
        lines += [f"files, to be fetched by hand ({entry.by_hand.why}):", *(f"  {file}" for file in entry.by_hand.files)]
    if entry.files:
        lines.append("files:")
        for file in entry.files:
            exactly = file.size_bytes and f"{file.size_bytes} bytes"
            about = file.about_bytes and f"about {in_units(file.about_bytes)}"
            digest = file.sha256 or (f"{file.sha256_starts}..." if file.sha256_starts else "not known")
            lines += [f"  {file.name}: {exactly or about or 'size not known'}, sha256 {digest}", f"    {file.url}"]
    if entry.size_note is not None:
        lines.append(f"size: {entry.size_note}")
    if entry.sha256_unknown is not None:
        lines.append(f"sha256: {entry.sha256_unknown} {TRUST}")
    hardware = hardware_lines(entry)
    if hardware:
        lines += ["", "memory:", *(f"  {line}" for line in hardware)]
    lines.append("")
    if entry.needs:
        lines.append(f"needs as well: {', '.join(entry.needs)}")
    if entry.also:
        lines.append(f"for some uses: {', '.join(entry.also)}")
    if entry.files:
        lines.append(f"fetch:  realtime-fer models fetch {entry.name}")
    lines += [f"import: {as_typed(entry.import_command)}", f"use:    {as_typed(entry.use)}"]
    if entry.train is not None:
        lines.append(f"train:  {entry.train}")
    if entry.unverified:
        lines += ["", "not verified:", *(f"  {line}" for line in entry.unverified)]
    return lines
