/** What stands around every page: the way to the others, the connection's state, the theme. */
import type { ComponentChildren } from "preact";
import { Announcements } from "./components/announce.js";
import { Link } from "./components/link.js";
import { path, pageOf, paths } from "./router.js";
import { logOut, may, server } from "./session.js";
import { listConnection } from "./store/studies-store.js";
import { themeChoice, themeChoices } from "./theme.js";

function ThemeSwitch() {
  return (
    <label class="theme">
      <span class="visually-hidden">Theme</span>
      <select
        value={themeChoice.value}
        onChange={({ currentTarget: { value } }) => {
          themeChoice.value = themeChoices.find((choice) => choice === value) ?? "auto";
        }}
      >
        <option value="auto">Auto</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}

function Connection() {
  const state = listConnection.value;
  const words = { connecting: "Connecting", live: "Live", down: "Connection lost, trying again" }[state];
  return (
    <span class={`connection ${state}`} role="status">
      <span aria-hidden="true">{state === "live" ? "●" : "○"}</span> {words}
    </span>
  );
}

/** The frame. Whoever uses the keyboard comes to the content first. */
export function Layout({ children }: { readonly children: ComponentChildren }) {
  const { page } = pageOf(path.value);
  const inStudies = !["compare", "workers", "new", "nowhere"].includes(page);
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <Link to={paths.studies} class="brand">
          mlbench-hpo
        </Link>
        <nav aria-label="Pages">
          <ul>
            <li>
              <Link to={paths.studies} current={inStudies}>
                Studies
              </Link>
            </li>
            <li>
              <Link to={paths.compare()} current={page === "compare"}>
                Compare
              </Link>
            </li>
            <li>
              <Link to={paths.workers} current={page === "workers"}>
                Workers
              </Link>
            </li>
            {may("run") && (
              <li>
                <Link to={paths.newStudy} current={page === "new"}>
                  New study
                </Link>
              </li>
            )}
          </ul>
        </nav>
        <div class="top-end">
          <Connection />
          <ThemeSwitch />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <footer class="foot">
        <span class="user">
          mlbench-hpo {server.value?.version} · {server.value?.storage}
        </span>
        <button type="button" class="quiet" onClick={() => void logOut()}>
          Log out
        </button>
      </footer>
      <Announcements />
    </>
  );
}
