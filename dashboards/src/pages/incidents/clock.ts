/** The clock that runs: time to acknowledge, then time to resolve. */
import type { Schemas } from "../../api/client";

type Deadlines = Schemas["Deadlines"];

export interface Running {
  which: "acknowledge" | "resolve";
  /** Seconds left; negative when overdue. */
  left: number;
}

/** null where both are done. */
export function running(deadlines: Deadlines, now: number): Running | null {
  for (const which of ["acknowledge", "resolve"] as const) {
    const clock = deadlines[which];
    if (clock.done_at === null) return { which, left: clock.due - now };
  }
  return null;
}
