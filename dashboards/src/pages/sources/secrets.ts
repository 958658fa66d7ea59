/** Keys that were just made, by source: shown until the page is left or reloaded, written nowhere. */
const keys = new Map<string, string>();

export function keep(source: string, key: string): void {
  keys.set(source, key);
}

export function keyOf(source: string): string | undefined {
  return keys.get(source);
}
