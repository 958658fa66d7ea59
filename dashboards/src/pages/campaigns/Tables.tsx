/** What a campaign consists of: enterprises hit, indicators, incidents, enterprises at risk. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "../../api/client";
import { Bar, Severity } from "../../components/marks";
import { Table } from "../../components/Table";
import { number, percent, shortTime } from "../../format";
import { nameOf, pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { searchForEntity } from "../search/fields";

type Detail = Schemas["CampaignDetail"];

export function Why({ campaign }: { campaign: Detail }): ReactNode {
  const { language } = useTexts("campaigns");
  return (
    <ul className="campaign-list plain campaign-reasons" data-testid="campaign-reasons">
      {campaign.reasons.map((reason) => (
        <li key={`${reason.code}${reason.kind}${reason.indicator}`}>
          <span className="number">{percent(reason.share, language)}</span>
          <Bar share={reason.share} label={percent(reason.share, language)} />
          <span className="campaign-value">{pick(reason, "text", language)}</span>
        </li>
      ))}
    </ul>
  );
}

export function Hit({ campaign }: { campaign: Detail }): ReactNode {
  const { t, language } = useTexts("campaigns");
  return (
    <>
      <Table
        label={t("hit")}
        rows={campaign.hit}
        keyOf={(row) => row.enterprise.id}
        testId="hit"
        columns={[
          { key: "order", title: t("order"), numeric: true, cell: (row) => number(row.order, language) },
          { key: "at", title: t("at"), cell: (row) => <span className="number">{shortTime(row.at)}</span> },
          { key: "enterprise", title: t("enterprise"), cell: (row) => <Link to={`/enterprises/${row.enterprise.id}`}>{nameOf(row.enterprise, language)}</Link> },
          { key: "region", title: t("region"), cell: (row) => nameOf(row.region, language) },
          {
            key: "incidents",
            title: t("incidents"),
            numeric: true,
            cell: (row) => <Link to={`/incidents/${row.incident_ids[0] ?? ""}`}>{number(row.incident_ids.length, language)}</Link>,
          },
        ]}
      />
      {campaign.hit_elsewhere > 0 && <p className="quiet">{t("elsewhere", { count: campaign.hit_elsewhere })}</p>}
    </>
  );
}

export function Indicators({ campaign }: { campaign: Detail }): ReactNode {
  const { t, language } = useTexts("campaigns");
  const { may } = useSession();
  return (
    <Table
      label={t("indicators")}
      rows={campaign.indicators}
      keyOf={(row) => `${row.kind}:${row.value}`}
      testId="indicators"
      columns={[
        { key: "kind", title: "", cell: (row) => <span className="quiet">{t(`indicatorKind.${row.kind}`)}</span> },
        {
          key: "value",
          title: t("value"),
          cell: (row) =>
            may("events.read") ? (
              <Link className="mono campaign-value" to={searchForEntity(row.kind, row.value)}>
                {row.value}
              </Link>
            ) : (
              <span className="mono campaign-value">{row.value}</span>
            ),
        },
        { key: "rarity", title: t("rarity"), numeric: true, cell: (row) => number(row.rarity, language, 2) },
        { key: "enterprises", title: t("enterprises"), numeric: true, cell: (row) => number(row.enterprises, language) },
        { key: "background", title: t("background"), numeric: true, cell: (row) => number(row.background, language) },
        {
          key: "seen",
          title: t("seenAt"),
          cell: (row) => (
            <span className="campaign-seen">
              {row.sightings.map((one) => (
                <span key={one.incident_id}>
                  <Link to={`/incidents/${one.incident_id}`}>{nameOf(one.enterprise, language)}</Link>{" "}
                  <span className="quiet number">{shortTime(one.first_seen)}</span>{" "}
                </span>
              ))}
              {row.elsewhere > 0 && <span className="quiet">{t("elsewhere", { count: row.elsewhere })}</span>}
            </span>
          ),
        },
      ]}
    />
  );
}

export function Members({ campaign }: { campaign: Detail }): ReactNode {
  const { t, language } = useTexts("campaigns");
  return (
    <Table
      label={t("member")}
      rows={campaign.members}
      keyOf={(row) => row.incident_id}
      testId="members"
      columns={[
        { key: "severity", title: "", cell: (row) => <Severity level={row.severity_level} /> },
        { key: "title", title: t("incidents"), cell: (row) => <Link to={`/incidents/${row.incident_id}`}>{pick(row, "title", language)}</Link> },
        { key: "enterprise", title: t("enterprise"), cell: (row) => nameOf(row.enterprise, language) },
        { key: "weight", title: t("weight"), numeric: true, cell: (row) => number(row.weight, language, 2) },
        { key: "ties", title: t("ties"), cell: (row) => <Ties reasons={row.reasons} /> },
      ]}
    />
  );
}

export function Ties({ reasons }: { reasons: readonly Schemas["TieReason"][] }): ReactNode {
  const { t, language } = useTexts("campaigns");
  return (
    <span className="campaign-value">
      {reasons.slice(0, 4).map((reason) => (
        <span key={`${reason.kind}:${reason.value}`}>
          {t(`indicatorKind.${reason.kind}`)} <span className="mono">{reason.kind === "hash" ? `${reason.value.slice(0, 12)}…` : reason.value}</span>{" "}
          <span className="quiet number">
            {number(reason.weight, language, 2)}
            {reason.attempt ? ` ${t("attempt")}` : ""}
          </span>{" "}
        </span>
      ))}
    </span>
  );
}

export function AtRisk({ campaign }: { campaign: Detail }): ReactNode {
  const { t, language } = useTexts("campaigns");
  return (
    <>
      <Table
        label={t("risky")}
        rows={campaign.at_risk}
        keyOf={(row) => row.enterprise.id}
        testId="at-risk"
        columns={[
          { key: "enterprise", title: t("enterprise"), cell: (row) => <Link to={`/enterprises/${row.enterprise.id}`}>{nameOf(row.enterprise, language)}</Link> },
          { key: "region", title: t("region"), cell: (row) => nameOf(row.region, language) },
          { key: "weight", title: t("weight"), numeric: true, cell: (row) => number(row.weight, language, 2) },
          {
            key: "reasons",
            title: t("reasons"),
            cell: (row) => row.reasons.map((reason) => `${pick(reason, "text", language)} ${number(reason.weight, language, 2)}`).join(" · "),
          },
        ]}
      />
      {campaign.at_risk_elsewhere > 0 && <p className="quiet">{t("elsewhere", { count: campaign.at_risk_elsewhere })}</p>}
    </>
  );
}
