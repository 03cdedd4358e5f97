"""Coordinates: the two Chinese map datums, distances and areas on the ellipsoid, coarse points.

GCJ-02 (the offset of Chinese public maps) and BD-09 (Baidu's further offset) have no published inverse; the inverse
here is found by iteration, to far less than half a metre. Outside China both equal WGS 84. Functions take floats or
numpy arrays and give back the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from linli.kernel.refusal import N_, Refusal

_KRASOVSKY = 6378245.0
_KRASOVSKY_E2 = 0.00669342162296594323
_BAIDU = math.pi * 3000.0 / 180.0
_GEOD = Geod(ellps="WGS84")
_WGS84 = 6378137.0
_WGS84_E2 = 0.0066943799901413165

Value = TypeVar("Value", float, "np.ndarray[Any, np.dtype[np.float64]]")
Pair = tuple[Value, Value]


class BadPoint(Refusal):
    """A point that is on no map."""

    code = "geo.bad_point"
    message = N_("%(lon)s, %(lat)s is not a place on Earth: give longitude (-180 to 180), then latitude (-90 to 90).")
    field = "point"


class UnknownDatum(Refusal):
    """A coordinate system that is not known here."""

    code = "geo.unknown_datum"
    message = N_("The coordinate system %(crs)s is not known. Use EPSG:4326, another EPSG code, GCJ-02 or BD-09.")
    field = "crs"


def valid_point(lon: float, lat: float) -> tuple[float, float]:
    """Return the point as floats.

    Raises:
        BadPoint: not finite, or out of range.
    """
    if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):  # false for NaN as well
        raise BadPoint(lon=lon, lat=lat)
    return float(lon), float(lat)


def in_china(lon: Any, lat: Any) -> Any:
    """Is the point in the rectangle in which Chinese maps are offset (72.004–137.8347 E, 0.8293–55.8271 N)?"""
    return (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)


def _shift(lon: Any, lat: Any) -> tuple[Any, Any]:
    """The GCJ-02 offset at a point, in degrees."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north = north + (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north = north + (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east = east + (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east = east + (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    radians = lat / 180.0 * np.pi
    magic = 1.0 - _KRASOVSKY_E2 * np.sin(radians) ** 2
    dlat = (north * 180.0) / ((_KRASOVSKY * (1.0 - _KRASOVSKY_E2)) / (magic * np.sqrt(magic)) * np.pi)
    dlon = (east * 180.0) / (_KRASOVSKY / np.sqrt(magic) * np.cos(radians) * np.pi)
    return dlon, dlat


def _given_back(like: Any, lon: Any, lat: Any) -> Any:
    return (lon, lat) if isinstance(like, np.ndarray) else (float(lon), float(lat))


def to_gcj02(lon: Value, lat: Value) -> Pair[Value]:
    """WGS 84 → GCJ-02, degrees. Outside China unchanged."""
    inside = in_china(lon, lat)
    dlon, dlat = _shift(lon, lat)
    result: Pair[Value] = _given_back(lon, np.where(inside, lon + dlon, lon), np.where(inside, lat + dlat, lat))
    return result


def _gcj02_to_bd09(lon: Any, lat: Any) -> tuple[Any, Any]:
    z = np.sqrt(lon * lon + lat * lat) + 0.00002 * np.sin(lat * _BAIDU)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BAIDU)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def to_bd09(lon: Value, lat: Value) -> Pair[Value]:
    """WGS 84 → BD-09, degrees. Outside China unchanged."""
    inside = in_china(lon, lat)
    blon, blat = _gcj02_to_bd09(*to_gcj02(lon, lat))
    result: Pair[Value] = _given_back(lon, np.where(inside, blon, lon), np.where(inside, blat, lat))
    return result


def _inverse(forward: Callable[[Any, Any], tuple[Any, Any]], lon: Any, lat: Any) -> Any:
    """Solve ``forward(x) = given`` by fixed-point steps: the offset is smooth, each step shrinks the rest about 500-fold.

    The condition "in China" is taken from the given point and the offset is applied without it, so that points just
    inside the rectangle's edge come back too.
    """
    x, y = lon, lat
    for _ in range(6):
        fx, fy = forward(x, y)
        x, y = x - (fx - lon), y - (fy - lat)
    inside = in_china(lon, lat)
    return _given_back(lon, np.where(inside, x, lon), np.where(inside, y, lat))


def _always_gcj02(lon: Any, lat: Any) -> tuple[Any, Any]:
    dlon, dlat = _shift(lon, lat)
    return lon + dlon, lat + dlat


def from_gcj02(lon: Value, lat: Value) -> Pair[Value]:
    """GCJ-02 → WGS 84, degrees, by iteration. Outside China unchanged."""
    result: Pair[Value] = _inverse(_always_gcj02, lon, lat)
    return result


def from_bd09(lon: Value, lat: Value) -> Pair[Value]:
    """BD-09 → WGS 84, degrees, by iteration. Outside China unchanged."""
    result: Pair[Value] = _inverse(lambda x, y: _gcj02_to_bd09(*_always_gcj02(x, y)), lon, lat)
    return result


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Metres of one degree of longitude and of latitude at ``lat`` on the WGS 84 ellipsoid."""
    radians = math.radians(lat)
    magic = 1.0 - _WGS84_E2 * math.sin(radians) ** 2
    east = math.pi / 180.0 * _WGS84 / math.sqrt(magic) * math.cos(radians)
    north = math.pi / 180.0 * _WGS84 * (1.0 - _WGS84_E2) / magic**1.5
    return east, north


def metres_between(lon_a: Any, lat_a: Any, lon_b: Any, lat_b: Any) -> Any:
    """Geodesic distance in metres; floats, or arrays of equal length."""
    distance = _GEOD.inv(lon_a, lat_a, lon_b, lat_b)[2]
    return distance if isinstance(distance, np.ndarray) else float(distance)


def area_square_metres(geometry: BaseGeometry) -> float:
    """Geodesic area in m² of a polygon or a collection of them."""
    return abs(float(_GEOD.geometry_area_perimeter(geometry)[0])) if not geometry.is_empty else 0.0


def coarse_point(lon: float, lat: float, *, metres: float = 200.0) -> tuple[float, float]:
    """The middle of the ``metres`` × ``metres`` square that the point lies in: for public display (DECIDED 9).

    Squares are fixed, so reports of one house always show one point, and no averaging over reports brings the house back.
    """
    valid_point(lon, lat)
    _, north = metres_per_degree(0.0)
    rows = metres / north
    middle_lat = (math.floor(lat / rows) + 0.5) * rows
    middle_lat = max(-90.0, min(90.0, middle_lat))
    east, _ = metres_per_degree(middle_lat)
    columns = min(360.0, metres / max(east, 1e-6))
    middle_lon = (math.floor(lon / columns) + 0.5) * columns
    return round(max(-180.0, min(180.0, middle_lon)), 6), round(middle_lat, 6)
