/** Who is signed in, what they may do, and their language and theme. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { api, onSignedOut, take, useToken as setToken, type Session } from "./api/client";
import { keptLanguage, setLanguage, type Language } from "./i18n";
import type { Mode } from "./theme/levels";

export type Permission = Session["permissions"][number];

interface SessionState {
  /** `undefined` while it is not known yet, `null` when nobody is signed in. */
  session: Session | null | undefined;
  ended: boolean;
  mode: Mode;
  signIn: (login: string, password: string) => Promise<void>;
  signOut: () => Promise<void>;
  may: (permission: Permission) => boolean;
  switchLanguage: (language: Language) => void;
  switchMode: (mode: Mode) => void;
}

const Context = createContext<SessionState | null>(null);
const KEPT_MODE = "taishi.theme";

export function useSession(): SessionState {
  const state = useContext(Context);
  if (!state) throw new Error("useSession outside of SessionProvider");
  return state;
}

/** The session of a page behind the sign-in. */
export function useSignedIn(): Session {
  const { session } = useSession();
  if (!session) throw new Error("useSignedIn before sign-in");
  return session;
}

function keptMode(): Mode {
  return localStorage.getItem(KEPT_MODE) === "light" ? "light" : "dark";
}

export function SessionProvider({ children }: { children: ReactNode }): ReactNode {
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const [ended, setEnded] = useState(false);
  const [mode, setMode] = useState<Mode>(keptMode);
  const queries = useQueryClient();

  const accept = useCallback((fresh: Session | null) => {
    setToken(fresh?.csrf_token ?? "");
    setSession(fresh);
  }, []);

  useEffect(() => {
    onSignedOut(() => {
      setEnded(true);
      accept(null);
    });
    take(api.GET("/api/v1/session")).then(accept, () => {
      accept(null);
    });
  }, [accept]);

  const keep = useCallback(
    (change: { language?: "zh-CN" | "en"; theme?: Mode }) => {
      // A preference that could not be kept is still in use here; the next change tries again.
      if (session) void api.PATCH("/api/v1/session/preferences", { body: change });
    },
    [session],
  );

  const state = useMemo<SessionState>(
    () => ({
      session,
      ended,
      mode,
      signIn: async (login, password) => {
        const fresh = await take(api.POST("/api/v1/session", { body: { login, password } }));
        setEnded(false);
        accept(fresh);
      },
      signOut: async () => {
        await take(api.DELETE("/api/v1/session"));
        queries.clear();
        accept(null);
      },
      may: (permission) => session?.permissions.includes(permission) ?? false,
      switchLanguage: (language) => {
        if (language !== keptLanguage()) setLanguage(language);
        keep({ language: language === "zh" ? "zh-CN" : "en" });
      },
      switchMode: (next) => {
        localStorage.setItem(KEPT_MODE, next);
        setMode(next);
        keep({ theme: next });
      },
    }),
    [session, ended, mode, accept, keep, queries],
  );
  return <Context value={state}>{children}</Context>;
}
