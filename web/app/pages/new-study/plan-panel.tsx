/** What the study would be, as the service says while it is typed: its space, warnings, and the same as a command and in Python. */
import { ApiProblem, messageOf } from "../../api/client.js";
import type { StudyPlan } from "../../api/types.js";
import { CommandLine } from "../../components/command-line.js";
import { Link } from "../../components/link.js";
import { paths } from "../../router.js";
import { objectiveSpoken, plural } from "../../words.js";
import { distributionWords } from "../study/space-words.js";

/** What it takes. */
export interface PlanPanelProps {
  readonly plan: StudyPlan | null;
  readonly error: unknown;
  readonly isLoading: boolean;
  /** Nothing is asked yet: the form says too little. */
  readonly isEmpty: boolean;
}

function Plan({ plan }: { readonly plan: StudyPlan }) {
  const searched = Object.entries(plan.space);
  return (
    <>
      <p>
        <strong class="user">{plan.name}</strong>: {plural(searched.length, "parameter")} searched by{" "}
        {plan.sampler.name}, pruned by {plan.pruner.name}; {plan.objectives.map(objectiveSpoken).join("; ")}
      </p>
      {plan.exists && (
        <p class="warn">
          There is a study <Link to={paths.study(plan.name)}>{plan.name}</Link> already: the same settings open it,
          others are refused.
        </p>
      )}
      {plan.warnings.map((warning) => (
        <p key={warning} class="user warn">
          {warning}
        </p>
      ))}
      <table class="pairs">
        <caption class="visually-hidden">What is searched</caption>
        <tbody>
          {searched.map(([name, distribution]) => (
            <tr key={name}>
              <th scope="row" class="user">
                {name}
              </th>
              <td class="user">{distributionWords(distribution)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {plan.command_line !== null && (
        <>
          <h3>From the command line</h3>
          <CommandLine command={plan.command_line} title="Command" />
        </>
      )}
      <h3>In Python</h3>
      <CommandLine command={plan.python} title="Python" />
    </>
  );
}

/** The panel, beside the form. */
export function PlanPanel({ plan, error, isLoading, isEmpty }: PlanPanelProps) {
  return (
    <section class="panel plan" aria-label="What it would be" aria-live="polite" aria-busy={isLoading && !isEmpty}>
      <h2>What it would be</h2>
      {error !== null && <p class="warn user">{messageOf(error)}</p>}
      {error instanceof ApiProblem && error.code === "not-allowed" && (
        <p class="muted">Whoever starts the service decides that, with --allow.</p>
      )}
      {plan ? (
        <Plan plan={plan} />
      ) : (
        error === null && <p class="muted">{isEmpty ? "It wants a program's line." : "Checking …"}</p>
      )}
    </section>
  );
}
