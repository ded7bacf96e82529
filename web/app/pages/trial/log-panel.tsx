/** What a trial prints: live while it runs, as text and nothing else. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, messageOf } from "../../api/client.js";
import { Stream } from "../../live/stream.js";
import { apiUrl, pathOf } from "../../paths.js";
import { studyCommand } from "../../study-command.js";
import { CommandLine } from "../../components/command-line.js";
import { countWords } from "../../words.js";
import { endOf, harmlessText } from "./log-text.js";

/** What it takes. */
export interface LogPanelProps {
  readonly study: string;
  readonly number: number;
  /** It may print more. */
  readonly isLive: boolean;
  readonly attempt: number;
  /** Whether it has left a log: without one nothing is asked for. */
  readonly hasLog: boolean;
}

/** A growing text is shown anew this often. */
const SHOW_MS = 150;

/** The panel. */
export function LogPanel({ study, number, isLive, attempt, hasLog }: LogPanelProps) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isFollowing, setFollowing] = useState(true);
  const place = useRef<HTMLPreElement>(null);
  const path = `${pathOf("studies", study, "trials", number)}/log`;
  useEffect(() => {
    setText("");
    setProblem(null);
    if (!isLive && !hasLog) return undefined;
    if (!isLive) {
      const over = new AbortController();
      ask("GET", path, { signal: over.signal })
        .then(async (response) => setText(await response.text()))
        .catch((error: unknown) => {
          if (!over.signal.aborted) setProblem(messageOf(error));
        });
      return () => over.abort();
    }
    let [printed, isAnew] = ["", false];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stream = new Stream(`${path}?follow=1`, {
      event: ({ event, data }) => {
        if (event !== "log") return;
        // A stream that has come back tells the log from its beginning.
        if (isAnew) printed = "";
        isAnew = false;
        printed += (JSON.parse(data) as { readonly text: string }).text;
        timer ??= setTimeout(() => {
          timer = undefined;
          setText(printed);
        }, SHOW_MS);
      },
      down: () => (isAnew = true),
      refused: (status) =>
        setProblem(status === 404 ? "Nothing is printed yet." : `The log is not to be had (${status}).`),
    });
    return () => {
      clearTimeout(timer);
      stream.close();
    };
  }, [path, isLive, attempt, hasLog]);
  useEffect(() => {
    const element = place.current;
    if (element && isFollowing) element.scrollTop = element.scrollHeight;
  }, [text, isFollowing]);
  const end = endOf(harmlessText(text));
  const scrolled = ({
    currentTarget: { scrollTop, scrollHeight, clientHeight },
  }: {
    currentTarget: HTMLPreElement;
  }): void => setFollowing(scrollHeight - scrollTop - clientHeight < 24);
  return (
    <section class="panel wide" aria-label="Log">
      <div class="chart-head">
        <h2>Log{isLive && <span class="muted"> · live</span>}</h2>
        {hasLog && (
          <a href={apiUrl(path)} download={`${study}-${number}.log`}>
            Download
          </a>
        )}
      </div>
      {problem !== null ? (
        <p class="muted user">{problem}</p>
      ) : text === "" ? (
        <p class="muted">Nothing is printed{isLive ? " yet" : ""}.</p>
      ) : (
        <>
          {end.cut > 0 && <p class="muted">The first {countWords(end.cut)} characters are in the file.</p>}
          <pre
            ref={place}
            class="log"
            tabIndex={0}
            role="log"
            aria-live="off"
            aria-label="What the trial printed"
            onScroll={scrolled}
          >
            {end.text}
          </pre>
        </>
      )}
      <details class="commands">
        <summary>From the command line</summary>
        <CommandLine
          command={studyCommand("logs", study, number, isLive && "--follow")}
          title="The log from the command line"
        />
      </details>
    </section>
  );
}
