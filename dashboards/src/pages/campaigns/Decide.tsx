/** A decision with its reason: buttons that open one line to write it in. */
import { Button, Input, Modal } from "antd";
import { useState, type ReactNode } from "react";
import { useTexts } from "../../i18n/use";

export interface Choice {
  key: string;
  label: string;
  primary?: boolean;
}

interface Props {
  choices: readonly Choice[];
  onDecide: (key: string, reason: string) => Promise<void>;
}

export function Decide({ choices, onDecide }: Props): ReactNode {
  const { t } = useTexts("campaigns");
  const { t: common } = useTexts("common");
  const [chosen, setChosen] = useState<Choice>();
  const [reason, setReason] = useState("");
  const close = (): void => {
    setChosen(undefined);
    setReason("");
  };
  return (
    <>
      {choices.map((choice) => (
        <Button
          key={choice.key}
          size="small"
          type={choice.primary ? "primary" : "default"}
          data-testid={`decide-${choice.key}`}
          onClick={() => {
            setChosen(choice);
          }}
        >
          {choice.label}
        </Button>
      ))}
      <Modal
        open={chosen !== undefined}
        title={chosen?.label}
        okText={common("confirm")}
        cancelText={common("cancel")}
        okButtonProps={{ disabled: reason.trim() === "" }}
        onCancel={close}
        onOk={() => {
          if (chosen) void onDecide(chosen.key, reason.trim()).then(close);
        }}
        destroyOnHidden
      >
        <Input.TextArea
          autoFocus
          rows={3}
          maxLength={2000}
          value={reason}
          aria-label={t("decide.reason")}
          placeholder={t("decide.reason")}
          onChange={(event) => {
            setReason(event.target.value);
          }}
        />
      </Modal>
    </>
  );
}
