"""Imports of enterprises and sources: what the files people really have look like, and all rows or none."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from api.imports import files
from api.imports.columns import Kind
from api.problems import Invalid
from taishi.records.tables import Audit, Enterprise, Source
from taishi.scope import EVERYTHING
from taishi.security.keys import hash_key
from tests.api.client import TestClient
from tests.api.world import A, B, World

URL = "/api/v1/imports"


@pytest.fixture
def operator(world: World) -> TestClient:
    return world.client(A.login("operator"))


def send(client: TestClient, kind: str, data: bytes | str, *, apply: bool = False, status: int = 200) -> dict[str, Any]:
    body = data.encode() if isinstance(data, str) else data
    answer = client.post(URL, params={"kind": kind, "apply": str(apply).lower()}, content=body,
                         headers={"content-type": "text/csv"})  # fmt: skip
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def sheet(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def enterprises(world: World) -> int:
    with world.records.read(EVERYTHING) as session:
        return session.scalar(select(func.count()).select_from(Enterprise)) or 0


HEADER = "企业编号,企业名称,行政区划,行业代码,企业类型,分级,联系电话"
ROWS = f"{HEADER}\nn1,一厂,{A.county},C34,工业企业,2,13800000001\nn2,二厂,{A.county},C26,平台,1,\n"


def test_a_preview_writes_nothing_and_an_import_writes_all(world: World, operator: TestClient) -> None:
    before = enterprises(world)
    found = send(operator, "enterprises", ROWS)
    assert (found["created"], found["wrong"], found["applied"]) == (2, 0, False)
    assert enterprises(world) == before
    found = send(operator, "enterprises", ROWS, apply=True)
    assert found["applied"]
    with world.records.read(EVERYTHING) as session:
        row = session.get_one(Enterprise, "n1")
        assert (row.name, row.region, row.kind, row.level, row.contact_phone) == (
            "一厂", A.county, "industrial", 2, "13800000001",
        )  # fmt: skip
        assert session.get_one(Enterprise, "n2").kind == "platform"
        actions = session.scalars(select(Audit.action).where(Audit.object_id == "n1")).all()
    assert actions == ["enterprise.create"]
    again = send(operator, "enterprises", ROWS, apply=True)
    assert (again["created"], again["updated"], again["same"]) == (0, 0, 2)


def test_one_wrong_row_stops_all(world: World, operator: TestClient) -> None:
    before = enterprises(world)
    text = ROWS + f"n3,,{A.county},C34,工业企业,2,\nn4,四厂,999999,Z9,火箭,7,\nn1,重名,{A.county},C34,,,\n"
    found = send(operator, "enterprises", text, apply=True)
    assert (found["applied"], found["created"], found["wrong"]) == (False, 1, 4)
    assert enterprises(world) == before
    wrong = {row["line"]: {problem["column"] for problem in row["problems"]} for row in found["rows"]}
    assert wrong[4] == {"name"}
    assert wrong[5] == {"region", "industry", "kind", "level"}
    assert wrong[2] == wrong[6] == {"id"}
    assert all(problem["message_zh"] and problem["message_en"] for row in found["rows"] for problem in row["problems"])


def test_a_change_says_what_changes_and_leaves_empty_cells_alone(world: World, operator: TestClient) -> None:
    send(operator, "enterprises", ROWS, apply=True)
    found = send(operator, "enterprises", f"{HEADER}\nn1,一厂新名,{A.county},C34,,3,\n", apply=True)
    assert found["rows"][0]["changed"] == ["name", "level"]
    with world.records.read(EVERYTHING) as session:
        row = session.get_one(Enterprise, "n1")
        assert (row.name, row.level, row.contact_phone, row.kind, row.version) == (
            "一厂新名", 3, "13800000001", "industrial", 2,
        )  # fmt: skip


def test_nobody_reaches_beyond_their_scope(world: World, operator: TestClient) -> None:
    found = send(operator, "enterprises", f"id,name,region,industry\nx1,x,{B.county},C34\n", apply=True)
    assert found["rows"][0]["problems"][0]["column"] == "region"
    found = send(operator, "enterprises", f"id,name,region,industry\n{B.enterprise},x,{A.county},C34\n", apply=True)
    assert found["rows"][0]["problems"][0]["column"] == "id"
    assert B.text("企业") not in str(found)
    found = send(operator, "sources", f"enterprise_id,name\n{B.enterprise},防火墙\n", apply=True)
    assert found["rows"][0]["problems"][0]["column"] == "enterprise_id"
    assert world.client(A.login("analyst")).post(URL, params={"kind": "sources"}, content=b"a").status_code == 403


def test_a_registered_enterprise_is_not_moved(world: World) -> None:
    client = world.client(A.login("operator"))
    found = send(client, "enterprises", f"id,name,region,industry,authority\n{A.enterprise},x,{A.county},C34,ca\n")
    assert [problem["column"] for problem in found["rows"][0]["problems"]] == ["authority"]


def test_sources_are_made_with_keys_and_known_by_enterprise_and_name(world: World, operator: TestClient) -> None:
    text = (
        "企业编号,来源名称,产品,解析器,传输方式,数据类别,发送地址\n"
        f'{A.enterprise},防火墙一,FortiGate,fortigate,syslog,安全,"192.0.2.10, 192.0.2.11"\n'
        f"{A.enterprise},平台日志,自研,,http,平台,\n"
    )
    found = send(operator, "sources", text, apply=True)
    assert (found["applied"], found["created"]) == (True, 2)
    assert [key["name"] for key in found["keys"]] == ["平台日志"]
    with world.records.read(EVERYTHING) as session:
        rows = {row.name: row for row in session.scalars(select(Source).where(Source.enterprise_id == A.enterprise))}
        first, second = rows["防火墙一"], rows["平台日志"]
        assert (first.addresses, first.key_hash, first.region, first.state) == (
            ["192.0.2.10", "192.0.2.11"], None, A.county, "learning",
        )  # fmt: skip
        assert second.key_hash == hash_key(found["keys"][0]["key"])
        assert (second.data_kind, second.timezone, second.expected_period) == ("platform", "Asia/Shanghai", 3600.0)
        trail = str([row.detail for row in session.scalars(select(Audit).where(Audit.action == "source.create"))])
    assert found["keys"][0]["key"] not in trail
    again = send(operator, "sources", text, apply=True)
    assert (again["same"], again["keys"]) == (2, [])
    changed = send(operator, "sources", text.replace("FortiGate", "FortiGate 100F"), apply=True)
    assert (changed["updated"], changed["same"]) == (1, 1)


def test_what_a_collector_would_stumble_over_is_said_row_by_row(operator: TestClient) -> None:
    text = (
        "enterprise_id,name,parser,transport,timezone,encoding,addresses,expected_period\n"
        f"{A.enterprise},s1,nope,pigeon,Mars/Base,utf-7x,10.0.0.0/99,soon\n"
        f"{A.enterprise},s2,map:nope,syslog,Asia/Shanghai,gb18030,10.0.0.0/8,0\n"
    )
    rows = send(operator, "sources", text)["rows"]
    assert {problem["column"] for problem in rows[0]["problems"]} == {
        "parser", "transport", "timezone", "encoding", "addresses", "expected_period",
    }  # fmt: skip
    assert {problem["column"] for problem in rows[1]["problems"]} == {"parser", "expected_period"}


# ---------------------------------------------------------------- files as they come


@pytest.mark.parametrize(
    "data",
    [
        ROWS.encode("utf-8-sig"),
        ROWS.encode("gb18030"),
        ROWS.replace(",", "\t").encode(),
        ROWS.replace(",", ";").replace("\n", "\r\n").encode(),
        ("\n\n" + ROWS + "\n,,,,,,\n").encode(),
        ROWS.replace("企业编号", " *企业编号（必填）").encode(),
        sheet(*[[int(cell) if cell.isdigit() else cell for cell in line.split(",")] for line in ROWS.split("\n")]),
    ],
)
def test_files_as_people_have_them(data: bytes) -> None:
    lines = files.read("enterprises", data)
    assert [line.cells["id"] for line in lines] == ["n1", "n2"]
    assert lines[0].cells["region"] == A.county
    assert lines[0].cells["contact_phone"] == "13800000001"
    assert lines[1].cells["contact_phone"] == ""


def test_json_rows_may_hold_lists(operator: TestClient) -> None:
    rows = (
        b'[{"enterprise_id": "' + A.enterprise.encode() + b'", "name": "j", "addresses": ["192.0.2.1", "192.0.2.2"]}]'
    )
    found = send(operator, "sources", rows)
    assert (found["created"], found["wrong"]) == (1, 0)


def test_templates_can_be_sent_back(operator: TestClient) -> None:
    kinds: tuple[Kind, ...] = ("enterprises", "sources")
    for kind in kinds:
        for form in ("csv", "xlsx"):
            answer = operator.get(f"{URL}/template", params={"kind": kind, "form": form})
            assert f'filename="taishi-{kind}.{form}"' in answer.headers["content-disposition"]
            assert len(files.read(kind, answer.content)) == 1


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * (files.MAX_UNPACKED + 1))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\n , ,\n", "empty"),
        (b"id,name\n1,2\n", "missing"),
        (b"id,name,region,industry,colour\n", "colour"),
        (b"id,id,name,region,industry\n", "twice"),
        (b'id,name,region,industry\n"open', "CSV"),
        (b"id\0", "no text"),
        (b"{", "JSON"),
        (b'{"rows": 1}', "list of objects"),
        (b'[{"colour": 1}]', "colour"),
        (b"PK\x03\x04broken", "Excel"),
        (bomb(), "too large"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", ".xls"),
        (b"id,name,region,industry\n" + b"a,b,c,d\n" * 5001, "5000"),
        (b"[" + b"{}," * 5000 + b"{}]", "5000"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(operator: TestClient, data: bytes, said: str) -> None:
    assert said in send(operator, "enterprises", data, status=422)["detail"]


@given(
    st.binary(max_size=400)
    | st.text(max_size=400).map(str.encode)
    | st.binary(max_size=200).map(lambda b: b"PK\x03\x04" + b)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        lines = files.read("sources", data)
    except Invalid:
        return
    assert len(lines) <= files.MAX_ROWS
