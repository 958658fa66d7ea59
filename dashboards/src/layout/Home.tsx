import type { ReactNode } from "react";
import { Navigate } from "react-router";
import { useSession, useSignedIn } from "../session";
import { homeOf } from "./navigation";

export function Home(): ReactNode {
  const { may } = useSession();
  const { role } = useSignedIn();
  return <Navigate to={homeOf(role, may)} replace />;
}
