/** ECharts in React: one instance a place, our own label for assistive technology, no animation. */
import { BarChart, CustomChart, LineChart, MapChart } from "echarts/charts";
import {
  GeoComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import type { EChartsOption } from "echarts/types/dist/shared";
import { useEffect, useRef, type ReactNode } from "react";

echarts.use([
  BarChart,
  CustomChart,
  LineChart,
  MapChart,
  GeoComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
  CanvasRenderer,
]);

export type Option = EChartsOption;
export type Instance = echarts.ECharts;

interface Props {
  option: Option;
  label: string;
  height: number | string;
  onReady?: (chart: Instance) => void;
  testId?: string;
}

export function Chart({ option, label, height, onReady, testId }: Props): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<Instance | null>(null);
  const ready = useRef(onReady);
  useEffect(() => {
    ready.current = onReady;
  });
  useEffect(() => {
    if (!place.current) return;
    const made = echarts.init(place.current);
    chart.current = made;
    ready.current?.(made);
    const observer = new ResizeObserver(() => {
      made.resize();
    });
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => {
    chart.current?.setOption({ animation: false, ...option }, { notMerge: true });
  }, [option]);
  return <div ref={place} role="img" aria-label={label} style={{ height, width: "100%" }} data-testid={testId} />;
}
