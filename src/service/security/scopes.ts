/** What a token lets its holder do. */

/** `admin` includes everything, `run` and `worker` include `read`. */
export const scopes = ["read", "run", "worker", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** Whose token a request carries. */
export interface Identity {
  /** The token's, never the token. */
  readonly id: string;
  /** As it is called in lists; for people. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The studies that it is for; null: all of them. */
  readonly studies: readonly string[] | null;
  /** Whether it came as the page's cookie instead of a header. */
  readonly byCookie: boolean;
}

const includes: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ["read"],
  run: ["run", "read"],
  worker: ["worker", "read"],
  admin: ["admin", "run", "worker", "read"],
};

/** Every scope that those given include, in the order of {@link scopes}. */
export function effectiveScopes(given: readonly Scope[]): readonly Scope[] {
  const all = new Set(given.flatMap((scope) => includes[scope]));
  return scopes.filter((scope) => all.has(scope));
}

export function hasScope(identity: Identity, scope: Scope): boolean {
  return identity.scopes.some((given) => includes[given].includes(scope));
}

/** Whether a token is for a study; routes that list several ask it of each. */
export function maySee(identity: Identity | null, study: string): boolean {
  return identity === null || identity.studies === null || identity.studies.includes(study);
}
