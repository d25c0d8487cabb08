"""Time stamps as text: UTC, to the nanosecond, without a float anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from netsleuth_tui.errors import NetSleuthError

__all__ = ["clock", "epoch", "iso", "parse_time"]

BILLION = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(time: int) -> str:
    """'2026-03-10T12:00:03.000113000Z' for ns since the epoch; fraction digits are dropped where they are all 0."""
    seconds, fraction = divmod(time, BILLION)
    text = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:09d}Z" if fraction else f"{text}Z"


def clock(time: int, digits: int = 6) -> str:
    """'12:00:03.000113': the time of day, UTC, with so many digits of the second (cut, not rounded)."""
    seconds, fraction = divmod(time, BILLION)
    hours, rest = divmod(seconds % 86400, 3600)
    text = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{text}.{f'{fraction:09d}'[:digits]}" if digits else text


def epoch(time: int) -> str:
    """'1773144003.000113000': seconds since the epoch with nine digits, as frame.time_epoch."""
    sign, time = ("-", -time) if time < 0 else ("", time)
    return f"{sign}{time // BILLION}.{time % BILLION:09d}"


def parse_time(text: str) -> int:
    """Nanoseconds since the epoch of an ISO 8601 time (UTC unless it says otherwise) or of seconds since the epoch.

    Raises:
        NetSleuthError: It is neither.
    """
    text = text.strip()
    number = text.removeprefix("-")
    if number.replace(".", "", 1).isascii() and number.replace(".", "", 1).isdigit():
        whole, _, fraction = number.partition(".")
        nanoseconds = int(whole or "0") * BILLION + int(fraction[:9].ljust(9, "0") or "0")
        return -nanoseconds if text.startswith("-") else nanoseconds
    head, dot, tail = text.partition(".")
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    try:
        moment = datetime.fromisoformat(head + tail[len(digits) :])
    except ValueError:
        moment = None
    if moment is None or (dot and not digits):
        raise NetSleuthError(f"{text!r} is not a time", hint="ISO 8601, as in 2026-03-10T12:05:00.5Z, or seconds since 1970")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - EPOCH
    return (since.days * 86400 + since.seconds) * BILLION + int(digits[:9].ljust(9, "0"))
