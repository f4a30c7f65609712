"""Where the generated persons live: districts with the coordinates of their middle.

A table of our own, coordinates to three decimals (about 100 m), with the codes of ISO 3166-2 and,
for identity numbers, the letter of Taiwan's counties and the area code of GB/T 2260.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class District:
    """A part of a city. ``id_area`` is what identity numbers issued there begin with, "" = none."""

    country: str
    region: str
    city: str
    name: str
    latitude: float
    longitude: float
    id_area: str = ""


@dataclass(frozen=True, slots=True)
class Country:
    """What the persons of one country have in common."""

    code: str
    locale: str
    language: str
    timezone: str
    mobile: str
    districts: tuple[District, ...]


def _taiwan(*rows: tuple[str, str, str, str, float, float]) -> tuple[District, ...]:
    return tuple(
        District("TW", region, city, name, latitude, longitude, letter)
        for region, letter, city, name, latitude, longitude in rows
    )


TAIWAN: Final = Country(
    "TW",
    "zh_TW",
    "zh-TW",
    "Asia/Taipei",
    "+8869########",
    _taiwan(
        ("TPE", "A", "臺北市", "大安區", 25.026, 121.543),
        ("TPE", "A", "臺北市", "信義區", 25.033, 121.567),
        ("TPE", "A", "臺北市", "中山區", 25.064, 121.533),
        ("TPE", "A", "臺北市", "士林區", 25.093, 121.525),
        ("TPE", "A", "臺北市", "文山區", 24.989, 121.570),
        ("NWT", "F", "新北市", "板橋區", 25.011, 121.462),
        ("NWT", "F", "新北市", "三重區", 25.062, 121.488),
        ("NWT", "F", "新北市", "中和區", 24.999, 121.499),
        ("NWT", "F", "新北市", "新店區", 24.968, 121.541),
        ("NWT", "F", "新北市", "淡水區", 25.170, 121.441),
        ("KEE", "C", "基隆市", "仁愛區", 25.128, 121.740),
        ("TAO", "H", "桃園市", "桃園區", 24.994, 121.301),
        ("TAO", "H", "桃園市", "中壢區", 24.966, 121.225),
        ("HSZ", "O", "新竹市", "東區", 24.802, 120.972),
        ("MIA", "K", "苗栗縣", "頭份市", 24.688, 120.903),
        ("TXG", "B", "臺中市", "西屯區", 24.181, 120.646),
        ("TXG", "B", "臺中市", "北屯區", 24.182, 120.686),
        ("TXG", "B", "臺中市", "豐原區", 24.252, 120.723),
        ("CHA", "N", "彰化縣", "彰化市", 24.081, 120.538),
        ("NAN", "M", "南投縣", "草屯鎮", 23.974, 120.680),
        ("YUN", "P", "雲林縣", "斗六市", 23.711, 120.543),
        ("CYI", "I", "嘉義市", "西區", 23.480, 120.443),
        ("TNN", "D", "臺南市", "東區", 22.980, 120.224),
        ("TNN", "D", "臺南市", "永康區", 23.026, 120.257),
        ("KHH", "E", "高雄市", "左營區", 22.690, 120.295),
        ("KHH", "E", "高雄市", "三民區", 22.648, 120.300),
        ("KHH", "E", "高雄市", "鳳山區", 22.627, 120.357),
        ("PIF", "T", "屏東縣", "屏東市", 22.673, 120.488),
        ("ILA", "G", "宜蘭縣", "羅東鎮", 24.677, 121.767),
        ("HUA", "U", "花蓮縣", "花蓮市", 23.982, 121.607),
        ("TTT", "V", "臺東縣", "臺東市", 22.755, 121.146),
    ),
)

MAINLAND: Final = Country(
    "CN",
    "zh_CN",
    "zh-CN",
    "Asia/Shanghai",
    "+8613#########",
    (
        District("CN", "FJ", "厦门市", "思明区", 24.446, 118.083, "350203"),
        District("CN", "SH", "上海市", "浦东新区", 31.222, 121.544, "310115"),
        District("CN", "JS", "昆山市", "玉山镇", 31.385, 120.981, "320583"),
        District("CN", "GD", "东莞市", "长安镇", 22.804, 113.803, "441900"),
        District("CN", "GD", "深圳市", "南山区", 22.533, 113.930, "440305"),
        District("CN", "ZJ", "杭州市", "西湖区", 30.260, 120.130, "330106"),
        District("CN", "BJ", "北京市", "朝阳区", 39.921, 116.443, "110105"),
        District("CN", "SC", "成都市", "锦江区", 30.656, 104.083, "510104"),
        District("CN", "FJ", "福州市", "鼓楼区", 26.082, 119.304, "350102"),
    ),
)

ITALY: Final = Country(
    "IT",
    "it_IT",
    "it",
    "Europe/Rome",
    "+393#########",
    (
        District("IT", "MI", "Milano", "Porta Venezia", 45.474, 9.205),
        District("IT", "PO", "Prato", "Chinatown", 43.879, 11.088),
    ),
)

INDONESIA: Final = Country(
    "ID",
    "id_ID",
    "id",
    "Asia/Jakarta",
    "+62812########",
    (
        District("ID", "JK", "Jakarta Selatan", "Kebayoran Baru", -6.243, 106.799),
        District("ID", "JB", "Bandung", "Coblong", -6.890, 107.616),
        District("ID", "JI", "Surabaya", "Gubeng", -7.277, 112.751),
    ),
)

CHILE: Final = Country(
    "CL",
    "es_CL",
    "es",
    "America/Santiago",
    "+569########",
    (
        District("CL", "RM", "Santiago", "Providencia", -33.431, -70.610),
        District("CL", "VS", "Valparaíso", "Cerro Alegre", -33.042, -71.628),
        District("CL", "BI", "Concepción", "Barrio Universitario", -36.829, -73.036),
    ),
)

# Of twenty clients of this bank seventeen live in Taiwan, two on the mainland, one farther away.
# Italy's law has no pack here, nor is one planned; it comes first among the far ones. Indonesia's
# and Chile's keep people's public holidays, which between them are never far off.
_FAR: Final = (ITALY, INDONESIA, CHILE)
_ON_THE_MAINLAND: Final = (4, 13)
_FAR_AWAY: Final = 7


def country_of(place: int) -> Country:
    """Where the client at ``place`` (from 0) of the sample lives."""
    round_of_twenty, seat = divmod(place, 20)
    if seat == _FAR_AWAY:
        return _FAR[round_of_twenty % len(_FAR)]
    return MAINLAND if seat in _ON_THE_MAINLAND else TAIWAN


COUNTRIES: Final = (TAIWAN, MAINLAND, *_FAR)
