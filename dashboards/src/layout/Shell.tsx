import { Button, Dropdown, Tooltip } from "antd";
import type { ReactNode } from "react";
import { NavLink, Outlet } from "react-router";
import { setLanguage } from "../i18n";
import { useTexts } from "../i18n/use";
import { useSession, useSignedIn } from "../session";
import { Everywhere } from "./Everywhere";
import { places } from "./navigation";

function Person(): ReactNode {
  const { t } = useTexts("common");
  const { signOut } = useSession();
  const { name, login, role } = useSignedIn();
  const items = [
    { key: "who", label: `${login} · ${t(`roles.${role}`)}`, disabled: true },
    { key: "out", label: t("signOut"), onClick: () => void signOut() },
  ];
  return (
    <Dropdown menu={{ items }} trigger={["click"]}>
      <Button type="text" data-testid="person">
        {name}
      </Button>
    </Dropdown>
  );
}

export function Shell(): ReactNode {
  const { t, language } = useTexts("common");
  const { may, mode, switchMode, switchLanguage } = useSession();
  const other = language === "zh" ? "en" : "zh";
  return (
    <div className="shell">
      <a className="skip" href="#main">
        {t("skip")}
      </a>
      <header className="bar">
        <NavLink to="/" className="brand" aria-label={t("product")}>
          <img src="/favicon.svg" alt="" width={24} height={24} />
          <span>{t("product")}</span>
        </NavLink>
        <nav aria-label={t("menu")} className="places">
          {places
            .filter((place) => may(place.needs))
            .map((place) => (
              <NavLink key={place.path} to={place.path}>
                {t(`nav.${place.key}`)}
              </NavLink>
            ))}
        </nav>
        {may("overview.read") && (
          <NavLink to="/screen" className="aside">
            {t("nav.screen")}
          </NavLink>
        )}
        <Button
          type="text"
          data-testid="language"
          onClick={() => {
            setLanguage(other);
            switchLanguage(other);
          }}
        >
          {t("language")}
        </Button>
        <Tooltip title={t("theme.switch")}>
          <Button
            type="text"
            data-testid="theme"
            aria-label={t("theme.switch")}
            onClick={() => {
              switchMode(mode === "dark" ? "light" : "dark");
            }}
          >
            {mode === "dark" ? "☀" : "☾"}
          </Button>
        </Tooltip>
        <Person />
      </header>
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Everywhere />
    </div>
  );
}
