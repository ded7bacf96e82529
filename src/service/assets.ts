/** The dashboard's files: a fixed map read at the start, so that no path of a URL ever reaches the disk. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyReply, FastifyRequest } from "fastify";
import { messageOf, MlbenchError } from "../core/index.js";
import type { ServiceApp, ServiceContext } from "./routes.js";

/** A file as it is sent. */
interface Asset {
  readonly type: string;
  /** Whether its name changes with its content. */
  readonly immutable: boolean;
  readonly etag: string;
  /** By content coding; `identity` is always there. */
  readonly bodies: Readonly<Partial<Record<Coding, Buffer>>> & { readonly identity: Buffer };
}

/** In the order in which they are preferred. */
const codings = ["br", "gzip", "identity"] as const;
type Coding = (typeof codings)[number];

/** The lines of `dist/web/assets.json`. */
interface AssetLine {
  readonly file: string;
  readonly type: string;
  readonly immutable: boolean;
}

const usualFolder = fileURLToPath(new URL("../web/", import.meta.url));

/** The dashboard's files by URL path; a page that says so where the dashboard is not built. */
export async function readAssets(folder: string = usualFolder): Promise<ReadonlyMap<string, Asset>> {
  const manifest = await readFile(join(folder, "assets.json"), "utf8").catch(() => null);
  if (manifest === null) return new Map([["/", withoutDashboard]]);
  try {
    const { files } = JSON.parse(manifest) as { files: Readonly<Record<string, AssetLine>> };
    const read = Object.entries(files).map(async ([path, line]) => [path, await readAsset(folder, line)] as const);
    return new Map(await Promise.all(read));
  } catch (error) {
    throw new MlbenchError("dashboard-unreadable", `${folder}: the dashboard cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function readAsset(folder: string, { file, type, immutable }: AssetLine): Promise<Asset> {
  const [identity, br, gzip] = await Promise.all([
    readFile(join(folder, file)),
    readFile(join(folder, `${file}.br`)).catch(() => undefined),
    readFile(join(folder, `${file}.gz`)).catch(() => undefined),
  ]);
  const bodies = { identity, ...(br && { br }), ...(gzip && { gzip }) };
  return { type, immutable, etag: etagOf(identity), bodies };
}

function etagOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
}

function page(text: string): Asset {
  const identity = Buffer.from(text);
  return { type: "text/html; charset=utf-8", immutable: false, etag: etagOf(identity), bodies: { identity } };
}

const withoutDashboard = page(
  `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>mlbench-hpo</title></head>
<body>
<h1>mlbench-hpo</h1>
<p>The service runs, but this copy of mlbench-hpo has no dashboard: npm run build makes it.</p>
<p>Its interface is at <code>api/v1</code>; <code>api/v1/openapi.json</code> describes it.</p>
</body>
</html>
`,
);

/** The dashboard's own places: each of them is its page, which finds out which one is meant. */
const PLACES = /^\/(?:(?:studies\/[^/]+(?:\/(?:trials(?:\/\d{1,9})?|analysis))?|compare|workers|new)\/?)?$/;

/** Whether somebody went there with a browser, whose page says better than a problem document that there is nothing. */
const isNavigation = ({ headers }: FastifyRequest, path: string): boolean =>
  !path.startsWith("/api") && (headers.accept ?? "").includes("text/html");

/** Serves the files, and the page for every place of the dashboard. */
export function addAssets(
  app: ServiceApp,
  assets: ReadonlyMap<string, Asset>,
  prefixOf: ServiceContext["prefixOf"],
): void {
  const index = assets.get("/") ?? withoutDashboard;
  /** The page for one prefix; there is hardly ever more than one. */
  let prefixed: { readonly prefix: string; readonly page: Asset } | null = null;
  const pageFor = (prefix: string): Asset => {
    if (prefix === "") return index;
    if (prefixed?.prefix !== prefix) {
      const html = index.bodies.identity.toString("utf8");
      prefixed = { prefix, page: page(html.replaceAll(/((?:href|src)=")\/(?!\/)/g, `$1${prefix}/`)) };
    }
    return prefixed.page;
  };
  const hide = { hide: true };
  app.get("/*", { config: { scope: "none" }, schema: hide }, async (request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "/";
    const asset = PLACES.test(path) ? pageFor(prefixOf(request)) : assets.get(path);
    if (asset && !path.startsWith("/api/")) return send(asset, request, reply);
    if (!isNavigation(request, path)) {
      reply.callNotFound();
      return reply;
    }
    const { type, bodies } = pageFor(prefixOf(request));
    return reply.code(404).header("cache-control", "no-store").type(type).send(bodies.identity);
  });
}

async function send(asset: Asset, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const coding = codingOf(request.headers["accept-encoding"], asset);
  const etag = `"${asset.etag}-${coding}"`;
  void reply
    .header("vary", "accept-encoding")
    .header("etag", etag)
    .header("cache-control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  const known = (request.headers["if-none-match"] ?? "").split(",").map((text) => text.trim().replace(/^W\//, ""));
  if (known.includes(etag)) return reply.code(304).send();
  if (coding !== "identity") void reply.header("content-encoding", coding);
  return reply.type(asset.type).send(asset.bodies[coding]);
}

/** The best coding that the asker takes and the file is there in. */
function codingOf(accepted: string | undefined, { bodies }: Asset): Coding {
  const weights = new Map(
    (accepted ?? "").split(",").map((part) => {
      const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
      const q = parameters.find((text) => text.startsWith("q="));
      return [name, q === undefined ? 1 : Number(q.slice(2))] as const;
    }),
  );
  return codings.find((coding) => bodies[coding] && (weights.get(coding) ?? weights.get("*") ?? 0) > 0) ?? "identity";
}
