"""Lists the slots of a year, made apart from the program, as key and fire instant in UTC.

    slots.py ZONE YEAR EXPRESSION...

Times come from zoneinfo and a search minute by minute. Of a cron expression it knows *,
numbers, lists, ranges and steps. A schedule whose hour field takes all hours is walked on
real time, any other on the calendar.
"""

import datetime
import sys
import zoneinfo

MINUTE = datetime.timedelta(minutes=1)
BOUNDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]


def values(text, low, high):
    found = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            first, last = low, high
        elif not last:
            last = high if step else first
        found.update(range(int(first), int(last) + 1, int(step or 1)))
    return found


class Cron:
    def __init__(self, expression):
        self.texts = expression.split()
        self.minutes, self.hours, self.days, self.months, self.weekdays = (
            values(text, low, high) for text, (low, high) in zip(self.texts, BOUNDS)
        )
        self.on_real_time = self.hours == set(range(24))

    def has(self, wall):
        if wall.minute not in self.minutes or wall.hour not in self.hours or wall.month not in self.months:
            return False
        day, weekday = wall.day in self.days, wall.isoweekday() % 7 in self.weekdays
        if self.texts[2] == "*" or self.texts[4] == "*":
            return day and weekday
        return day or weekday


def shown(instant, zone):
    """What the clocks of the zone show at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def minutes(year, before, after):
    """Each minute of a year, with some days before and after it."""
    at = datetime.datetime(year, 1, 1) - datetime.timedelta(days=before)
    end = datetime.datetime(year + 1, 1, 1) + datetime.timedelta(days=after)
    while at < end:
        yield at
        at += MINUTE


def clock(year, zone):
    """Each minute of a year and days around it, as instant and what the clocks show."""
    for at in minutes(year, 3, 3):
        instant = at.replace(tzinfo=datetime.timezone.utc)
        yield instant, shown(instant, zone)


def instants(ticks):
    """The first instant at which clocks showed each minute or a later one."""
    first = {}
    furthest = ticks[0][1] - MINUTE
    for instant, wall in ticks:
        while furthest < wall:
            furthest += MINUTE
            first[furthest] = instant
    return first


def slots(cron, year, ticks, first):
    if cron.on_real_time:
        for instant, wall in ticks:
            if wall.year == year and cron.has(wall):
                yield instant.strftime("%Y-%m-%dT%H:%MZ"), instant
        return
    fired = None
    for wall in minutes(year, 0, 0):
        if cron.has(wall) and first[wall] != fired:
            fired = first[wall]
            yield wall.strftime("%Y-%m-%dT%H:%M"), fired


def main():
    name, year = sys.argv[1], int(sys.argv[2])
    ticks = list(clock(year, zoneinfo.ZoneInfo(name)))
    first = instants(ticks)
    for expression in sys.argv[3:]:
        print("#", name, year, expression)
        for key, fire in slots(Cron(expression), year, ticks, first):
            print(key, fire.strftime("%Y-%m-%dT%H:%M:%SZ"))


main()
