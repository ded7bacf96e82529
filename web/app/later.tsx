/** Pages whose script is fetched when they are gone to. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ErrorBox, Loading } from "./components/messages.js";

/** Stands for another component until that is there. */
export type LaterComponent<P> = ComponentType<P> & {
  /** Fetches its script ahead; what fails is tried again where it stands. */
  readonly prepare: () => void;
};

/** A component that stands for another until that is there. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): LaterComponent<P> {
  let known: ComponentType<P> | null = null;
  const prepare = (): void => {
    load().then(
      (component) => (known = component),
      () => {},
    );
  };
  function Later(props: P) {
    const [state, setState] = useState<{ readonly error: unknown } | null>(null);
    const [, redraw] = useState(0);
    const fetchIt = (): void => {
      setState(null);
      load().then(
        (component) => {
          known = component;
          redraw((n) => n + 1);
        },
        (error: unknown) => setState({ error }),
      );
    };
    const Known = known;
    useEffect(() => {
      // By what was drawn: it may have come since.
      if (!Known) fetchIt();
    }, []);
    if (state) return <ErrorBox error={state.error} onRetry={fetchIt} />;
    return Known ? <Known {...props} /> : <Loading what="the page" />;
  }
  return Object.assign(Later, { prepare });
}
