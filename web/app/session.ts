/** The session: the token in the URL's fragment is traded for a cookie that no script can read, and leaves the address bar. */
import { signal } from "@preact/signals";
import { api, ApiProblem, messageOf, onUnauthorized } from "./api/client.js";
import type { ServerInfo } from "./api/types.js";
import { server } from "./server-info.js";
import { tokenIn } from "./token-text.js";

export { may, server } from "./server-info.js";

/** `unknown` until the service has answered; `out`: it wants a token; `unreachable`: it doesn't answer. */
export const session = signal<"unknown" | "in" | "out" | "unreachable">("unknown");
/** Why the last token was refused. */
export const refusal = signal<string | null>(null);

async function meet(): Promise<void> {
  try {
    server.value = await api.get<ServerInfo>("/server");
    session.value = "in";
  } catch (error) {
    session.value = error instanceof ApiProblem && error.status !== 401 ? "unreachable" : "out";
    if (session.value === "unreachable") refusal.value = messageOf(error);
  }
}

/** Shows a token to the service. */
export async function logIn(token: string): Promise<void> {
  refusal.value = null;
  try {
    await api.post("/session", { token });
  } catch (error) {
    refusal.value = messageOf(error);
    session.value = error instanceof ApiProblem && error.status === 0 ? "unreachable" : "out";
    return;
  }
  await meet();
}

/** Forgets this browser. */
export async function logOut(): Promise<void> {
  await api.delete("/session").catch(() => {});
  session.value = "out";
}

/** Finds out who this browser is to the service. */
export async function startSession(): Promise<void> {
  onUnauthorized(() => (session.value = "out"));
  const token = tokenIn(location.hash);
  // Before anything else is asked: nobody who looks over a shoulder or into the history finds it.
  if (token !== null) history.replaceState(null, "", `${location.pathname}${location.search}`);
  if (token !== null) await logIn(token);
  else await meet();
}
