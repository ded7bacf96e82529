/** A program that each trial runs: its line, what is searched, and how its reports are read. */
import { Field } from "../../components/field.js";
import type { PartProps } from "./part-props.js";

/** The fields. What may run, the service says. */
export function CommandFields({ form, change, problemOf, mayRun }: PartProps) {
  return (
    <fieldset>
      <legend>Program</legend>
      {!mayRun && (
        <p class="warn">
          This service runs no programs that the page names: whoever starts it allows folders, with --allow DIR.
        </p>
      )}
      <Field
        label="Program and arguments"
        value={form.command}
        onInput={(command) => change({ command })}
        placeholder="python train.py --lr {lr} --units {units}"
        hint="Run without a shell, once a trial: {lr} becomes the parameter's value, {args} all of them, {json} a file with them."
        problem={problemOf("command")}
      />
      <Field
        label="Folder that it runs in"
        value={form.cwd}
        onInput={(cwd) => change({ cwd })}
        placeholder="the service's own"
        problem={problemOf("cwd")}
      />
      <Field
        label="Parameters that are searched, one a line"
        rows={3}
        value={form.search}
        onInput={(search) => change({ search })}
        placeholder={"lr=log:1e-5..1e-1\nunits=int:16..128:log\noptimizer=adamw,sgd"}
        problem={problemOf("search")}
      />
      <Field
        label="Report pattern"
        value={form.pattern}
        onInput={(pattern) => change({ pattern })}
        placeholder="epoch (?<step>\d+).* loss (?<value>\S+)"
        hint='Without one its lines of JSON are reports, {"step": 1, "value": 0.5}; one without a step is the result.'
        problem={problemOf("pattern")}
      />
      <p class="hint">How long a trial may take is said when a run is started.</p>
    </fieldset>
  );
}
