import { useCallback, type ReactNode } from "react";
import { useNavigate, useParams } from "react-router";
import { useKeys } from "../../keyboard/useKeys";
import { IncidentView } from "./IncidentView";
import "./queue.css";

export default function IncidentPage(): ReactNode {
  const { id = "" } = useParams();
  const navigate = useNavigate();
  useKeys("incident", {});
  const back = useCallback(() => undefined, []);
  return (
    <div className="incident-page">
      <IncidentView key={id} id={id} compact={false} onChanged={back} onMoved={(to) => void navigate(`/incidents/${to}`)} />
    </div>
  );
}
