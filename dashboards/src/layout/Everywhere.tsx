import { useState, type ReactNode } from "react";
import { useNavigate } from "react-router";
import { KeyboardHelp } from "../keyboard/Help";
import { useKeys } from "../keyboard/useKeys";
import { useSession } from "../session";

/** Keys that mean the same on every screen. */
export function Everywhere(): ReactNode {
  const [help, setHelp] = useState(false);
  const navigate = useNavigate();
  const { may } = useSession();
  const go = (path: string, allowed: boolean) => (): void => {
    if (allowed) void navigate(path);
  };
  useKeys("everywhere", {
    help: () => {
      setHelp(true);
    },
    search: go("/search", may("events.read")),
    "go-incidents": go("/incidents", may("incidents.read")),
    "go-overview": go("/overview", may("overview.read")),
    "go-enterprises": go("/enterprises", may("enterprises.read")),
    "go-tuning": go("/tuning", may("incidents.write")),
    "go-sources": go("/sources", may("sources.read")),
  });
  return (
    <KeyboardHelp
      open={help}
      onClose={() => {
        setHelp(false);
      }}
    />
  );
}
