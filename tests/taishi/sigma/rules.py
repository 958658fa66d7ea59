"""Random rules and events over a small world where they often meet, as Sigma documents."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

WORDS = ("whoami", "Cmd.exe", "ſecret", "naïve", "ΑΣ", "é", "a", "", " ", "-enc", "/enc", "10.0.0.5", "7", "0x1f", "True",
         "C:\\Windows\\x", "a*b", "x?y", "İx", "\x01", "end\n")  # fmt: skip
FIELDS = ("CommandLine", "Image", "User", "EventID", "ParentImage", "Hashes")
EVENT_FIELDS = {
    "CommandLine": "process.command_line", "Image": "process.executable", "User": "winlog.event_data.User",
    "EventID": "winlog.event_id", "ParentImage": "process.parent.executable", "Hashes": "winlog.event_data.Hashes",
}  # fmt: skip

words = st.sampled_from(WORDS) | st.text(alphabet="abAB. \\*?-ſé\x02", max_size=6)
texts = st.lists(words, min_size=1, max_size=3).map("".join)
patterns = st.sampled_from(
    ("who.?ami", "(?i)CMD", "^a.*b$", "[a-c]+x", "a|b", "(ab)+c", "\\d{1,3}\\.", "(?i)secret", "x(?=y)", "^$", "end$")
)
scalars = texts | st.integers(-2, 9) | st.booleans() | st.floats(allow_nan=False, width=16) | st.none()


def _item() -> st.SearchStrategy[tuple[str, Any]]:
    plain = st.tuples(
        st.sampled_from(("", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|neq")), texts
    )
    listed = st.tuples(
        st.sampled_from(("", "|contains", "|contains|all", "|endswith", "|startswith", "|windash|contains", "|neq")),
        st.lists(texts, min_size=1, max_size=3),
    )
    coded = st.tuples(
        st.sampled_from(
            ("|base64|contains", "|base64offset|contains", "|wide|base64offset|contains", "|utf16be|base64")
        ),
        st.text(alphabet="abc12", min_size=3, max_size=8),
    )
    other = st.one_of(
        st.tuples(st.sampled_from(("|re", "|re|i", "|re|m|s")), patterns),
        st.tuples(st.just("|cidr"), st.sampled_from(("10.0.0.0/8", "192.168.1.0/24", "fe80::/10"))),
        st.tuples(st.sampled_from(("|lt", "|lte", "|gt", "|gte")), st.integers(-3, 40)),
        st.tuples(st.just("|exists"), st.booleans()),
        st.tuples(
            st.sampled_from(("|fieldref", "|fieldref|startswith", "|fieldref|endswith")), st.sampled_from(FIELDS)
        ),
        st.tuples(st.sampled_from(("|minute", "|hour", "|day", "|week", "|month", "|year")), st.integers(0, 2030)),
        st.tuples(st.just(""), st.one_of(st.none(), st.integers(-2, 9), st.booleans())),
    )
    field = st.sampled_from(FIELDS)
    return st.tuples(field, plain | listed | coded | other).map(lambda pair: (pair[0] + pair[1][0], pair[1][1]))


selections = st.one_of(
    st.dictionaries(st.just("f"), st.just("x")).flatmap(lambda _: st.lists(_item(), min_size=1, max_size=3).map(dict)),
    st.lists(st.lists(_item(), min_size=1, max_size=2).map(dict), min_size=1, max_size=2),
    st.lists(texts.filter(lambda text: text.strip() != ""), min_size=1, max_size=2),
)
conditions = st.sampled_from(
    ("sel_a", "sel_a and sel_b", "sel_a or not sel_b", "not sel_a", "1 of sel_*", "all of sel_*", "1 of them",
     "sel_a and not (sel_b or sel_c)", "all of them")
)  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "title": "drawn", "id": str(draw(st.uuids(version=4))),
        "logsource": draw(st.sampled_from(({"product": "windows", "category": "process_creation"}, {"product": "windows"},
                                           {"product": "taishi"}))),
        "detection": {name: draw(selections) for name in ("sel_a", "sel_b", "sel_c")} | {"condition": draw(conditions)},
        "level": "high",
    }  # fmt: skip


times = st.datetimes().map(lambda at: at.isoformat() + "Z") | st.integers(0, 2_000_000_000).map(str)
routed = st.fixed_dictionaries(
    {"winlog.channel": st.sampled_from(("Microsoft-Windows-Sysmon/Operational", "Security", "Other"))},
    optional={"winlog.event_id": st.sampled_from(("1", "4688", "7", "99"))},
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        **{name: scalars | times | st.lists(scalars, max_size=3) for name in EVENT_FIELDS.values()},
        "message": texts,
        "event.original": texts,
    },
)
events = st.tuples(bodies, routed).map(lambda pair: {**pair[0], **pair[1]})
