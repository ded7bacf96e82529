/** By which names the service may be called: what keeps pages of other names, rebound to this address, out. */

/** The name in a Host header or an authority, without its port and in small letters; null where it is none. */
export function hostName(host: string | undefined): string | null {
  if (host === undefined) return null;
  const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::\d{1,5})?$/.exec(host.trim());
  if (!match) return null;
  const [, v6, name = ""] = match;
  return v6 === undefined ? name.toLowerCase().replace(/\.$/, "") : canonicalV6(v6);
}

/** One spelling of an IPv6 address. */
function canonicalV6(text: string): string | null {
  try {
    return new URL(`http://[${text}]/`).hostname.slice(1, -1);
  } catch {
    return null;
  }
}

/** A name as an operator types it: `hpo.example.org`, `::1`, `[::1]`; null where it is none. */
export function typedHostName(text: string): string | null {
  return hostName(
    text.includes(":") && !text.startsWith("[") && text.indexOf(":") !== text.lastIndexOf(":") ? `[${text}]` : text,
  );
}

const everywhere = new Set(["0.0.0.0", "::"]);

export function isLoopback(name: string): boolean {
  return name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}

/** The names a service answers to: loopback's, the one it listens at (unless that is every address), and those allowed. */
export function allowedHosts(listensAt: string, allowed: readonly string[]): ReadonlySet<string> {
  const names = new Set(["localhost", "127.0.0.1", "::1"]);
  for (const text of [listensAt, ...allowed]) {
    const name = typedHostName(text);
    if (name !== null && !everywhere.has(name)) names.add(name);
  }
  return names;
}
