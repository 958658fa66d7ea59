import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { number, shortTime, time } from "../../format";
import { useTexts } from "../../i18n/use";

interface Props {
  histogram: Schemas["Histogram"];
  onNarrow: (start: number, end: number) => void;
}

/** Bars that are buttons: the keyboard narrows the range as well as the mouse. */
export function Histogram({ histogram, onNarrow }: Props): ReactNode {
  const { t, language } = useTexts("search");
  const largest = Math.max(1, ...histogram.buckets.map((bucket) => bucket.count));
  return (
    <figure className="histogram" aria-label={t("histogram")}>
      <div className="histogram-bars" data-testid="histogram">
        {histogram.buckets.map((bucket) => (
          <button
            key={bucket.start}
            type="button"
            title={`${time(bucket.start)} · ${number(bucket.count, language)}`}
            aria-label={`${time(bucket.start)} ${number(bucket.count, language)}`}
            onClick={() => {
              onNarrow(bucket.start, bucket.start + histogram.interval);
            }}
          >
            <span style={{ height: `${bucket.count === 0 ? 0 : Math.max(3, (bucket.count / largest) * 100)}%` }} />
          </button>
        ))}
      </div>
      <figcaption className="quiet number">
        <span>{shortTime(histogram.start)}</span>
        <span>{t("histogram")}</span>
        <span>{shortTime(histogram.end)}</span>
      </figcaption>
    </figure>
  );
}
