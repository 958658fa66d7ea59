/** The way from an incident to a suppression; on the incident's own page also by its key. */
import { Button } from "antd";
import { useState, type ReactNode } from "react";
import { useTexts } from "../../i18n/use";
import { useKeys } from "../../keyboard/useKeys";
import { SuppressDialog } from "./SuppressDialog";

function Key({ onPress }: { onPress: () => void }): null {
  useKeys("incident", { suppress: onPress });
  return null;
}

export function SuppressButton({ incidentId, withKey }: { incidentId: string; withKey: boolean }): ReactNode {
  const { t } = useTexts("feedback");
  const [open, setOpen] = useState(false);
  const start = (): void => {
    setOpen(true);
  };
  return (
    <>
      {withKey && <Key onPress={start} />}
      <Button size="small" data-testid="suppress" onClick={start}>
        {t("suppress.act")}
      </Button>
      {open && (
        <SuppressDialog
          incidentId={incidentId}
          onDone={() => {
            setOpen(false);
          }}
        />
      )}
    </>
  );
}
