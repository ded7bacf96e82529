/** The commands of studies at a service say what they say of its folder. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { aBowl, aHostedService } from "../service/a-hosted-service.js";
import { typed } from "./typed.js";

const at = (url: string, token: string): string[] => ["--server", `${url}#token=${token}`];

test("read", async () => {
  const { url, token, folder } = await aHostedService();
  await aBowl(folder, 8);
  for (const line of [
    ["studies"], ["show", "bowl"], ["trials", "bowl"], ["best-trial", "bowl"], ["importance", "bowl"], ["export", "bowl"], ["compare", "bowl"]
  ]) {
    const there = await typed([...line, ...at(url, token), "--format", "json"]);
    const here = await typed([...line, "--storage", folder, "--format", "json"]);
    console.log(line, there.code, there.err, there.out.slice(0, 200), there.out === here.out);
    if (there.out !== here.out) console.log(there.out.slice(0,1500), here.out.slice(0, 1500));
  }
  console.log(await typed(["show", "bowl", ...at(url, token)]));
  console.log(await typed(["optimize", "bowl", ...at(url, token), "--trials", "5"]));
  console.log(await typed(["optimize", "bowl", ...at(url, token), "--trials", "2", "--format", "json"]));
  console.log(await typed(["optimize", "bowl", "--storage", folder, "--trials", "2"]));
  console.log(await typed(["show", "bowl", "--server", url]));
  console.log(await typed(["show", "bowl", ...at(url, "abc")]));
  console.log(await typed(["show", "bowk", ...at(url, token)]));
  console.log(await typed(["doctor", "bowk", ...at(url, token)]));
  console.log(await typed(["show", "bowl", "--server", "http://127.0.0.1:9"]));
  void join;
}, 30000);
