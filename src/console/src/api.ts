// The console's only way to the server: the public API, with the session cookie and its CSRF token. Errors arrive as
// RFC 9457 problems and keep their field pointers, so that forms can show each one where it belongs.
import { t } from "./texts";

export interface FieldProblem {
  pointer: string;
  code: string;
  message: string;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly fields: FieldProblem[],
    readonly requestId: string | null,
    readonly retryAfter: number | null,
  ) {
    super(detail);
  }
  // This server does not have the route: the console hides what needs it.
  get absent() {
    return this.status === 404 || this.status === 405 || this.status === 501;
  }
  // The message for one member of the body, "name" or "settings/host".
  field(path: string): string | undefined {
    return this.fields.find((f) => f.pointer === `/${path}`)?.message;
  }
}

export interface Session {
  id: string;
  name: string;
  email: string;
  kind: string;
  role: "viewer" | "marketer" | "admin" | "owner";
  can_send: boolean;
  tenant_id: string;
  tenant_name: string;
  time_zone: string;
  csrf_token: string | null;
}

export interface List<T> {
  items: T[];
  next_cursor: string | null;
}

let csrfToken: string | null = null;
let signedOut: () => void = () => {};

export function setCsrfToken(token: string | null) {
  csrfToken = token;
}
export function onSignedOut(listener: () => void) {
  signedOut = listener;
}

async function problemOf(response: Response): Promise<ApiError> {
  let body: { title?: string; detail?: string; errors?: FieldProblem[] } = {};
  try {
    body = await response.json();
  } catch {
    // not a problem document: the status says enough
  }
  const retry = response.headers.get("Retry-After");
  return new ApiError(
    response.status,
    body.title ?? response.statusText,
    body.detail ?? t("The server answered {status}.", { status: response.status }),
    body.errors ?? [],
    response.headers.get("X-Request-Id"),
    retry ? Number(retry) : null,
  );
}

export async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const all: Record<string, string> = { Accept: "application/json", ...headers };
  let content: BodyInit | undefined;
  if (body instanceof Blob || typeof body === "string") {
    content = body;
  } else if (body !== undefined) {
    all["Content-Type"] = "application/json";
    content = JSON.stringify(body);
  } else if (method === "POST") {
    all["Content-Type"] = "application/json";
    content = "{}";
  }
  if (csrfToken && method !== "GET") all["X-CSRF-Token"] = csrfToken;
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, { method, headers: all, body: content, credentials: "same-origin" });
  } catch {
    throw new ApiError(0, t("Offline"), t("The server cannot be reached. Check your connection; what you typed is still here."), [], null, null);
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (response.status === 401 && path !== "/session") signedOut();
    throw problem;
  }
  return response;
}

// crypto.randomUUID exists on https and localhost only.
const key = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function json<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<T> {
  const response = await send(method, path, body, headers);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export const api = {
  get: <T>(path: string) => json<T>("GET", path),
  // The resource together with its ETag, for a change that must not overwrite somebody else's.
  read: async <T>(path: string) => {
    const response = await send("GET", path);
    return { value: (await response.json()) as T, etag: response.headers.get("ETag") };
  },
  // A key for each press of a button: a repeated request cannot do the thing twice.
  post: <T>(path: string, body?: unknown) => json<T>("POST", path, body, { "Idempotency-Key": key() }),
  put: <T>(path: string, body?: unknown) => json<T>("PUT", path, body ?? {}),
  patch: <T>(path: string, body: unknown, etag?: string | null) => json<T>("PATCH", path, body, etag ? { "If-Match": etag } : {}),
  remove: (path: string) => json<void>("DELETE", path),
};

// "?a=1&b=2" of the members that have a value.
export function query(values: Record<string, string | number | boolean | null | undefined>): string {
  const parts = Object.entries(values)
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  return parts.length ? `?${parts.join("&")}` : "";
}
