/** The head of a study's pages: its name, what it is doing, and the way to its other pages. */
import type { ComponentChildren } from "preact";
import { pageOf, path, paths, place } from "../router.js";
import type { StudyStore } from "../store/study-store.js";
import { Link } from "./link.js";
import { ErrorBox } from "./messages.js";
import { StateBadge } from "./state-badge.js";

/** What it takes. */
export interface StudyHeaderProps {
  readonly store: StudyStore;
  /** Beside the name. */
  readonly children?: ComponentChildren;
  /** Goes on to the other pages of the study: the filter. @default `["where"]` */
  readonly keep?: readonly string[] | undefined;
}

/** Also says why there is nothing to show, where that is so. */
export function StudyHeader({ store, children, keep = ["where"] }: StudyHeaderProps) {
  const { name, entry, problem, connection } = store;
  const { page } = pageOf(path.value);
  const { query } = place.value;
  const kept = new URLSearchParams(keep.flatMap((key) => query.getAll(key).map((value) => [key, value])));
  const tail = kept.size === 0 ? "" : `?${kept.toString()}`;
  const tabs = [
    ["study", "Overview", paths.study(name)],
    ["trials", "Trials", paths.trials(name)],
    ["analysis", "Analysis", paths.analysis(name)],
  ] as const;
  const isHere = (tab: string): boolean => tab === page || (tab === "trials" && page === "trial");
  return (
    <header class="study-head">
      <p class="eyebrow">
        <Link to={paths.studies}>Studies</Link>
      </p>
      <div class="title-row">
        <h1 class="user">{name}</h1>
        {entry.value && <StateBadge entry={entry.value} />}
        {entry.value && connection.value === "down" && <span class="warn">not live: trying again</span>}
        {children}
      </div>
      <nav aria-label={`Pages of ${name}`} class="tabs">
        <ul>
          {tabs.map(([tab, title, to]) => (
            <li key={tab}>
              <Link to={`${to}${tail}`} current={isHere(tab)}>
                {title}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {problem.value && <ErrorBox error={problem.value} onRetry={() => void store.refresh()} />}
    </header>
  );
}
