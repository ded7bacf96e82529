/** A service over a fake host, for the tests of this folder. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { StudyHost } from "../../../src/host/host.js";
import { createService } from "../../../src/service/server.js";
import type { Service, ServiceOptions } from "../../../src/service/server.js";
import { fakeHost } from "./fake-host.js";

/** A service with what a test needs to talk to it. */
export interface TestService extends Service {
  /** The first token. */
  readonly token: string;
  readonly bearer: { readonly authorization: string };
  /** The storage's. */
  readonly folder: string;
}

/** A service that whoever starts it closes by {@link closeService}. */
export async function startService(
  options: Partial<ServiceOptions> = {},
  host: StudyHost = fakeHost(),
  storageDir?: string,
): Promise<TestService> {
  const folder = storageDir ?? (await mkdtemp(join(tmpdir(), "service-")));
  const service = await createService({
    host,
    storageDir: folder,
    options: {
      ...{ version: "0.0.0-test", port: 0, checkAnswers: true, ...options },
      limits: { requestsPerSecond: 10_000, ...options.limits },
    },
  });
  const token = service.context.tokens.first ?? "";
  return Object.assign(service, { token, bearer: { authorization: `Bearer ${token}` }, folder });
}

export async function closeService({ close, folder }: TestService): Promise<void> {
  await close();
  await rm(folder, { recursive: true, force: true });
}

/** A service that is closed when the test ends. */
export async function aService(...of: Parameters<typeof startService>): Promise<TestService> {
  const service = await startService(...of);
  onTestFinished(() => (of[2] === undefined ? closeService(service) : service.close()));
  return service;
}
