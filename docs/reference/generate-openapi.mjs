// Writes docs/reference/openapi.json, the description that the service gives of its API:
//   npm run build && node docs/reference/generate-openapi.mjs
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "prettier";

/** The description, as `GET /api/v1/openapi.json` answers it. */
export async function openApiDocument() {
  const { openStudyHost } = await import("../../dist/host/index.js");
  const { createService } = await import("../../dist/service/server.js");
  const folder = mkdtempSync(join(tmpdir(), "openapi-"));
  try {
    const host = await openStudyHost({ storage: folder, workers: 1 });
    const service = await createService({ host, storageDir: folder, options: { version: "0.0.0", port: 0 } });
    await service.app.ready();
    const document = service.app.swagger();
    await service.close();
    await host.close();
    return document;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await format(JSON.stringify(await openApiDocument()), { parser: "json", printWidth: 120 });
  writeFileSync(new URL("openapi.json", import.meta.url), text);
}
