import { Modal } from "antd";
import type { ReactNode } from "react";
import { useTexts } from "../i18n/use";
import { bindings, type Scope } from "./keymap";
import "./keyboard.css";

export function KeyboardHelp({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  const { t, language } = useTexts("incidents");
  return (
    <Modal open={open} onCancel={onClose} footer={null} title={t("keys.title")} width={560}>
      <dl className="keys" data-testid="keyboard-help">
        {bindings.map((binding) => (
          <div key={binding.keys}>
            <dt>
              {binding.keys.split(" ").map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{language === "zh" ? binding.zh : binding.en}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}

/** The line of the most useful keys under a list. */
export function Hints({ scope, only }: { scope: Scope; only?: ReadonlySet<string> }): ReactNode {
  const { language } = useTexts("incidents");
  const shown = bindings.filter((one) => one.hint && (one.scope === scope || one.scope === "everywhere"));
  return (
    <p className="hints" aria-hidden="true">
      {shown
        .filter((one) => !only || only.has(one.action))
        .map((one) => (
          <span key={one.keys}>
            <kbd>{one.keys}</kbd> {language === "zh" ? one.zh : one.en}
          </span>
        ))}
    </p>
  );
}
