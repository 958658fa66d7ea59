import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { App as AntApp, ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { useLayoutEffect, useState, type ReactNode } from "react";
import { RouterProvider } from "react-router/dom";
import { ApiError } from "./api/client";
import { useTexts } from "./i18n/use";
import { SignIn } from "./pages/SignIn";
import { router } from "./routes";
import { SessionProvider, useSession } from "./session";
import { antdTheme, cssVariables } from "./theme/tokens";

function client(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        // A refusal stays a refusal; only what did not answer is asked again.
        retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status < 500),
      },
    },
  });
}

function Themed({ children }: { children: ReactNode }): ReactNode {
  const { mode } = useSession();
  const { language } = useTexts("common");
  useLayoutEffect(() => {
    const style = document.documentElement.style;
    for (const [name, value] of Object.entries(cssVariables(mode))) style.setProperty(name, value);
    style.colorScheme = mode;
    document.documentElement.dataset.theme = mode;
  }, [mode]);
  return (
    <ConfigProvider locale={language === "zh" ? zhCN : enUS} theme={antdTheme(mode)}>
      <AntApp>{children}</AntApp>
    </ConfigProvider>
  );
}

function Gate(): ReactNode {
  const { session } = useSession();
  if (session === undefined) return null;
  return session ? <RouterProvider router={router} /> : <SignIn />;
}

export function App(): ReactNode {
  const [queries] = useState(client);
  return (
    <QueryClientProvider client={queries}>
      <SessionProvider>
        <Themed>
          <Gate />
        </Themed>
      </SessionProvider>
    </QueryClientProvider>
  );
}
