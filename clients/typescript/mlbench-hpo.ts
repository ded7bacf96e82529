/**
 * A client of the mlbench-hpo service for programs that evaluate trials: one file without dependencies, for Node >= 20, Deno
 * and Bun. A trial is yours for the time of its lease, which the client renews in the background; requests are repeated
 * while the service restarts, each with the same meaning.
 *
 * @example
 * const client = new Client({ url: "http://127.0.0.1:7070", token });
 * const study = await client.createStudy({ name: "tuning", space: { lr: real(1e-5, 1e-1, { log: true }) } });
 * await study.optimize(async (trial) => {
 *   for (let epoch = 1; epoch <= 30; epoch++) {
 *     await trial.report(epoch, await trainOneEpoch(trial.params.lr));
 *     if (trial.shouldPrune) throw new TrialPruned();
 *   }
 *   return loss;
 * }, { trials: 50 });
 */

export type ParamValue = number | string | boolean | null;
export type Params = Readonly<Record<string, ParamValue>>;
/** What a parameter can be; made by {@link real}, {@link integer} and {@link choice}. */
export type Distribution =
  | {
      readonly type: "float";
      readonly low: number;
      readonly high: number;
      readonly log: boolean;
      readonly step: number | null;
    }
  | { readonly type: "int"; readonly low: number; readonly high: number; readonly log: boolean; readonly step: number }
  | { readonly type: "categorical"; readonly choices: readonly ParamValue[] };
/** A number as JSON has it: those that are not finite are texts. */
export type JsonNumber = number | "NaN" | "Infinity" | "-Infinity";

/** A trial as it is handed out. */
export interface HandedTrial {
  readonly number: number;
  /** From 1: how often it was handed out. */
  readonly attempt: number;
  readonly params: Params;
  /** For whatever is random in the trial. */
  readonly seed: number;
  readonly lease: { readonly token: string; readonly seconds: number } | null;
}

export type Answer = "continue" | "prune" | "stop";

/** How a trial stands in the record. */
export interface ToldTrial {
  readonly number: number;
  readonly attempt: number;
  readonly state: "waiting" | "running" | "complete" | "pruned" | "failed";
  readonly values: readonly JsonNumber[] | null;
  readonly value?: JsonNumber | null | undefined;
  readonly finish_index: number | null;
  readonly failure: { readonly class: string; readonly message: string; readonly where: string } | null;
}

/** How a trial ended. */
export interface Result {
  /** Of a study with one objective. */
  readonly value?: number;
  /** One an objective. */
  readonly values?: readonly number[];
  readonly state?: "complete" | "pruned" | "failed";
  readonly message?: string;
  readonly metrics?: Readonly<Record<string, number>>;
  /** By name: met at 0 and below. */
  readonly constraints?: Readonly<Record<string, number>>;
  readonly user_attrs?: Readonly<Record<string, unknown>>;
}

/** What the service refused: `code` is stable, the message one line for people. */
export class HpoError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.name = "HpoError";
    this.code = code;
    this.status = status;
  }
}

/** Throw it in an objective to end its trial as pruned. */
export class TrialPruned extends Error {
  constructor() {
    super("trial pruned");
    this.name = "TrialPruned";
  }
}

/** A number between two bounds, both included. */
export function real(low: number, high: number, { log = false, step = null as number | null } = {}): Distribution {
  return { type: "float", low, high, log, step };
}

/** A whole number between two bounds, both included. */
export function integer(low: number, high: number, { log = false, step = 1 } = {}): Distribution {
  return { type: "int", low, high, log, step };
}

/** One of these. */
export function choice(choices: readonly ParamValue[]): Distribution {
  return { type: "categorical", choices };
}

/** Where a service is, and how long it is waited for. */
export interface ClientOptions {
  /** A path before `/api/v1` included, and `#token=TOKEN` where there is no `token`. */
  readonly url: string;
  readonly token?: string | undefined;
  /** How long to go on trying where the service cannot be reached, in seconds. @default 300 */
  readonly retrySeconds?: number;
}

/** Refused for a moment: restarting, busy, too many requests, or a full disk. */
const PASSING = new Set([408, 425, 429, 502, 503, 504, 507]);

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });
}

/** JSON with the numbers that it has no word for as texts. */
function encoded(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "number" && !Number.isFinite(item) ? String(item) : item,
  );
}

/** The line to one service. */
export class Client {
  readonly #api: string;
  readonly #token: string | undefined;
  readonly #retrySeconds: number;

  constructor({ url, token, retrySeconds = 300 }: ClientOptions) {
    const [place = "", fragment = ""] = url.split("#");
    this.#api = `${place.replace(/\/$/, "")}/api/v1`;
    this.#token = token ?? new URLSearchParams(fragment).get("token") ?? undefined;
    this.#retrySeconds = retrySeconds;
  }

  /** A study by its name; whether there is one is found out by whatever is asked of it first. */
  study(name: string): Study {
    return new Study(this, name);
  }

  /** Makes a study, or finds the one of that name with the same settings. @throws HpoError `study-exists`. */
  async createStudy(options: {
    readonly name: string;
    readonly space: Readonly<Record<string, Distribution>>;
    readonly direction?: "minimize" | "maximize";
    readonly [more: string]: unknown;
  }): Promise<Study> {
    await this.request("POST", "/studies", options);
    return this.study(options.name);
  }

  /**
   * One request, repeated while the service is away: for those that mean the same when they are sent twice.
   * @returns the answer's JSON; null where it is empty
   */
  async request(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const deadline = Date.now() + this.#retrySeconds * 1000;
    for (let pause = 0.1; ; pause = Math.min(5, pause * 2)) {
      const answer = await this.#send(method, path, body, headers).catch((error: unknown) => error);
      if (!(answer instanceof Response)) this.#throwLasting(answer);
      if (answer instanceof Response && !PASSING.has(answer.status)) return taken(answer);
      const told = answer instanceof Response ? Number(answer.headers.get("retry-after") ?? 0) : 0;
      const wait = Math.max(told, pause * (0.5 + Math.random()));
      if (Date.now() + wait * 1000 > deadline) {
        if (answer instanceof Response) return taken(answer);
        throw new HpoError("unreachable", 0, `${method} ${this.#api}${path}: ${String(answer)}`);
      }
      await sleep(wait);
    }
  }

  /** Throws for what is the same the next time. */
  #throwLasting(error: unknown): void {
    const { cause = error } = error as { readonly cause?: unknown };
    const { code = "", message = String(cause) } = cause as { readonly code?: string; readonly message?: string };
    if (
      /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT)|HOSTNAME_MISMATCH/.test(code) ||
      /peer certificate/i.test(message)
    )
      throw new HpoError(
        "invalid-certificate",
        0,
        `${this.#api}: its certificate is not trusted (${message}); NODE_EXTRA_CA_CERTS=FILE (Deno: DENO_CERT) names, in PEM, ` +
          "the authority that signed it",
      );
    if (code === "ERR_SSL_WRONG_VERSION_NUMBER")
      throw new HpoError("no-tls", 0, `${this.#api}: it speaks no TLS: try http://`);
  }

  #send(method: string, path: string, body: unknown, given: Readonly<Record<string, string>>): Promise<Response> {
    const headers: Record<string, string> = { accept: "application/json", ...given };
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    return fetch(this.#api + path, { method, headers, ...(body === undefined ? {} : { body: encoded(body) }) });
  }
}

async function taken(answer: Response): Promise<unknown> {
  const text = await answer.text();
  if (answer.ok) return text === "" ? null : JSON.parse(text);
  let problem: { readonly code?: string; readonly detail?: string } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    // No service of ours.
  }
  throw new HpoError(problem.code ?? "no-service", answer.status, problem.detail ?? `the answer is ${answer.status}`);
}

/** How a trial is asked for. */
export interface AskOptions {
  /** Who asks, for people. */
  readonly worker?: string;
  /** How long the trial is yours after each sign of life. @default 300 */
  readonly leaseSeconds?: number;
  /** How long to wait where there is nothing to hand out, at most 30. @default 0 */
  readonly waitSeconds?: number;
}

/** How trials are evaluated. */
export interface OptimizeOptions extends Omit<AskOptions, "waitSeconds"> {
  /** How many this call takes on. @default until the study's run has met its goal */
  readonly trials?: number;
  /** How many at a time. @default 1 */
  readonly concurrency?: number;
}

/** A study of a service, for whoever evaluates its trials. */
export class Study {
  readonly client: Client;
  readonly name: string;
  readonly path: string;

  constructor(client: Client, name: string) {
    this.client = client;
    this.name = name;
    this.path = `/studies/${encodeURIComponent(name)}`;
  }

  /** Takes a trial; null where there is none within the wait. @throws HpoError `run-finished` once the run's goal is met. */
  async ask({ worker, leaseSeconds = 300, waitSeconds = 0 }: AskOptions = {}): Promise<Trial | null> {
    const body = {
      ...(worker === undefined ? {} : { worker }),
      lease_seconds: leaseSeconds,
      wait_seconds: waitSeconds,
    };
    const headers = { "idempotency-key": crypto.randomUUID() };
    const handed = await this.client.request("POST", `${this.path}/ask`, body, headers);
    return handed === null ? null : new Trial(this, handed as HandedTrial);
  }

  /**
   * Evaluates trials: each is told what the objective returns (a number, or one an objective), as pruned where it throws
   * {@link TrialPruned}, and as failed where it throws anything else, which ends the call.
   */
  async optimize(
    objective: (trial: Trial) => Promise<number | readonly number[]> | number | readonly number[],
    { trials = Infinity, concurrency = 1, ...asking }: OptimizeOptions = {},
  ): Promise<void> {
    let left = trials;
    const work = async (): Promise<void> => {
      while (left-- > 0) {
        const trial = await this.#next(asking);
        if (trial === null) return;
        try {
          await trial.evaluate(objective);
        } catch (error) {
          left = 0;
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
  }

  /** Null once the run is over. */
  async #next(asking: AskOptions): Promise<Trial | null> {
    for (;;)
      try {
        const trial = await this.ask({ ...asking, waitSeconds: 20 });
        if (trial) return trial;
      } catch (error) {
        if (!(error instanceof HpoError)) throw error;
        if (error.code === "run-finished") return null;
        // Its answer did not come through until the trial was another's.
        if (error.code !== "lease-lost") throw error;
      }
  }
}

/** A trial in hand. */
export class Trial {
  readonly study: Study;
  readonly number: number;
  readonly attempt: number;
  readonly params: Params;
  readonly seed: number;
  readonly lease: { readonly token: string; readonly seconds: number };
  readonly #beat: ReturnType<typeof setInterval>;
  #answer: Answer = "continue";
  #over = false;

  constructor(study: Study, { number, attempt, params, seed, lease }: HandedTrial) {
    if (lease === null) throw new HpoError("no-lease", 0, "the trial was handed out without a lease");
    this.study = study;
    this.number = number;
    this.attempt = attempt;
    this.params = params;
    this.seed = seed;
    this.lease = lease;
    this.#beat = setInterval(
      () => void this.#say<{ answer: Answer }>("heartbeat", {}).then(this.#take, this.#lost),
      lease.seconds * 333,
    );
    (this.#beat as { unref?: () => void }).unref?.();
  }

  /** Whether going on is not worth it, by what was answered last; true also where the trial is not yours any more. */
  get shouldPrune(): boolean {
    return this.#answer !== "continue";
  }

  /** Says how it stands after a step (an epoch, from 1, rising). */
  report(step: number, value: number, metrics?: Readonly<Record<string, number>>): Promise<Answer> {
    return this.reportMany([{ step, value, ...(metrics ? { metrics } : {}) }]);
  }

  /** Several reports in one request. */
  async reportMany(
    reports: readonly {
      readonly step: number;
      readonly value: number;
      readonly metrics?: Readonly<Record<string, number>>;
    }[],
  ): Promise<Answer> {
    this.#take(await this.#say<{ answer: Answer }>("reports", { reports }));
    return this.#answer;
  }

  /** Ends the trial. Also after `prune` a value completes it. @throws HpoError `lease-lost`. */
  async tell(result: Result): Promise<ToldTrial> {
    const told = await this.#say<ToldTrial>("tell", { ...result });
    this.release();
    return told;
  }

  /** Gives no sign of life any more: somebody else gets the trial when its lease ends. */
  release(): void {
    this.#over = true;
    clearInterval(this.#beat);
  }

  /** Runs an objective on it, and tells how that ended. @throws what the objective throws, but for {@link TrialPruned}. */
  async evaluate(
    objective: (trial: Trial) => Promise<number | readonly number[]> | number | readonly number[],
  ): Promise<void> {
    try {
      const value = await objective(this);
      if (!this.#over) await this.tell(typeof value === "number" ? { value } : { values: value });
    } catch (error) {
      if (error instanceof HpoError && error.code === "lease-lost") return;
      const pruned = error instanceof Error && error.name === "TrialPruned";
      if (!this.#over)
        await this.tell(pruned ? { state: "pruned" } : { state: "failed", message: String(error) }).catch(() => null);
      if (!pruned) throw error;
    } finally {
      this.release();
    }
  }

  #say<T>(what: string, body: Readonly<Record<string, unknown>>): Promise<T> {
    const path = `${this.study.path}/trials/${this.number}/${what}`;
    return this.study.client.request("POST", path, { lease: this.lease.token, ...body }).catch((error: unknown) => {
      this.#lost(error);
      throw error;
    }) as Promise<T>;
  }

  // What was answered `prune` once stays so: the reports that follow do not make it worth going on.
  readonly #take = ({ answer }: { readonly answer: Answer }): void => {
    if (this.#answer !== "stop" && answer !== "continue") this.#answer = answer;
  };

  readonly #lost = (error: unknown): void => {
    if (error instanceof HpoError && error.code === "lease-lost") {
      this.#answer = "stop";
      this.release();
    }
  };
}
