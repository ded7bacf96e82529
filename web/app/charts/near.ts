/** Whether something is near the window: what is far from it is not drawn. */

/** Whether an element is in the window or so many pixels from it. */
export function isNearWindow(element: Element, pixels: number): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return top < innerHeight + pixels && bottom > -pixels;
}

/** Calls back once an element is near the window: at once where it is. Returns what calls it off. */
export function onceNear(element: Element, pixels: number, then: () => void): () => void {
  if (isNearWindow(element, pixels)) {
    then();
    return () => {};
  }
  const near = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      near.disconnect();
      then();
    },
    { rootMargin: `${pixels}px` },
  );
  near.observe(element);
  return () => near.disconnect();
}
