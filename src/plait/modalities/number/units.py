"""Units of measurement: which spellings mean the same, and which convert into one another."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_DIMENSIONS = {
    "mass": "t=1e6 ton=1e6 tons=1e6 kg=1e3 kgs=1e3 kilo=1e3 kilogram=1e3 kilograms=1e3 g=1 gr=1 "
    "gram=1 grams=1 gramm=1 dg=.1 cg=.01 mg=1e-3 milligram=1e-3 milligrams=1e-3 \u00b5g=1e-6 "
    "ug=1e-6 mcg=1e-6 ng=1e-9 pg=1e-12 lb=453.59237 lbs=453.59237 pound=453.59237 "
    "pounds=453.59237 oz=28.349523125",
    "length": "km=1e3 m=1 metre=1 metres=1 meter=1 meters=1 dm=.1 cm=.01 mm=1e-3 \u00b5m=1e-6 "
    "um=1e-6 nm=1e-9 in=.0254 inch=.0254 inches=.0254 ''=.0254 \"=.0254 ft=.3048 foot=.3048 "
    "feet=.3048 '=.3048 yd=.9144 mi=1609.344 mile=1609.344 miles=1609.344",
    "area": "km2=1e6 km\u00b2=1e6 ha=1e4 m2=1 m\u00b2=1 sqm=1 cm2=1e-4 cm\u00b2=1e-4 mm2=1e-6 "
    "mm\u00b2=1e-6 sqft=.09290304",
    "volume": "m3=1e3 m\u00b3=1e3 hl=100 l=1 litre=1 litres=1 liter=1 liters=1 dl=.1 cl=.01 "
    "ml=1e-3 cc=1e-3 cm3=1e-3 cm\u00b3=1e-3 \u00b5l=1e-6 ul=1e-6 nl=1e-9 fl=1e-15",
    "time": "ns=1e-9 \u00b5s=1e-6 us=1e-6 ms=1e-3 s=1 sec=1 secs=1 second=1 seconds=1 min=60 "
    "mins=60 minute=60 minutes=60 h=3600 hr=3600 hrs=3600 hour=3600 hours=3600 std=3600 d=86400 "
    "day=86400 days=86400 wk=604800 week=604800 weeks=604800",
    "age": "mo=1 month=1 months=1 y=12 yr=12 yrs=12 year=12 years=12",
    "amount": "mol=1 mmol=1e-3 \u00b5mol=1e-6 umol=1e-6 nmol=1e-9 pmol=1e-12",
    "enzyme": "kU=1e3 U=1 mU=1e-3 \u00b5U=1e-6 uU=1e-6",
    "activity": "kIU=1e3 IU=1 mIU=1e-3 \u00b5IU=1e-6 uIU=1e-6",
    "pressure": "Pa=1 hPa=100 mbar=100 kPa=1e3 MPa=1e6 bar=1e5 atm=101325 mmHg=133.322387415 "
    "psi=6894.757293168",
    "energy": "J=1 kJ=1e3 MJ=1e6 cal=4.184 kcal=4184 Wh=3600 kWh=3.6e6 MWh=3.6e9",
    "power": "mW=1e-3 W=1 kW=1e3 MW=1e6 GW=1e9",
    "voltage": "\u00b5V=1e-6 mV=1e-3 V=1 kV=1e3",
    "current": "\u00b5A=1e-6 mA=1e-3 A=1 kA=1e3",
    "frequency": "Hz=1 kHz=1e3 MHz=1e6 GHz=1e9 rpm=.016666666666666666",
    "data": "B=1 kB=1e3 KB=1e3 MB=1e6 GB=1e9 TB=1e12 KiB=1024 MiB=1048576 GiB=1073741824",
    "share": "%=1 percent=1 pct=1 \u2030=.1 ppm=1e-4",
    "size": "k=1e3 K=1e3 tsd=1e3 M=1e6 Mio=1e6 mn=1e6 bn=1e9 Mrd=1e9",
}
_TEMPERATURES = {
    **dict.fromkeys(("\u00b0c", "degc", "c", "celsius", "\u2103"), (1.0, 0.0)),
    **dict.fromkeys(("\u00b0f", "degf", "f", "fahrenheit", "\u2109"), (5 / 9, -160 / 9)),
    **dict.fromkeys(("k", "kelvin", "\u00b0k"), (1.0, -273.15)),
}
_MONEY = "chf cny aud cad nzd sek nok dkk pln czk huf r$ mxn zar rub try krw a$ c$ kr"
_CURRENCIES = {
    "eur": "\u20ac", "euro": "\u20ac", "euros": "\u20ac", "usd": "$", "us$": "$", "gbp": "\u00a3",
    "jpy": "\u00a5", "inr": "\u20b9", "rs": "\u20b9", "brl": "r$", "fr": "chf", "sfr": "chf",
}  # fmt: skip


def plain_unit(unit: str) -> str:
    """Return a unit in one spelling of its signs; upper and lower case stay.

    >>> plain_unit("mm Hg"), plain_unit("\u03bcg."), plain_unit("\u00baC")
    ('mmHg', '\u00b5g', '\u00b0C')
    """
    text = "".join(unit.split()).replace("\u03bc", "\u00b5").replace("\u00ba", "\u00b0")
    return text.rstrip(".").replace("\u2033", '"').replace("\u2032", "'")


@lru_cache(maxsize=4096)
def conversion(unit: str, to: str) -> tuple[float, float] | None:
    """Return (factor, offset) with which numbers in `unit` become numbers in `to`.

    None where the two measure different things, or are not known and not spelled alike. A number
    without a unit is in the one asked for.

    >>> conversion("g", "kg"), conversion("\u00b0F", "\u00b0C"), conversion("kg", "cm")
    ((0.001, 0.0), (0.5555555555555556, -17.77777777777778), None)
    """
    unit, to = plain_unit(unit) or plain_unit(to), plain_unit(to)
    if unit == to:
        return 1.0, 0.0
    if (factor := _factor(unit, to)) is not None:
        return factor, 0.0
    first, second = _TEMPERATURES.get(unit.lower()), _TEMPERATURES.get(to.lower())
    if first and second:
        return first[0] / second[0], (first[1] - second[1]) / second[0]
    same = _currency(unit) == _currency(to)
    return (1.0, 0.0) if same else None


def is_known(unit: str) -> bool:
    """Tell whether a unit, or both sides of a ratio, are known here."""
    unit = plain_unit(unit)
    if unit.lower() in _TEMPERATURES or is_currency(unit) or not unit.isalnum():
        return True
    return any(_look_up(table, unit) is not None for table in _tables())


def is_currency(unit: str) -> bool:
    """Tell whether a unit is money, by its sign or its code."""
    plain = _currency(plain_unit(unit))
    return len(plain) == 1 and unicodedata.category(plain) == "Sc" or plain in _MONEY.split()


def _factor(unit: str, to: str) -> float | None:
    """Return the factor between two units of one dimension, or two ratios of such."""
    for table in _tables():
        first, second = _look_up(table, unit), _look_up(table, to)
        if first is not None and second is not None:
            return first / second
    upper, slash, lower = unit.partition("/")
    to_upper, to_slash, to_lower = to.partition("/")
    if slash and to_slash:
        above = 1.0 if upper == to_upper else _factor(upper, to_upper)
        below = 1.0 if lower == to_lower else _factor(lower, to_lower)
        return None if above is None or below is None else above / below
    return None


def _look_up(table: tuple[dict[str, float], dict[str, float]], unit: str) -> float | None:
    exact, folded = table
    return exact.get(unit, folded.get(unit.lower()))


def _currency(unit: str) -> str:
    return _CURRENCIES.get(unit.lower(), unit.lower())


@lru_cache(maxsize=1)
def _tables() -> tuple[tuple[dict[str, float], dict[str, float]], ...]:
    """Return for each dimension its factors by exact spelling, and by lower case if that is one."""
    tables = []
    for text in _DIMENSIONS.values():
        exact = {}
        for pair in text.split():
            name, _, factor = pair.rpartition("=")
            exact[name] = float(factor)
        folded: dict[str, float] = {}
        for name, value in exact.items():
            known = folded.setdefault(name.lower(), value)
            if known != value:
                folded[name.lower()] = float("nan")
        tables.append((exact, {name: value for name, value in folded.items() if value == value}))
    return tuple(tables)
