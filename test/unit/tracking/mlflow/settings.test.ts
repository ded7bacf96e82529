import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { resolveSettings } from "../../../../src/tracking/mlflow/settings.js";

const home = mkdtempSync(join(tmpdir(), "mlflow-home-"));
afterAll(() => {
  rmSync(home, { recursive: true });
});
const from = (env: Record<string, string>, given = {}, where = join(home, "nobody")) =>
  resolveSettings(given, { env: { MLFLOW_TRACKING_URI: "http://host:5000", ...env }, home: where });
const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

describe("settings", () => {
  it("take the server from what is given before the environment's", () => {
    expect(from({}).uri).toBe("http://host:5000");
    expect(from({}, { uri: "https://other/mlflow/" }).uri).toBe("https://other/mlflow");
  });
  it.each([
    ["file:///tmp/mlruns", /tracking server, over http.*migrate-filestore/],
    ["./mlruns", /tracking server, over http/],
    ["b0006", /a study's name stands before --mlflow: optimize b0006 --mlflow/],
    ["sqlite:///mlflow.db", /server's own database; start one with `mlflow server --backend-store-uri/],
    ["databricks", /tracking server/],
    ["databricks://profile", /not databricks:/],
    ["s3://bucket", /not s3:/],
    ["http://", /expected a URL/],
    ["http://me:100%@host", /\*\*\*@host: a % in its name or password is written %25/],
  ])("refuse %s, saying what would be right", (uri, message) => {
    expect(() => from({}, { uri })).toThrow(message);
    expect(() => from({}, { uri })).toThrow(expect.objectContaining({ code: "mlflow-uri", exitCode: 2 }) as Error);
  });
  it("ask for a server where none is named", () => {
    expect(() => resolveSettings({}, { env: {}, home })).toThrow(
      /no MLflow server: give its URL or set MLFLOW_TRACKING_URI/,
    );
  });
  it("show no password of a URL", () => {
    expect(() => from({}, { uri: "ftp://me:hunter2@host" })).toThrow(/ftp:\/\/\*\*\*@host/);
    const { uri, authorization } = from({}, { uri: "http://me:p%40ss@host:5000" });
    expect([uri, authorization]).toEqual(["http://host:5000", basic("me:p@ss")]);
  });
  it("prefer name and password to a token, as MLflow does, and want both of the two", () => {
    const user = { MLFLOW_TRACKING_USERNAME: "u", MLFLOW_TRACKING_PASSWORD: "p" };
    expect(from({ ...user, MLFLOW_TRACKING_TOKEN: "t" }).authorization).toBe(basic("u:p"));
    expect(from({ MLFLOW_TRACKING_USERNAME: "u", MLFLOW_TRACKING_TOKEN: "t" }).authorization).toBe("Bearer t");
    expect(from({}).authorization).toBeNull();
  });
  it("refuse a token that no header takes, and do not show it", () => {
    const wrong = expect.objectContaining({
      code: "mlflow-settings",
      message: "MLFLOW_TRACKING_TOKEN: has a character that no header takes, such as a line break",
    }) as Error;
    expect(() => from({ MLFLOW_TRACKING_TOKEN: "hunter2\n" })).toThrow(wrong);
  });
  it("read ~/.mlflow/credentials, each of the two after the environment's", () => {
    mkdirSync(join(home, ".mlflow"));
    const text =
      "# mine\n[other]\nmlflow_tracking_username = no\n[mlflow]\nMLFLOW_TRACKING_USERNAME = file\nmlflow_tracking_password: pw = 1\n";
    writeFileSync(join(home, ".mlflow", "credentials"), text);
    expect(from({}, {}, home).authorization).toBe(basic("file:pw = 1"));
    expect(from({ MLFLOW_TRACKING_USERNAME: "env" }, {}, home).authorization).toBe(basic("env:pw = 1"));
    expect(from({ MLFLOW_TRACKING_TOKEN: "t" }, {}, home).authorization).toBe(basic("file:pw = 1"));
  });
  it("let what is given to a program stand for both names of an experiment", () => {
    const env = { MLFLOW_EXPERIMENT_NAME: "cells", MLFLOW_EXPERIMENT_ID: "7" };
    expect(from(env).experiment).toEqual({ name: "cells", id: "7" });
    expect(from(env, { experiment: "mine" }).experiment).toEqual({ name: "mine", id: null });
    expect(from(env, { experimentId: "3" }).experiment).toEqual({ name: null, id: "3" });
  });
  it("read the limits of requests, flags and certificates, and say what is wrong with one", () => {
    const { retry, timeoutMs } = from({ MLFLOW_HTTP_REQUEST_MAX_RETRIES: "2", MLFLOW_HTTP_REQUEST_TIMEOUT: "5" });
    expect([retry, timeoutMs]).toEqual([{ retries: 2, factor: 2, jitter: 1, respectRetryAfter: true }, 5000]);
    expect(from({ MLFLOW_TRACKING_INSECURE_TLS: "True" }).tls.insecure).toBe(true);
    expect(() => from({ MLFLOW_TRACKING_INSECURE_TLS: "perhaps" })).toThrow(/expected true, false, 1 or 0/);
    expect(() => from({ MLFLOW_HTTP_REQUEST_TIMEOUT: "soon" })).toThrow(/expected a number from 0/);
    expect(() => from({ MLFLOW_TRACKING_SERVER_CERT_PATH: "/nowhere.pem" })).toThrow(/SERVER_CERT_PATH=\/nowhere.pem/);
  });
});
