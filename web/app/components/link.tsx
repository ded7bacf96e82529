/** A link within the dashboard: followed without loading the page anew, and an ordinary link to all else. */
import type { ComponentChildren } from "preact";
import { hrefOf, navigate } from "../router.js";

/** What a link takes. */
export interface LinkProps {
  readonly to: string;
  readonly children: ComponentChildren;
  readonly class?: string | undefined;
  readonly label?: string | undefined;
  readonly current?: boolean | undefined;
  /** False: the tab key passes it over, since what stands around it has the focus. @default true */
  readonly focusable?: boolean | undefined;
}

/** Modified clicks (a new tab) stay the browser's. */
export function Link({ to, children, class: className, label, current, focusable = true }: LinkProps) {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a
      href={hrefOf(to)}
      class={className}
      aria-label={label}
      aria-current={current ? "page" : undefined}
      tabIndex={focusable ? undefined : -1}
      onClick={follow}
    >
      {children}
    </a>
  );
}
