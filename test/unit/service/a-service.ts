/** A service over a fake host, for the tests of this folder. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { StudyHost } from "../../../src/host/host.js";
import { createService } from "../../../src/service/server.js";
import type { Service, ServiceOptions } from "../../../src/service/server.js";
import { fakeHost } from "./fake-host.js";

/** A service that is closed when the test ends, its first token, and the headers that carry it. */
export async function aService(
  options: Partial<ServiceOptions> = {},
  host: StudyHost = fakeHost(),
): Promise<
  Service & { readonly token: string; readonly bearer: { readonly authorization: string }; readonly folder: string }
> {
  const folder = await mkdtemp(join(tmpdir(), "service-"));
  const service = await createService({
    host,
    storageDir: folder,
    options: { version: "0.0.0-test", port: 0, checkAnswers: true, ...options },
  });
  onTestFinished(async () => {
    await service.close();
    await rm(folder, { recursive: true });
  });
  const token = service.context.tokens.first ?? "";
  return Object.assign(service, { token, bearer: { authorization: `Bearer ${token}` }, folder });
}
