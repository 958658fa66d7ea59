import { useEffect, useState } from "react";

const SETTLE = 400;

/** The value as it was when it last stayed the same for a while (400 ms): for asking while somebody types. */
export function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => { setSettled(value); }, SETTLE);
    return () => { clearTimeout(timer); };
  }, [value]);
  return settled;
}
