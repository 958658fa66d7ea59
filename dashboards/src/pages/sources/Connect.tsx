/** The second and third step of connecting a source: what to set on the product, and whether it has worked. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Input, Tabs } from "antd";
import { useState, type ReactNode } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { useSettled } from "../../components/useSettled";
import { number, time } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { Tried } from "../mappings/Tried";
import { keep, keyOf } from "./secrets";
import "./sources.css";

type Guide = Schemas["Guide"];
type Way = Schemas["Way"];
type Source = Schemas["Source"];

const PLACE = "TAISHI_KEY";
const POLL = 2000;

function Copied({ text, testId }: { text: string; testId?: string }): ReactNode {
  const { t: common } = useTexts("common");
  return (
    <div className="how-to">
      <pre className="mono" tabIndex={0} data-testid={testId}>
        {text}
      </pre>
      <Button size="small" onClick={() => void navigator.clipboard.writeText(text)}>
        {common("copy")}
      </Button>
    </div>
  );
}

function OneWay({ way, source, secret }: { way: Way; source: Source; secret: string | undefined }): ReactNode {
  const { t, language } = useTexts("onboarding");
  const steps = language === "zh" ? way.steps_zh : way.steps_en;
  return (
    <>
      {way.lacking.length > 0 && <Alert type="warning" showIcon title={t("lacking", { settings: way.lacking.join(", ") })} />}
      {way.sends !== source.transport && <Alert type="info" showIcon title={t("other", { sends: source.transport })} />}
      <ol className="connect-steps">
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      {way.snippet && <Copied text={secret ? way.snippet.replaceAll(PLACE, secret) : way.snippet} testId="snippet" />}
    </>
  );
}

function Ways({ guide, source }: { guide: Guide; source: Source }): ReactNode {
  const { t, language } = useTexts("onboarding");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const [secret, setSecret] = useState(() => keyOf(source.id));
  // Ways that the source is registered for come first; the maker's own stays ahead of the general ones.
  const ways = [...guide.ways].sort((one, other) => Number(other.sends === source.transport) - Number(one.sends === source.transport));
  const command = source.transport === "http" ? guide.test_http : guide.test_syslog;
  const renew = async (): Promise<void> => {
    try {
      const made = await take(api.POST("/api/v1/sources/{source_id}/key", { params: { path: { source_id: source.id } }, body: {} }));
      keep(source.id, made.key);
      setSecret(made.key);
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
  };
  return (
    <section className="card">
      <h2>{t("step2")}</h2>
      {source.transport === "http" &&
        (secret ? (
          <Alert type="info" title={t("key")} description={<code data-testid="source-key">{secret}</code>} />
        ) : (
          <p className="row">
            <span className="quiet">{t("keyLost")}</span>
            <Button size="small" onClick={() => void renew()}>
              {t("newKey")}
            </Button>
          </p>
        ))}
      <Tabs
        items={ways.map((way) => ({ key: way.key, label: pick(way, "title", language), children: <OneWay way={way} source={source} secret={secret} /> }))}
      />
      {command && (
        <>
          <h2>{t("send")}</h2>
          <Copied text={command.replaceAll(PLACE, secret ?? PLACE)} testId="test-command" />
        </>
      )}
    </section>
  );
}

function Trial({ guide, source }: { guide: Guide; source: Source }): ReactNode {
  const { t } = useTexts("onboarding");
  const { may } = useSession();
  const [sample, setSample] = useState("");
  const settled = useSettled(sample);
  const tried = useQuery({
    queryKey: ["onboarding-trial", source.id, settled],
    queryFn: () => take(api.POST("/api/v1/parsers/trial", { body: { sample: settled, parser: source.parser, timezone: source.timezone } })),
    placeholderData: keepPreviousData,
    enabled: settled.trim() !== "",
  });
  return (
    <>
      <p className="quiet">{t("paste")}</p>
      <Input.TextArea
        className="mono"
        autoSize={{ minRows: 3, maxRows: 8 }}
        maxLength={65_536}
        spellCheck={false}
        value={sample}
        aria-label={t("paste")}
        data-testid="connect-sample"
        onChange={(event) => {
          setSample(event.target.value);
        }}
      />
      <p className="row">
        {guide.sample && (
          <Button
            size="small"
            data-testid="use-sample"
            onClick={() => {
              setSample(guide.sample);
            }}
          >
            {t("sample")}
          </Button>
        )}
        {may("mappings.write") && <Link to="/mappings/new">{t("mapping")}</Link>}
      </p>
      {tried.isError && <Failure error={tried.error} />}
      {tried.data && sample.trim() !== "" && <Tried result={tried.data} parsers />}
    </>
  );
}

function Arrivals({ source }: { source: Source }): ReactNode {
  const { t, language } = useTexts("onboarding");
  const found = useQuery({
    queryKey: ["arrivals", source.id],
    queryFn: () => take(api.GET("/api/v1/sources/{source_id}/arrivals", { params: { path: { source_id: source.id } } })),
    refetchInterval: POLL,
  });
  if (found.isError) return <Failure error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return null;
  const { received, stored, quarantined, events, refused, may_read } = found.data;
  const records = events.map((event) => ({
    text: typeof event["event.original"] === "string" ? event["event.original"] : "",
    parser: typeof event["taishi.parser"] === "string" ? event["taishi.parser"] : "",
    events: [event],
    reason: "",
  }));
  return (
    <div data-testid="arrivals" data-received={received} data-events={events.length}>
      <p role="status">
        {received === 0 && events.length === 0
          ? t("waiting")
          : t("counts", { received: number(received, language), stored: number(stored, language), quarantined: number(quarantined, language) })}
      </p>
      {!may_read && received > 0 && <p className="quiet">{t("hidden")}</p>}
      {records.length > 0 && <Tried result={{ records, parsed: records.length, quarantined: 0 }} parsers />}
      {refused.length > 0 && (
        <>
          <h3>{t("refused")}</h3>
          <ul className="plain">
            {refused.map((row) => (
              <li key={`${String(row.received_at)}${row.preview}`}>
                <span className="number quiet">{time(row.received_at)}</span> {row.reason}
                <pre className="mono tried-record" tabIndex={0}>
                  {row.preview}
                </pre>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

export default function Connect(): ReactNode {
  const { id = "" } = useParams();
  const { t, language } = useTexts("onboarding");
  const [params] = useSearchParams();
  const source = useQuery({ queryKey: ["source", id], queryFn: () => take(api.GET("/api/v1/sources/{source_id}", { params: { path: { source_id: id } } })) });
  const products = useQuery({ queryKey: ["products"], queryFn: () => take(api.GET("/api/v1/onboarding/products")), staleTime: Infinity });
  // Without a named product: the first of the source's parser; a source whose records are recognised has the general ways.
  const key = params.get("product") ?? products.data?.items.find((one) => one.parser === source.data?.parser)?.key ?? "generic";
  const guide = useQuery({
    queryKey: ["guide", key],
    queryFn: () => take(api.GET("/api/v1/onboarding/products/{product_key}", { params: { path: { product_key: key }, query: { host: window.location.hostname } } })),
    enabled: products.data !== undefined && source.data !== undefined,
  });
  for (const one of [source, products, guide]) {
    if (one.isError) return <Failure error={one.error} retry={() => void one.refetch()} />;
  }
  if (!source.data || !guide.data) return <Loading />;
  return (
    <div className="sources">
      <header className="page-head">
        <h1>{pick(guide.data.product, "name", language)}</h1>
        <span className="quiet">{source.data.name}</span>
        <span className="grow" />
        <Link to={`/sources/${id}`}>{t("done")}</Link>
      </header>
      <div className="connect">
        <Ways guide={guide.data} source={source.data} />
        <section className="card">
          <h2>{t("step3")}</h2>
          <Arrivals source={source.data} />
          <h2>{t("tryOne")}</h2>
          <Trial guide={guide.data} source={source.data} />
        </section>
      </div>
    </div>
  );
}
