"""What the verdicts on incidents say of each rule, and how loud it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from api.dependencies import Caller
from api.names import enterprise_refs
from api.services import Services
from api.suppressions.schemas import RuleHistory, RuleList, RuleQuery
from taishi.clock import now
from taishi.feedback.parameters import parameters
from taishi.feedback.priors import Counts, factor
from taishi.feedback.suppress import Suppression, narrowing_query
from taishi.records.tables import RuleVerdict

DAY = 86_400.0


def history(services: Services, caller: Caller, query: RuleQuery) -> RuleList:
    """Rules by how much was judged false or benign, then by how much was judged."""
    days = parameters()["suppression"]["preview_days"]
    judged = RuleVerdict.true_positive + RuleVerdict.false_positive + RuleVerdict.benign_positive
    against = RuleVerdict.false_positive + RuleVerdict.benign_positive
    names = ("true_positive", "false_positive", "benign_positive", "other")
    sums = [func.sum(getattr(RuleVerdict, name)) for name in names]
    by_rule = query.by == "rule"
    keys: list[Any] = [RuleVerdict.rule] if by_rule else [RuleVerdict.rule, RuleVerdict.enterprise_id]
    statement = select(*keys, *sums).select_from(RuleVerdict).where(judged + RuleVerdict.other > 0).group_by(*keys)
    if query.enterprise_id is not None:
        statement = statement.where(RuleVerdict.enterprise_id == query.enterprise_id)
    for word in query.q.split()[:8]:
        statement = statement.where(RuleVerdict.rule.icontains(word, autoescape=True))
    ordered = statement.order_by(func.sum(against).desc(), func.sum(judged).desc(), *keys).limit(query.limit)
    with services.records.read(caller.scope) as session:
        found = [tuple(row) for row in session.execute(ordered)]
        rules = {row[0] for row in found}
        seen = select(RuleVerdict).where(RuleVerdict.rule.in_(rules))
        everywhere: dict[str, Counts] = {}
        for verdict in session.scalars(seen):
            counts = Counts(verdict.true_positive, verdict.false_positive, verdict.benign_positive)
            everywhere[verdict.rule] = everywhere.get(verdict.rule, Counts()) + counts
        enterprises = {} if by_rule else enterprise_refs(session, (row[1] for row in found))
    items = []
    for row in found:
        true, false, benign, other = (int(number) for number in row[-4:])
        counts = Counts(true, false, benign)
        enterprise = "" if by_rule else str(row[1])
        items.append(
            RuleHistory(
                rule=row[0], enterprise=enterprises.get(enterprise), hits=_hits(services, caller, row[0], enterprise, days),
                true_positive=true, false_positive=false, benign_positive=benign, other=other, judged=counts.judged,
                false_rate=false / counts.judged if counts.judged else None,
                factor=None if by_rule else factor(counts, everywhere[row[0]]),
            )
        )  # fmt: skip
    return RuleList(days=int(days), items=items)


def _hits(services: Services, caller: Caller, rule: str, enterprise_id: str, days: float) -> int:
    named = Suppression("", "enterprise", enterprise_id, "", "", "", {"rule": rule}, 0, 0.0)
    at = now()
    return services.store.count(narrowing_query(named), caller.scope, at - days * DAY, at + DAY)
