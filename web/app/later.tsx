/** Pages whose script is fetched when they are gone to. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ErrorBox, Loading } from "./components/messages.js";

/** A component that stands for another until that is there. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let known: ComponentType<P> | null = null;
  return function Later(props: P) {
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
    useEffect(() => {
      if (!known) fetchIt();
    }, []);
    if (state) return <ErrorBox error={state.error} onRetry={fetchIt} />;
    const Known = known;
    return Known ? <Known {...props} /> : <Loading what="the page" />;
  };
}
