/** The balance of a source: what came in equals what is accounted for. */
import type { Schemas } from "../../api/client";

export type Balance = Schemas["Balance"];

export const PARTS = ["stored", "merged", "suppressed", "quarantined", "rejected"] as const;

/** What the parts leave unexplained; the server says the same, and a screen that disagrees would be lying. */
export function difference(balance: Pick<Balance, "received" | (typeof PARTS)[number]>): number {
  return balance.received - PARTS.reduce((sum, part) => sum + balance[part], 0);
}
