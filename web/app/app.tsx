/** The dashboard: the page that the path stands for, once the service knows this browser. */
import { useEffect, useRef } from "preact/hooks";
import { prepareDrawing } from "./charts/drawing.js";
import { prepareColumns } from "./columns/columns-client.js";
import { EmptyState, Loading } from "./components/messages.js";
import { Link } from "./components/link.js";
import { later } from "./later.js";
import { Layout } from "./layout.js";
import { LogIn } from "./log-in.js";
import { pageOf, path, paths } from "./router.js";
import type { Page } from "./router.js";
import { session } from "./session.js";
import { useStudies } from "./store/studies-store.js";
import { StudiesPage } from "./pages/studies/studies-page.js";

const pages = () => import("./pages/every-page.js");
const StudyPage = later(async () => (await pages()).StudyPage);
const TrialsPage = later(async () => (await pages()).TrialsPage);
const TrialPage = later(async () => (await pages()).TrialPage);
const AnalysisPage = later(async () => (await pages()).AnalysisPage);
const ComparePage = later(async () => (await pages()).ComparePage);
const WorkersPage = later(async () => (await pages()).WorkersPage);
const NewStudyPage = later(async () => (await pages()).NewStudyPage);

/** Pages with charts of a study. */
const charted: ReadonlySet<Page["page"]> = new Set(["study", "trial", "analysis"]);

/** Fetches what a page is made of, all at once and before it is known whether it may be seen. */
export function preparePage(at: Page): void {
  if (at.page === "study") StudyPage.prepare();
  else if (at.page === "trials") TrialsPage.prepare();
  else if (at.page === "trial") TrialPage.prepare();
  else if (at.page === "analysis") AnalysisPage.prepare();
  if ("study" in at) prepareColumns();
  if (charted.has(at.page)) prepareDrawing();
}

function shown(at: Page) {
  switch (at.page) {
    case "studies":
      return <StudiesPage />;
    case "study":
      return <StudyPage key={at.study} study={at.study} />;
    case "trials":
      return <TrialsPage key={at.study} study={at.study} />;
    case "trial":
      return <TrialPage key={`${at.study}/${at.number}`} study={at.study} number={at.number} />;
    case "analysis":
      return <AnalysisPage key={at.study} study={at.study} />;
    case "compare":
      return <ComparePage />;
    case "workers":
      return <WorkersPage />;
    case "new":
      return <NewStudyPage />;
    case "nowhere":
      return (
        <>
          <h1 class="visually-hidden">Not found</h1>
          <EmptyState title="There is no such page">
            <p>
              <Link to={paths.studies}>To the studies</Link>
            </p>
          </EmptyState>
        </>
      );
  }
}

/** What a window's title and history call a page. */
export function titleOf(at: Page): string {
  const of = {
    studies: "Studies",
    compare: "Compare",
    workers: "Workers",
    new: "New study",
    nowhere: "Not found",
  } as const;
  if (at.page === "study") return at.study;
  if (at.page === "trials") return `Trials of ${at.study}`;
  if (at.page === "analysis") return `Analysis of ${at.study}`;
  if (at.page === "trial") return `Trial ${at.number} of ${at.study}`;
  return of[at.page];
}

function Pages() {
  useStudies();
  const at = pageOf(path.value);
  const title = titleOf(at);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} · mlbench-hpo`;
    // Readers of screens hear where they have come to, as after a load.
    if (!isFirst.current) document.getElementById("main")?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [title]);
  return <Layout>{shown(at)}</Layout>;
}

/** All of it. */
export function App() {
  const state = session.value;
  if (state === "unknown") return <Loading what="mlbench-hpo" />;
  return state === "in" ? <Pages /> : <LogIn />;
}
