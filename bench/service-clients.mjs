// Clients of the service for its benchmark: answers, and frames of event streams, with the times at which they came.
import http from "node:http";
import { gunzipSync } from "node:zlib";

/** An answer: `ms` until its last byte had come, `unpack_ms` to unpack it then. */
export function get(url, token, path) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const options = { headers: { authorization: `Bearer ${token}`, "accept-encoding": "gzip" } };
    const request = http.get(`${url}/api/v1${path}`, options, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("end", () => {
        const came = performance.now();
        const body = Buffer.concat(pieces);
        const text = response.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
        const unpack_ms = performance.now() - came;
        resolve({ ms: came - began, unpack_ms, bytes: body.length, text: text.toString() });
      });
    });
    request.on("error", reject);
  });
}

/** A client of an event stream; `onFrame` hears of each frame of a kind. */
export function watch(url, token, path, kind, onFrame) {
  return new Promise((resolve, reject) => {
    const options = { headers: { authorization: `Bearer ${token}` }, agent: false };
    const request = http.get(`${url}/api/v1${path}`, options, (response) => {
      let rest = "";
      response.setEncoding("utf8");
      response.on("data", (text) => {
        if (!onFrame) return;
        const frames = (rest + text).split("\n\n");
        rest = frames.pop();
        for (const frame of frames) {
          const [, event, data] = /^event: (.*)\ndata: (.*)$/m.exec(frame) ?? [];
          if (event === kind) onFrame(JSON.parse(data));
        }
      });
      response.on("error", () => undefined);
      resolve({ close: () => request.destroy() });
    });
    request.on("error", (error) => (error.code === "ECONNRESET" ? undefined : reject(error)));
  });
}

export function quantile(list, share) {
  return [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))];
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
