"""Mappings: how records of a product that no parser knows are read."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api.common import Body, Model
from taishi.mapping import Mapping
from taishi.trial import MAX_SAMPLE

Name = Annotated[str, Field(min_length=1, max_length=120)]
Sample = Annotated[str, Field(max_length=MAX_SAMPLE, description="Pasted records, one a line, or one document.")]
Zone = Annotated[str, Field(max_length=64, description="IANA zone of times that carry none.")]
Spec = Annotated[dict[str, Any], Field(max_length=40, description="A mapping, as `Mapping` describes it.")]


class ParserRef(Model):
    name: str
    product: str
    data_kind: str


class ParserList(Model):
    items: list[ParserRef]


class TrialRequest(Body):
    """Records to be read as a source's would: by the named parser, by a stored mapping (`map:<id>`), else by sniffing."""

    sample: Sample
    parser: Annotated[str, Field(max_length=64)] = ""
    timezone: Zone = "Asia/Shanghai"


class TriedRecord(Model):
    """`events` and `reason` both empty: a header line, which makes no event."""

    text: str
    parser: str
    events: list[dict[str, Any]]
    reason: str = Field(description="Why it would go to quarantine.")


class TrialResult(Model):
    records: list[TriedRecord]
    parsed: int
    quarantined: int


class FoundKey(Model):
    key: str
    examples: list[str]
    count: int = Field(description="Records that hold it.")
    suggestion: str = Field(description="The field that it probably is; empty where none is known.")


class SpecProblem(Model):
    location: str
    message: str


class MappingTrialRequest(Body):
    sample: Sample
    spec: Spec
    timezone: Zone = "Asia/Shanghai"


class MappingTrial(TrialResult):
    """What the mapping makes of the records; `problems` where it is not a mapping yet, and then nothing was read."""

    problems: list[SpecProblem]
    keys: list[FoundKey]


class DraftRequest(Body):
    sample: Sample


class MappingDraft(Model):
    spec: Mapping | None = Field(description="A mapping to begin from; null where no form fits the records.")
    parser: str = Field(
        description="The parser that reads the first record already; empty where none but the generic one."
    )


class TargetField(Model):
    name: str
    type: str
    array: bool
    meaning_zh: str
    meaning_en: str


class TargetList(Model):
    items: list[TargetField]


class MappingBrief(Model):
    id: str
    parser: str = Field(description="What a source names: `map:<id>`.")
    name: str
    product: str
    form: str
    fields: int
    sources: int = Field(description="Sources in the caller's scope that use it.")
    changed_at: float
    changed_by: str
    version: int


class MappingList(Model):
    items: list[MappingBrief]


class MappingVersion(Model):
    number: int
    note: str
    added_at: float
    added_by: str
    current: bool
    diff: list[str] = Field(description="Against the version before: unified diff of the mapping's JSON.")


class SourceRef(Model):
    id: str
    name: str


class MappingDetail(MappingBrief):
    spec: Mapping
    sample: str
    versions: list[MappingVersion]
    used_by: list[SourceRef]


class MappingSave(Body):
    name: Name
    product: Annotated[str, Field(max_length=120)] = ""
    spec: Spec
    sample: Sample = ""
    note: Annotated[str, Field(max_length=1000)] = ""
