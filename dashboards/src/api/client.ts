/** The typed client of the API. Every request of the dashboards goes through here. */
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Session = Schemas["Session"];
export type Problem = Schemas["Problem"];

/** A refused request: the API's problem document, or what the browser says when nothing answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | undefined,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

let csrf = "";
let signedOut: () => void = () => undefined;

/** The token of the session in use; sent with every write. */
export function useToken(token: string): void {
  csrf = token;
}

/** What to do when the session has ended elsewhere. */
export function onSignedOut(action: () => void): void {
  signedOut = action;
}

const guard: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET" && csrf) request.headers.set("X-CSRF-Token", csrf);
    return request;
  },
  onResponse({ request, response }) {
    if (response.status === 401 && !new URL(request.url).pathname.endsWith("/session")) signedOut();
    return response;
  },
};

export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });
api.use(guard);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "detail" in error && "status" in error;
}

/** The data of an answer; throws ApiError for everything else. */
export async function take<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (response.ok) return data as T;
  const problem = isProblem(error) ? error : undefined;
  throw new ApiError(response.status, problem, problem ? words(problem) : `HTTP ${response.status}`);
}

/** What went wrong in the reader's language; the particulars come from the API in English. */
function words(problem: Problem): string {
  return document.documentElement.lang === "en" ? problem.detail : `${problem.title_zh}（${problem.detail}）`;
}
