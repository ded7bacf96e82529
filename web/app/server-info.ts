/** What the service is, and what this session may do there. */
import { signal } from "@preact/signals";
import type { ServerInfo } from "./api/types.js";

/** What the service is; null before it has said so. */
export const server = signal<ServerInfo | null>(null);

/** Whether this session may do what a scope stands for. */
export function may(scope: "run" | "worker" | "admin"): boolean {
  const scopes = server.value?.scopes ?? [];
  return scopes.includes("admin") || scopes.includes(scope);
}
