import { useEffect, useRef } from "react";
import { isTyping, match, type Scope } from "./keymap";

/** Calls the handler of the action that a key means here. Handlers may change with every render. */
export function useKeys(scope: Scope, handlers: Readonly<Record<string, () => void>>): void {
  const current = useRef(handlers);
  useEffect(() => {
    current.current = handlers;
  });
  useEffect(() => {
    let pending = "";
    const listen = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || isTyping(event.target) || document.querySelector(".ant-modal-wrap:not([style*='display: none'])")) return;
      const onControl = event.target instanceof Element && event.target.closest("a,button,summary,[role=menuitem]") !== null;
      if (event.key === "Enter" && onControl) return;
      const found = match(event, [scope], pending);
      pending = found.pending;
      const handler = found.action ? current.current[found.action] : undefined;
      if (handler) {
        event.preventDefault();
        handler();
      }
    };
    window.addEventListener("keydown", listen);
    return () => {
      window.removeEventListener("keydown", listen);
    };
  }, [scope]);
}
