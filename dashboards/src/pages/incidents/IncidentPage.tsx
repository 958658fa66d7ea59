import { useCallback, type ReactNode } from "react";
import { useParams } from "react-router";
import { useKeys } from "../../keyboard/useKeys";
import { IncidentView } from "./IncidentView";
import "./queue.css";

export default function IncidentPage(): ReactNode {
  const { id = "" } = useParams();
  useKeys("incident", {});
  const back = useCallback(() => undefined, []);
  return (
    <div className="incident-page">
      <IncidentView key={id} id={id} compact={false} onChanged={back} />
    </div>
  );
}
