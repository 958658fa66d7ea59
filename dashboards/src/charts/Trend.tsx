/** Lines and bands over time. */
import { useMemo, type ReactNode } from "react";
import { number, shortTime } from "../format";
import { useTexts } from "../i18n/use";
import { useSession } from "../session";
import { palette } from "../theme/tokens";
import { Chart, type Option } from "./Chart";

export interface Line {
  name: string;
  /** Epoch seconds and value. */
  points: readonly (readonly [number, number])[];
  kind: "bar" | "line";
  axis?: 0 | 1;
}

interface Props {
  label: string;
  lines: readonly Line[];
  height: number;
  fontSize?: number;
}

export function Trend({ label, lines, height, fontSize = 11 }: Props): ReactNode {
  const { language } = useTexts("common");
  const { mode } = useSession();
  const option = useMemo<Option>(() => {
    const colours = palette[mode];
    const inks = [colours.quiet, colours.accent, colours.severity.high];
    const axis = { axisLabel: { color: colours.quiet, fontSize }, splitLine: { lineStyle: { color: colours.line } }, minInterval: 1 };
    return {
      grid: { left: 44, right: lines.some((line) => line.axis === 1) ? 36 : 12, top: 28, bottom: 22 },
      legend: { textStyle: { color: colours.quiet, fontSize }, top: 0, itemHeight: 8 },
      tooltip: {
        trigger: "axis",
        backgroundColor: colours.raised,
        borderColor: colours.line,
        textStyle: { color: colours.ink },
        valueFormatter: (value: unknown) => number(Number(value), language),
      },
      xAxis: {
        type: "time",
        axisLabel: { color: colours.quiet, fontSize, formatter: (at: number) => shortTime(at / 1000), hideOverlap: true },
        axisLine: { lineStyle: { color: colours.line } },
        splitLine: { show: false },
      },
      yAxis: [
        { type: "value", ...axis },
        { type: "value", ...axis, splitLine: { show: false } },
      ],
      series: lines.map((line, index) => ({
        name: line.name,
        type: line.kind,
        yAxisIndex: line.axis ?? 0,
        data: line.points.map(([at, value]) => [at * 1000, value]),
        showSymbol: false,
        itemStyle: { color: inks[index % inks.length] },
        lineStyle: { width: 2 },
        barMaxWidth: 14,
      })),
    } as Option;
  }, [lines, mode, language, fontSize]);
  return <Chart option={option} height={height} label={label} />;
}

interface BandProps {
  label: string;
  points: readonly { hour: number; low: number; mid: number; high: number }[];
  height: number;
}

/** A risk index over time with the interval around it. */
export function Band({ label, points, height }: BandProps): ReactNode {
  const { language } = useTexts("common");
  const { mode } = useSession();
  const option = useMemo<Option>(() => {
    const colours = palette[mode];
    const at = (hour: number): number => hour * 1000;
    const shared = { type: "line", showSymbol: false, stack: "band", lineStyle: { opacity: 0 }, silent: true } as const;
    return {
      grid: { left: 36, right: 12, top: 10, bottom: 22 },
      tooltip: {
        trigger: "axis",
        backgroundColor: colours.raised,
        borderColor: colours.line,
        textStyle: { color: colours.ink },
        formatter: (params: unknown) => {
          const index = (params as { dataIndex: number }[])[0]?.dataIndex ?? 0;
          const point = points[index];
          if (!point) return "";
          const text = [point.low, point.mid, point.high].map((value) => number(value, language, 1));
          return `${shortTime(point.hour)}<br/><b>${text[1] ?? ""}</b> (${text[0] ?? ""}–${text[2] ?? ""})`;
        },
      },
      xAxis: {
        type: "time",
        axisLabel: { color: colours.quiet, formatter: (value: number) => shortTime(value / 1000), hideOverlap: true },
        axisLine: { lineStyle: { color: colours.line } },
        splitLine: { show: false },
      },
      yAxis: { type: "value", min: 0, max: 100, axisLabel: { color: colours.quiet }, splitLine: { lineStyle: { color: colours.line } } },
      series: [
        { ...shared, data: points.map((p) => [at(p.hour), p.low]) },
        {
          ...shared,
          data: points.map((p) => [at(p.hour), p.high - p.low]),
          areaStyle: { color: colours.accent, opacity: 0.22 },
        },
        {
          type: "line",
          showSymbol: points.length < 3,
          data: points.map((p) => [at(p.hour), p.mid]),
          lineStyle: { width: 2, color: colours.accent },
          itemStyle: { color: colours.accent },
        },
      ],
    };
  }, [points, mode, language]);
  return <Chart option={option} height={height} label={label} />;
}
