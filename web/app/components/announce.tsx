/** What is said to the reader: briefly on the screen, and aloud to those who listen. */
import { signal } from "@preact/signals";

interface Said {
  readonly id: number;
  readonly text: string;
  readonly kind: "done" | "problem";
}

const said = signal<readonly Said[]>([]);
let last = 0;

/** Says something; a problem stays until it is dismissed. */
export function announce(text: string, kind: Said["kind"] = "done"): void {
  const id = ++last;
  said.value = [...said.value.slice(-3), { id, text, kind }];
  if (kind === "done") setTimeout(() => dismiss(id), 6000);
}

const dismiss = (id: number): void => {
  said.value = said.value.filter((one) => one.id !== id);
};

/** The place where it stands. */
export function Announcements() {
  return (
    <div class="announcements" role="status" aria-live="polite">
      {said.value.map(({ id, text, kind }) => (
        <p key={id} class={`toast ${kind}`}>
          <span class="user">{text}</span>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ✕
          </button>
        </p>
      ))}
    </div>
  );
}
