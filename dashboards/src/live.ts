/** Live changes: one server-sent stream a page; what changed is loaded again through its own route. */
import { useEffect, useRef, useState } from "react";
import type { Schemas } from "./api/client";

export type LiveChange = Schemas["LiveChange"];
export type LiveState = "connecting" | "open" | "lost";

/** Calls `onChange` for each change of the given kinds; returns whether the stream is open. The browser reconnects by
 * itself and tells the server where it was, so nothing is missed. */
export function useLive(kinds: readonly LiveChange["kind"][], onChange: (change: LiveChange) => void): LiveState {
  const [state, setState] = useState<LiveState>("connecting");
  const handler = useRef(onChange);
  useEffect(() => {
    handler.current = onChange;
  });
  const wanted = kinds.join(",");
  useEffect(() => {
    const source = new EventSource("/api/v1/live");
    const take = (event: MessageEvent<string>): void => {
      const change = JSON.parse(event.data) as LiveChange;
      if (wanted.split(",").includes(change.kind)) handler.current(change);
    };
    source.onopen = () => {
      setState("open");
    };
    source.onerror = () => {
      setState("lost");
    };
    source.addEventListener("change", take);
    source.addEventListener("signed_out", () => {
      source.close();
      setState("lost");
    });
    return () => {
      source.close();
    };
  }, [wanted]);
  return state;
}
