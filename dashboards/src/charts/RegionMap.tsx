/** The children of one region, filled by their risk index. Joined by division code, never by name. */
import { useQuery } from "@tanstack/react-query";
import * as echarts from "echarts/core";
import { useCallback, useEffect, useMemo, useRef, type ReactNode } from "react";
import type { Schemas } from "../api/client";
import { number, percent } from "../format";
import { nameOf } from "../i18n";
import { useTexts } from "../i18n/use";
import { useSession } from "../session";
import { palette } from "../theme/tokens";
import { Chart, type Instance, type Option } from "./Chart";
import { inkOn, riskColour, scaleTop } from "./ramp";

type Row = Schemas["RegionRow"];

interface Outline {
  type: "Feature";
  properties: { adcode: string; name: string; name_en: string; center: [number, number] };
  geometry: { type: string; coordinates: number[][][][] | number[][][] };
}

export interface Pack {
  type: "FeatureCollection";
  aspect: number;
  features: Outline[];
}

async function load(code: string): Promise<Pack | null> {
  const answer = await fetch(`/regions/${code}.json`);
  const isPack = answer.ok && (answer.headers.get("content-type") ?? "").includes("json");
  if (!isPack) return null;
  const pack = (await answer.json()) as Pack;
  // ECharts joins data by `name`; ours is the code, so that no two counties of one name are ever mixed up.
  const named = pack.features.map((one) => ({ ...one, properties: { ...one.properties, name: one.properties.adcode } }));
  echarts.registerMap(code, { type: "FeatureCollection", features: named } as never);
  return pack;
}

interface Props {
  code: string;
  rows: readonly Row[];
  height: number | string;
  highlighted?: string | undefined;
  onOpen: (code: string) => void;
  onPoint?: (code: string | undefined) => void;
  fontSize?: number;
}

/** Spans of longitude and latitude of an outline, for deciding whether its name has room. */
function extent(outline: Outline): number {
  const flat = (outline.geometry.coordinates as unknown[]).flat(Infinity) as number[];
  const xs = flat.filter((_, i) => i % 2 === 0);
  const ys = flat.filter((_, i) => i % 2 === 1);
  return Math.min(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
}

/** Outlines that are large enough against the whole map to carry their name. */
export function labelled(pack: Pack, share = 0.075): Set<string> {
  const sizes = pack.features.map((one) => [one.properties.adcode, extent(one)] as const);
  const xs = pack.features.map((one) => one.properties.center[0]);
  const ys = pack.features.map((one) => one.properties.center[1]);
  const whole = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), 0.1);
  return new Set(sizes.filter(([, size]) => size / whole >= share).map(([code]) => code));
}

export function RegionMap({ code, rows, height, highlighted, onOpen, onPoint, fontSize = 12 }: Props): ReactNode {
  const { t, language } = useTexts("common");
  const { mode } = useSession();
  const pack = useQuery({ queryKey: ["region-pack", code], queryFn: () => load(code), staleTime: Infinity });
  const chart = useRef<Instance | null>(null);
  const handlers = useRef({ onOpen, onPoint });
  useEffect(() => {
    handlers.current = { onOpen, onPoint };
  });

  const option = useMemo<Option>(() => {
    const colours = palette[mode];
    const byCode = new Map(rows.map((row) => [row.region.code, row]));
    const names = pack.data ? labelled(pack.data) : new Set<string>();
    const top = scaleTop(rows.map((row) => row.risk?.mid ?? 0));
    const data = (pack.data?.features ?? []).map(({ properties }) => {
      const row = byCode.get(properties.adcode);
      const known = row?.risk && !row.risk.insufficient && row.enterprises > 0;
      const fill = known && row.risk ? riskColour(row.risk.mid, mode, top) : colours.raised;
      return {
        name: properties.adcode,
        value: row?.risk?.mid ?? 0,
        itemStyle: {
          areaColor: fill,
          ...(known ? {} : { decal: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -0.8, color: colours.quiet } }),
        },
        label: {
          show: names.has(properties.adcode),
          color: known ? inkOn(fill) : colours.ink,
          formatter: () => nameOf({ name: properties.name, name_en: properties.name_en }, language),
        },
      };
    });
    return {
      aria: { enabled: false, decal: { show: true } },
      tooltip: {
        backgroundColor: colours.raised,
        borderColor: colours.line,
        textStyle: { color: colours.ink },
        formatter: (params: unknown) => {
          const row = byCode.get((params as { name: string }).name);
          if (!row) return t("risk.none");
          const risk = row.risk ? number(row.risk.mid, language, 1) : t("risk.none");
          const cover = row.risk ? percent(row.risk.coverage, language) : "–";
          return `<b>${nameOf(row.region, language)}</b><br/>${t("risk.index")} ${risk}<br/>${t("risk.coverage")} ${cover}`;
        },
      },
      series: [
        {
          type: "map",
          map: code,
          aspectScale: pack.data?.aspect ?? 0.87,
          layoutCenter: ["50%", "50%"],
          layoutSize: "98%",
          selectedMode: false,
          itemStyle: { borderColor: colours.quiet, borderWidth: 0.6 },
          // eslint-disable-next-line @typescript-eslint/no-deprecated -- the type of another chart; a map series has it
          emphasis: { itemStyle: { borderColor: colours.accent, borderWidth: 2 }, label: { show: true, fontSize } },
          label: { fontSize },
          data,
        },
      ],
    };
  }, [code, rows, pack.data, mode, language, t, fontSize]);

  useEffect(() => {
    const made = chart.current;
    if (!made || !pack.data) return;
    made.dispatchAction({ type: "downplay", seriesIndex: 0 });
    if (highlighted) made.dispatchAction({ type: "highlight", seriesIndex: 0, name: highlighted });
  }, [highlighted, pack.data, option]);

  const ready = useCallback((made: Instance) => {
    chart.current = made;
    // Browser tests click where a county is drawn, which only the chart knows.
    (made.getDom() as HTMLDivElement & { chart?: Instance }).chart = made;
    // Not "click": it wants press and release on one drawn shape, and a refresh between the two draws new ones.
    let pressed = "";
    made.on("mousedown", (params) => {
      pressed = params.name;
    });
    made.on("mouseup", (params) => {
      if (params.name && params.name === pressed) handlers.current.onOpen(params.name);
      pressed = "";
    });
    made.on("mouseover", (params) => handlers.current.onPoint?.(params.name));
    made.on("mouseout", () => handlers.current.onPoint?.(undefined));
  }, []);

  if (pack.data === undefined) return <div style={{ height }} />;
  if (pack.data === null) return null;
  return <Chart option={option} height={height} label={t("risk.index")} onReady={ready} testId="region-map" />;
}
