/** Small dialogs of the queue; each can be answered with one number key. */
import { Button, Input, Modal } from "antd";
import { useEffect, useState, type ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { useTexts } from "../../i18n/use";

export type Status = Schemas["Incident"]["status"];
export type Verdict = NonNullable<Schemas["IncidentChange"]["verdict"]>;

export const VERDICTS: readonly Verdict[] = [
  "true_positive_success",
  "true_positive_attempt",
  "benign_positive",
  "false_positive",
  "duplicate",
  "automated",
  "other",
];
export const STATUSES: readonly Status[] = ["new", "triaged", "in_progress", "contained", "resolved", "closed"];

/** Number keys choose, except while a text is being typed. */
function useNumberKeys(active: boolean, choose: (index: number) => void): void {
  useEffect(() => {
    if (!active) return;
    const listen = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLInputElement;
      if (typing || event.ctrlKey || event.metaKey || !/^[1-9]$/.test(event.key)) return;
      event.preventDefault();
      choose(Number(event.key) - 1);
    };
    window.addEventListener("keydown", listen);
    return () => {
      window.removeEventListener("keydown", listen);
    };
  }, [active, choose]);
}

interface Choices<T extends string> {
  values: readonly T[];
  label: (value: T) => string;
  chosen?: T | undefined;
  onChoose: (value: T) => void;
}

function ChoiceList<T extends string>({ values, label, chosen, onChoose }: Choices<T>): ReactNode {
  return (
    <div className="choices" role="group">
      {values.map((value, index) => (
        <Button
          key={value}
          type={value === chosen ? "primary" : "default"}
          aria-pressed={value === chosen}
          data-value={value}
          onClick={() => {
            onChoose(value);
          }}
        >
          <kbd>{index + 1}</kbd> {label(value)}
        </Button>
      ))}
    </div>
  );
}

interface CloseProps {
  open: boolean;
  count: number;
  onCancel: () => void;
  onClose: (verdict: Verdict, reason: string) => void;
}

export function CloseDialog({ open, count, onCancel, onClose }: CloseProps): ReactNode {
  const { t } = useTexts("incidents");
  const { t: common } = useTexts("common");
  const [verdict, setVerdict] = useState<Verdict>();
  const [reason, setReason] = useState("");
  useNumberKeys(open, (index) => {
    const value = VERDICTS[index];
    if (value) setVerdict(value);
  });
  const finish = (): void => {
    if (!verdict) return;
    // A closure always has a reason on record; the verdict itself is the least of them.
    onClose(verdict, reason.trim() || common(`verdict.${verdict}`));
    setVerdict(undefined);
    setReason("");
  };
  useEffect(() => {
    if (!open) return;
    const listen = (event: KeyboardEvent): void => {
      const onButton = event.target instanceof Element && event.target.closest(".ant-modal-footer,.choices") !== null;
      if (event.key !== "Enter" || event.shiftKey || (onButton && !verdict)) return;
      event.preventDefault();
      event.stopPropagation();
      finish();
    };
    window.addEventListener("keydown", listen, { capture: true });
    return () => {
      window.removeEventListener("keydown", listen, { capture: true });
    };
  });
  return (
    <Modal
      open={open}
      title={t("close.title", { count })}
      onCancel={onCancel}
      onOk={finish}
      okText={t("close.submit")}
      cancelText={common("cancel")}
      okButtonProps={{ disabled: !verdict }}
      destroyOnHidden
    >
      <div data-testid="close-dialog">
        <p className="quiet">{t("close.pick")}</p>
        <ChoiceList values={VERDICTS} label={(value) => common(`verdict.${value}`)} chosen={verdict} onChoose={setVerdict} />
        <label>
          <span className="quiet">{t("close.reason")}</span>
          <Input.TextArea
            value={reason}
            rows={2}
            maxLength={2000}
            onChange={(event) => {
              setReason(event.target.value);
            }}
          />
        </label>
      </div>
    </Modal>
  );
}

interface StatusProps {
  open: boolean;
  count: number;
  onCancel: () => void;
  onPick: (status: Status) => void;
}

export function StatusDialog({ open, count, onCancel, onPick }: StatusProps): ReactNode {
  const { t } = useTexts("incidents");
  const { t: common } = useTexts("common");
  useNumberKeys(open, (index) => {
    const value = STATUSES[index];
    if (value) onPick(value);
  });
  return (
    <Modal open={open} title={t("statusDialog", { count })} onCancel={onCancel} footer={null} destroyOnHidden>
      <ChoiceList values={STATUSES} label={(value) => common(`status.${value}`)} onChoose={onPick} />
    </Modal>
  );
}

interface NoteProps {
  open: boolean;
  title: string;
  onCancel: () => void;
  onSave: (text: string) => void;
}

export function TextDialog({ open, title, onCancel, onSave }: NoteProps): ReactNode {
  const { t } = useTexts("incidents");
  const { t: common } = useTexts("common");
  const [text, setText] = useState("");
  const save = (): void => {
    if (!text.trim()) return;
    onSave(text.trim());
    setText("");
  };
  return (
    <Modal
      open={open}
      title={title}
      onCancel={onCancel}
      onOk={save}
      okText={t("note.submit")}
      cancelText={common("cancel")}
      okButtonProps={{ disabled: !text.trim() }}
      destroyOnHidden
    >
      <Input.TextArea
        autoFocus
        aria-label={title}
        rows={4}
        value={text}
        maxLength={4000}
        placeholder={t("note.text")}
        onChange={(event) => {
          setText(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
        }}
      />
    </Modal>
  );
}
