import { useLayoutEffect, useRef, useState } from "react";

// How much room an element has, in pixels, for what must be drawn to measure.
export function useWidth(start = 800) {
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(start);
  useLayoutEffect(() => {
    if (!element.current) return;
    const watch = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    watch.observe(element.current);
    return () => watch.disconnect();
  }, []);
  return [element, width] as const;
}
