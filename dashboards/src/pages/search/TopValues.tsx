import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useState, type ReactNode } from "react";
import { api, take } from "../../api/client";
import { Bar } from "../../components/marks";
import { number, percent } from "../../format";
import { useTexts } from "../../i18n/use";

const FIELDS = [
  "rule.name",
  "observer.product",
  "source.ip",
  "destination.ip",
  "destination.port",
  "threat.technique.id",
  "organization.name",
  "taishi.region",
  "user.name",
  "host.name",
  "event.action",
];

interface Props {
  query: { q: string; start: number; end: number };
  onNarrow: (field: string, value: unknown, exclude: boolean) => void;
}

export function TopValues({ query, onNarrow }: Props): ReactNode {
  const { t, language } = useTexts("search");
  const [field, setField] = useState("rule.name");
  const top = useQuery({
    queryKey: ["top", query, field],
    queryFn: () => take(api.GET("/api/v1/events/top", { params: { query: { ...query, field, size: 12 } } })),
    placeholderData: (before) => before,
    retry: false,
  });
  const total = Math.max(1, top.data?.total ?? 1);
  return (
    <section className="card search-top">
      <div className="row">
        <h2 className="grow">{t("top")}</h2>
        <Select
          aria-label={t("topField")}
          value={field}
          onChange={setField}
          options={FIELDS.map((value) => ({ value, label: value }))}
          popupMatchSelectWidth={false}
        />
      </div>
      <ul data-testid="top-values">
        {(top.data?.items ?? []).map((item) => {
          const share = percent(item.count / total, language);
          return (
            <li key={item.value}>
              <button
                type="button"
                className="search-value ellipsis"
                title={item.value}
                onClick={() => {
                  onNarrow(field, item.value, false);
                }}
              >
                {item.value}
              </button>
              <span className="number quiet">{number(item.count, language)}</span>
              <Bar share={item.count / total} label={share} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}
