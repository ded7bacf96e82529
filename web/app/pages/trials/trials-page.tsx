/** The trials of a study as a table: sorted, filtered, chosen from, and acted on. */
import { computed } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { askColumns } from "../../columns/columns-client.js";
import type { Cell } from "../../columns/column.js";
import { useStudyAnswer } from "../../columns/use-answer.js";
import { announce } from "../../components/announce.js";
import { CommandLine } from "../../components/command-line.js";
import { saveFile } from "../../components/copying.js";
import { Dialog } from "../../components/dialog.js";
import { EmptyState, ErrorBox, Loading } from "../../components/messages.js";
import { StudyHeader } from "../../components/study-header.js";
import { messageOf } from "../../api/client.js";
import type { ParamValue } from "../../api/types.js";
import { FilterBar } from "../../filter/filter-bar.js";
import { filterHere, filterKeys } from "../../filter/place-filter.js";
import type { TrialOrder } from "../../filter/select.js";
import { navigate, paths, place, setQuery } from "../../router.js";
import { may } from "../../session.js";
import { useStudy } from "../../store/study-store.js";
import type { StudyStore } from "../../store/study-store.js";
import { annotate, commands, enqueue, forEach, retry, trialsInWords } from "../../trial-actions/actions.js";
import type { TrialParams } from "../../trial-actions/actions.js";
import { EnqueueDialog } from "../../trial-actions/enqueue-dialog.js";
import { ColumnsPicker, usualColumns } from "./columns-picker.js";
import { powersOf } from "../study/space-words.js";
import { CompareTrials, MOST_COMPARED } from "./compare-trials.js";
import { TrialGrid } from "./trial-grid.js";

const SORT = "sort";
const COLUMN = "col";

const orderHere = computed((): TrialOrder | null => {
  const text = place.value.query.get(SORT);
  if (text === null || text === "") return null;
  return text.startsWith("-") ? { field: text.slice(1), descending: true } : { field: text, descending: false };
});
const setOrder = (order: TrialOrder | null): void =>
  setQuery({ [SORT]: order === null ? null : `${order.descending ? "-" : ""}${order.field}` });

/** What is done with the chosen trials, before it is done. */
type Deed = "ban" | "restore" | "retry" | "again";

const deeds: Readonly<Record<Deed, { readonly title: string; readonly said: string; readonly says: string }>> = {
  ban: {
    title: "Ban",
    said: "Banned",
    says: "They are hidden from the best, the front, the sampler and the plots; they still count as finished, and can be restored.",
  },
  restore: { title: "Restore", said: "Restored", says: "They count again as before they were banned." },
  retry: {
    title: "Retry",
    said: "Queued again:",
    says: "The parameters of each failed trial are queued as a new trial.",
  },
  again: { title: "Run again", said: "Queued again:", says: "The parameters of each trial are queued as a new trial." },
};

function DeedDialog(props: {
  readonly study: string;
  readonly numbers: readonly number[];
  readonly deed: Deed;
  readonly onClose: () => void;
  readonly store: StudyStore;
}) {
  const { study, numbers, deed, onClose, store } = props;
  const { title, said, says } = deeds[deed];
  const [isBusy, setBusy] = useState(false);
  const act = async (number: number): Promise<unknown> => {
    if (deed === "ban" || deed === "restore") return annotate(study, number, { banned: deed === "ban" });
    if (deed === "retry") return retry(study, number);
    return enqueue(study, await paramsOf(store, number));
  };
  const go = async (): Promise<void> => {
    setBusy(true);
    if (await forEach(numbers, said, act)) onClose();
    setBusy(false);
    void store.refresh();
  };
  return (
    <Dialog title={`${title} ${trialsInWords(numbers)}?`} onClose={onClose}>
      <p>{says}</p>
      <CommandLine command={commands[deed](study, numbers)} />
      <div class="actions">
        <button type="button" class="primary" disabled={isBusy} onClick={() => void go()}>
          {title}
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}

/** The parameters of a trial, from the columns. */
async function paramsOf(store: StudyStore, number: number): Promise<TrialParams> {
  const fields = (await askColumns("fields", { study: store.name }))
    .filter(({ group }) => group === "parameter")
    .map(({ name }) => name);
  const { rows } = await askColumns("cells", { study: store.name, numbers: [number], fields });
  const cells: readonly Cell[] = rows[0] ?? [];
  return Object.fromEntries(
    fields.flatMap((name, i): [string, ParamValue][] =>
      cells[i] === null || cells[i] === undefined ? [] : [[name, cells[i]]],
    ),
  );
}

type Open = { readonly dialog: "columns" | "compare" | "enqueue" } | { readonly dialog: "deed"; readonly deed: Deed };

/** The page. */
export function TrialsPage({ study }: { readonly study: string }) {
  const store = useStudy(study);
  const [filter, order] = [filterHere.value, orderHere.value];
  const fields = useStudyAnswer(store, "fields", {});
  const selected = useStudyAnswer(store, "select", { filter, order });
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [open, setOpen] = useState<Open | null>(null);
  const [from, setFrom] = useState<{ readonly number: number; readonly params: TrialParams } | null>(null);
  const asked = place.value.query.getAll(COLUMN);
  const known = fields.answer ?? [];
  const names = asked.length > 0 ? asked : usualColumns(known);
  const shown = useMemo(
    () => names.flatMap((name) => known.find((field) => field.name === name) ?? []),
    [names.join("\n"), fields.answer],
  );
  useEffect(() => setChosen(new Set()), [study]);

  const numbers = [...chosen].sort((a, b) => a - b);
  const close = (): void => setOpen(null);
  const saveCsv = (): void => {
    const columns = ["number", ...shown.map(({ name }) => name)];
    askColumns("csv", { study, filter, order, fields: columns }).then(
      (file) => saveFile(`${study}-trials.csv`, file, "text/csv"),
      (error: unknown) => announce(messageOf(error), "problem"),
    );
  };
  const editAndEnqueue = (): void => {
    const number = numbers[0];
    const opened =
      number === undefined ? Promise.resolve(null) : paramsOf(store, number).then((params) => ({ number, params }));
    opened.then(
      (found) => {
        setFrom(found);
        setOpen({ dialog: "enqueue" });
      },
      (error: unknown) => announce(messageOf(error), "problem"),
    );
  };
  const { answer, error, pending } = selected;
  const keep = filterKeys(place.value.query);
  const sortWords = order === null ? [] : ["--sort", `${order.descending ? "-" : ""}${order.field}`];
  return (
    <>
      <StudyHeader store={store} keep={keep} />
      <FilterBar study={study} filter={filter} selected={answer} more={sortWords} />
      <div class="trial-tools actions" role="toolbar" aria-label="Trials">
        <span role="status">{chosen.size === 0 ? "None chosen" : `${trialsInWords(numbers)} chosen`}</span>
        <button
          type="button"
          disabled={chosen.size < 2 || chosen.size > MOST_COMPARED}
          onClick={() => setOpen({ dialog: "compare" })}
        >
          Compare
        </button>
        {may("run") && (
          <>
            <button type="button" disabled={chosen.size > 1} onClick={editAndEnqueue}>
              {chosen.size === 1 ? "Edit and enqueue" : "Enqueue"}
            </button>
            {(["again", "retry", "ban", "restore"] as const).map((deed) => (
              <button
                key={deed}
                type="button"
                disabled={chosen.size === 0}
                onClick={() => setOpen({ dialog: "deed", deed })}
              >
                {deeds[deed].title}
              </button>
            ))}
          </>
        )}
        <span class="grow" />
        <button type="button" onClick={() => setOpen({ dialog: "columns" })}>
          Columns
        </button>
        <button type="button" onClick={saveCsv}>
          CSV
        </button>
      </div>
      {error !== null && answer !== null && <ErrorBox error={error} />}
      {answer === null ? (
        store.problem.value === null &&
        (error === null ? (
          <Loading what="the trials" />
        ) : (
          <ErrorBox error={error} onRetry={() => void store.refresh()} />
        ))
      ) : answer.total === 0 ? (
        <EmptyState title="There are no trials yet" />
      ) : (
        <div aria-busy={pending}>
          <TrialGrid
            {...{ study, numbers: answer.numbers, revision: answer.revision, fields: shown, order, chosen }}
            onOrder={setOrder}
            onChoose={setChosen}
            onOpen={(number) => navigate(paths.trial(study, number))}
            best={store.entry.value?.best?.number ?? null}
            powers={powersOf(store.detail.value?.space)}
          />
          {answer.numbers.length === 0 && <p class="muted">No trial passes the filter.</p>}
          <p class="muted hint">
            Arrow keys move, space chooses, shift and space choose up to there, Enter opens a trial or sorts.
          </p>
        </div>
      )}
      {open?.dialog === "columns" && (
        <ColumnsPicker
          fields={known}
          shown={shown.map(({ name }) => name)}
          onShown={(chosenNames) => setQuery({ [COLUMN]: chosenNames })}
          onClose={close}
        />
      )}
      {open?.dialog === "compare" && <CompareTrials study={study} numbers={numbers} fields={known} onClose={close} />}
      {open?.dialog === "enqueue" && (
        <EnqueueDialog
          study={study}
          space={store.detail.value?.space ?? {}}
          from={from}
          onClose={close}
          onDone={() => void store.refresh()}
        />
      )}
      {open?.dialog === "deed" && (
        <DeedDialog study={study} numbers={numbers} deed={open.deed} store={store} onClose={close} />
      )}
    </>
  );
}
