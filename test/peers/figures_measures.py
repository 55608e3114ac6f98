"""The measures of the voice report: what they are made of, their limits and their texts."""

import math
import statistics
from dataclasses import dataclass

Z95, Z3 = statistics.NormalDist().inv_cdf(0.975), 3.0
ALPHA = 0.01  # relative error of quantiles of jitter
GAMMA = (1 + ALPHA) / (1 - ALPHA)
PER_LOG = 49.99833328888678  # bins in a factor of e


@dataclass
class Measure:
    """One line of the definition's measures."""

    name: str
    kind: str  # sum | ratio | mean | max | quantile
    parts: tuple  # of SUMS; of a quantile its value and its share
    label: str
    unit: str = ""
    decimals: int = -1
    better: str = ""
    good: float = 0
    acceptable: float = 0
    scale: float = 1

    def __post_init__(self):
        if self.decimals < 0:
            self.decimals = 0 if self.kind == "sum" else 1

    @property
    def percent(self):
        return self.kind == "ratio"

    @property
    def min_n(self):
        """So many items must stand behind a number: three lie above a percentile."""
        if self.kind in ("sum", "max"):
            return 0
        return 30 if self.kind != "quantile" else max(30, math.ceil(3 / (1 - self.parts[1]) - 1e-9))


MEASURES = {
    m.name: m
    for m in (
        Measure("pcr", "ratio", ("poor", "classified"), "Poor calls", "", 2, "down", 0.02, 0.03),
        Measure("ner", "ratio", ("delivered", "attempts"), "NER", "", 1, "up", 0.92, 0.88),
        Measure("mos", "mean", ("mos_sum", "mos_n"), "MOS", "", 2, "up", 4.0, 3.6),
        Measure("jitter_p95", "quantile", ("jitter", 0.95), "Jitter p95", "ms", 1, "down", 20, 30),
        Measure("attempts", "sum", ("attempts",), "Attempts"),
        Measure("minutes", "sum", ("talk_s",), "Talk time", "min", scale=1 / 60),
        Measure("acd", "mean", ("talk_s", "talk_n"), "Mean call duration", "s"),
        Measure("asr", "ratio", ("answered", "attempts"), "ASR"),
        Measure("classified", "sum", ("classified",), "Judged legs"),
        Measure("rtt_max", "max", ("rtt_max_ms",), "Longest round trip", "ms"),
        Measure("poor_jitter", "ratio", ("poor_jitter", "classified"), "jitter above 30 ms"),
        Measure("poor_loss", "ratio", ("poor_loss", "classified"), "loss above 5 %"),
        Measure("poor_rtt", "ratio", ("poor_rtt", "classified"), "round trip above 500 ms"),
        Measure("poor_mos", "ratio", ("poor_mos", "classified"), "MOS below 3.6"),
    )
}


def wilson(bad, n, z=Z95):
    p = bad / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def log_bin(x):
    return math.ceil(math.log(x) * PER_LOG)


def quantile(values, q):
    """The nearest rank of sorted values, and what bins of 1 % say of it."""
    exact = values[math.floor(q * (len(values) - 1))]
    if exact < 0.01:
        return exact, max(0.0, values[0])
    return exact, min(max(2 * GAMMA ** log_bin(exact) / (GAMMA + 1), values[0]), values[-1])


def needed(names):
    """The sums that the measures are made of."""
    return sorted({part for name in names for part in MEASURES[name].parts if isinstance(part, str)})


def number(text):
    """Groups of three digits with thin blanks, and a minus that is no hyphen."""
    sign, digits = ("−", text[1:]) if text.startswith("-") else ("", text)
    if not digits.strip("0."):
        sign = ""
    whole, _, fraction = digits.partition(".")
    return sign + f"{int(whole):,}".replace(",", "\u202f") + ("." + fraction if fraction else "")


def show(m, value, unit=None):
    unit = ("%" if m.percent else m.unit) if unit is None else unit
    return number(f"{value * 100 if m.percent else value:.{m.decimals}f}") + ("\u00a0" + unit if unit else "")


def judge(m, value, n, low, high):
    """The verdict of a group. A rate beyond the limit is a breach if chance is ruled out."""
    if n < m.min_n or value is None:
        return "too few data"
    if m.better == "down":
        good, acceptable, sure = value <= m.good, value <= m.acceptable, not m.percent or low > m.acceptable
    else:
        good, acceptable, sure = value >= m.good, value >= m.acceptable, not m.percent or high < m.acceptable
    return "good" if good else "watch" if acceptable or not sure else "breach"


def figure(m, state, z=Z95, judged=True):
    """A measure of a group of legs; state is None where there are none."""
    out = {"value": None, "n": 0, "text": "no data"}
    low = high = None
    if state and m.kind in ("sum", "max"):
        value = state[m.parts[0]]
        out["value"] = None if value is None and m.kind == "max" else (value or 0) * m.scale
    elif state and m.kind == "quantile":
        out["n"] = len(state[m.parts[0]] or ())
        if out["n"]:
            out["exact"], out["value"] = quantile(state[m.parts[0]], m.parts[1])
            out["within"] = ALPHA * out["exact"] if out["exact"] >= 0.01 else 0.01
    elif state and state[m.parts[1]]:
        out["n"] = state[m.parts[1]]
        out["value"] = state[m.parts[0]] / out["n"]
    if m.percent:
        out["percent"] = True
        if out["n"]:
            out["low"], out["high"] = low, high = wilson(state[m.parts[0]], out["n"], z)
            out["interval"] = show(m, low) + " – " + show(m, high)
    if out["n"] < m.min_n:
        out["few"] = True
        out["text"] = f"n<{m.min_n}" if out["n"] else "no data"
    elif out["value"] is not None:
        out["text"] = show(m, out["value"])
    if m.better and judged:
        out["verdict"] = judge(m, out["value"], out["n"], low, high)
    return out


def percent(share, decimals=0):
    return number(f"{share * 100:.{decimals}f}") + "\u00a0%"
