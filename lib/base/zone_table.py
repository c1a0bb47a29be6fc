#!/usr/bin/python3
"""Makes lib/base/zone_table.inc: the time zones in which somebody may be of whom a country, a region or a telephone number is known.

    zone_table.py > zone_table.inc

Reads tzdata's zone.tab (countries) and Debian's python3-phonenumbers, which has libphonenumber's data: calling codes, and the zones of the
area codes of North America. The regions are a table here. As with place_table.py, what it says is changed on purpose only.
"""

import collections
from pathlib import Path

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from phonenumbers.tzdata import TIMEZONE_DATA

ZONES = Path("/usr/share/zoneinfo/zone.tab")

# Countries with several zones, their regions by ISO 3166-2: every zone that some place of the region has. From the comments of zone.tab and of
# tzdata's files northamerica, southamerica, europe, asia and australasia, with the places that keep their neighbours' time: the Navajo Nation
# (AZ), West Wendover (NV), Lloydminster (SK), the Magdalen Islands (QC). A region that is not here has every zone of its country.
EASTERN, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
URALS, MOSCOW = "Asia/Yekaterinburg", "Europe/Moscow"
REGIONS = {
    "US": {
        (EASTERN,): "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
        (EASTERN, CENTRAL): "FL IN KY MI TN",
        (CENTRAL,): "AL AR IA IL LA MN MO MS OK WI",
        (CENTRAL, MOUNTAIN): "KS ND NE SD TX",
        (MOUNTAIN,): "CO MT NM UT WY",
        (MOUNTAIN, "America/Phoenix"): "AZ",
        (MOUNTAIN, PACIFIC): "ID NV OR",
        (PACIFIC,): "CA WA",
        ("America/Anchorage", "America/Adak"): "AK",
        ("Pacific/Honolulu",): "HI",
        ("America/Puerto_Rico",): "PR VI",
        ("Pacific/Guam",): "GU MP",
        ("Pacific/Pago_Pago",): "AS",
    },
    "CA": {
        ("America/St_Johns", "America/Halifax"): "NL",
        ("America/Halifax",): "NB NS PE",
        ("America/Toronto", "America/Halifax", "America/Blanc-Sablon"): "QC",
        ("America/Toronto", "America/Winnipeg", "America/Atikokan"): "ON",
        ("America/Winnipeg",): "MB",
        ("America/Regina", "America/Edmonton"): "SK",
        ("America/Edmonton",): "AB NT",
        ("America/Vancouver", "America/Edmonton", "America/Creston"): "BC",
        ("America/Whitehorse",): "YT",
        ("America/Iqaluit", "America/Rankin_Inlet", "America/Cambridge_Bay", "America/Atikokan"): "NU",
    },
    "AU": {
        ("Australia/Sydney",): "ACT",
        ("Australia/Sydney", "Australia/Broken_Hill", "Australia/Lord_Howe"): "NSW",
        ("Australia/Darwin",): "NT",
        ("Australia/Brisbane",): "QLD",
        ("Australia/Adelaide",): "SA",
        ("Australia/Hobart",): "TAS",
        ("Australia/Melbourne",): "VIC",
        ("Australia/Perth", "Australia/Eucla"): "WA",
    },
    "BR": {
        ("America/Rio_Branco",): "AC",
        ("America/Manaus", "America/Eirunepe"): "AM",
        ("America/Cuiaba",): "MS MT",
        ("America/Porto_Velho",): "RO RR",
        ("America/Recife", "America/Noronha"): "PE",
        ("America/Sao_Paulo",): "AL AP BA CE DF ES GO MA MG PA PB PI PR RJ RN RS SC SE SP TO",
    },
    "RU": {
        ("Europe/Kaliningrad",): "KGD",
        (MOSCOW,): "AD ARK BEL BRY CE CU DA IN IVA KB KC KDA KIR KL KLU KO KOS KR KRS LEN LIP ME MO MOS MOW MUR NEN NGR NIZ ORL PNZ PSK ROS RYA"
                   " SE SMO SPE STA TA TAM TUL TVE VGG VLA VLG VOR YAR",
        ("Europe/Samara",): "AST SAM SAR UD ULY",
        (URALS,): "BA CHE KGN KHM ORE PER SVE TYU YAN",
        ("Asia/Omsk",): "OMS",
        ("Asia/Novosibirsk",): "AL ALT KEM NVS TOM",
        ("Asia/Krasnoyarsk",): "KK KYA TY",
        ("Asia/Irkutsk",): "BU IRK",
        ("Asia/Yakutsk",): "AMU ZAB",
        ("Asia/Yakutsk", "Asia/Vladivostok", "Asia/Srednekolymsk"): "SA",
        ("Asia/Vladivostok",): "KHA PRI YEV",
        ("Asia/Magadan",): "MAG SAK",
        ("Asia/Kamchatka",): "CHU KAM",
    },
    "MX": {  # the clocks since the law on time zones of 2022; municipalities at the border keep that of the United States
        ("America/Mexico_City",): "AGU CHP CMX COL GRO GUA HID JAL MEX MIC MOR OAX PUE QUE SLP TAB TLA VER ZAC",
        ("America/Merida",): "CAM YUC",
        ("America/Monterrey",): "DUR",
        ("America/Monterrey", "America/Matamoros"): "COA NLE TAM",
        ("America/Chihuahua", "America/Ciudad_Juarez", "America/Ojinaga"): "CHH",
        ("America/Mazatlan",): "BCS SIN",
        ("America/Mazatlan", "America/Bahia_Banderas"): "NAY",
        ("America/Hermosillo",): "SON",
        ("America/Tijuana",): "BCN",
        ("America/Cancun",): "ROO",
    },
    "CL": {
        ("America/Santiago",): "AN AP AR AT BI CO LI LL LR ML NB RM TA",
        ("America/Santiago", "Pacific/Easter"): "VS",
        ("America/Coyhaique",): "AI",
        ("America/Punta_Arenas",): "MA",
    },
    "ID": {  # provinces, and the islands they are on
        ("Asia/Jakarta",): "AC BB BE BT JA JB JI JK JT JW KR LA RI SB SM SS SU YO",
        ("Asia/Pontianak",): "KB KT",
        ("Asia/Makassar",): "BA GO KI KS KU NB NT NU SA SG SL SN SR ST",
        ("Asia/Pontianak", "Asia/Makassar"): "KA",
        ("Asia/Jayapura",): "MA ML MU PA PB PP",
    },
    "MN": {  # Govi-Altai and Zavkhan: tzdata puts them into the zone of Hovd until 2024, and of Ulaanbaatar since
        ("Asia/Hovd",): "043 046 071",
        ("Asia/Hovd", "Asia/Ulaanbaatar"): "057 065",
        ("Asia/Ulaanbaatar",): "035 037 039 041 047 049 051 053 055 059 061 063 064 067 069 073 1",
    },
    "ES": {
        ("Atlantic/Canary",): "CN GC TF",
    },
    "PT": {
        ("Atlantic/Azores",): "20",
    },
    "NZ": {
        ("Pacific/Chatham",): "CIT",
    },
}  # fmt: skip

# Of calling codes, and without zones of their own in zone.tab: Ascension, Tristan da Cunha, Kosovo.
OTHERS = {"AC": ["Atlantic/St_Helena"], "TA": ["Atlantic/St_Helena"], "XK": ["Europe/Belgrade"]}

AREA_DIGITS = 4  # of a number of North America, with its calling code


def table(name, doc, rows):
    print(f"\n/* {doc} */\nstatic const struct row {name}[] = {{")
    for key, words in sorted(rows.items()):
        print(f'\t{{ "{key}", "{" ".join(words)}" }},')
    print("};")


def countries():
    found = collections.defaultdict(list, OTHERS)
    for line in ZONES.read_text().splitlines():
        if not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found[country].append(zone)
    return found


def regions():
    return {f"{country}-{region}": zones for country, rows in REGIONS.items() for zones, names in rows.items() for region in names.split()}


def areas():
    """An area code has every zone that some exchange in it has."""
    found = collections.defaultdict(set)
    for prefix, zones in TIMEZONE_DATA.items():
        if prefix.startswith("1") and len(prefix) >= AREA_DIGITS:
            found[prefix[:AREA_DIGITS]].update(zones)
    return {prefix: sorted(zones) for prefix, zones in found.items()}


def main():
    print("/* Made by zone_table.py: change it there. Each table is sorted by its keys. */")
    table("country_zones", "tzdata, zone.tab: the zones of a country, ISO 3166-1", countries())
    table("region_zones", "the zones of a region, ISO 3166-2", regions())
    table("calling_codes", "ITU E.164: the countries of a calling code", {
        str(code): sorted(countries) for code, countries in COUNTRY_CODE_TO_REGION_CODE.items() if countries != ("001",)})  # fmt: skip
    table("area_zones", "libphonenumber: the zones of an area code of North America", areas())


main()
