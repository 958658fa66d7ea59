/** A warning colour, always with its character and shape. Nothing else on any screen uses these colours. */
import type { ReactNode } from "react";
import { useTexts } from "../i18n/use";
import { useSession } from "../session";
import { levels, type WarningLevel } from "../theme/levels";

export function Level({ colour }: { colour: WarningLevel }): ReactNode {
  const { t } = useTexts("campaigns");
  const { mode } = useSession();
  const look = levels[colour];
  return (
    <span
      className="level"
      data-colour={colour}
      role="img"
      aria-label={t(`warning.colour.${colour}`)}
      style={{ background: look.fill[mode], color: look.ink[mode] }}
    >
      <span aria-hidden="true">
        {look.shape} {look.character}
      </span>
    </span>
  );
}
