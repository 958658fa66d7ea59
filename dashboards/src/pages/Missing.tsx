import { Result } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useTexts } from "../i18n/use";

export function Missing(): ReactNode {
  const { t } = useTexts("common");
  return <Result status="404" title={t("missing")} extra={<Link to="/">{t("back")}</Link>} />;
}
