import {
  defaultRangeExtractor,
  measureElement,
  useVirtualizer,
  type Range
} from '@tanstack/react-virtual';
import React, {
  useCallback,
  useImperativeHandle,
  useLayoutEffect,
  useRef
} from 'react';

export interface IVirtualListHandle {
  /** Move the focus into the list. */
  focus(): void;
}

export interface IVirtualListProps<T> {
  label: string;
  items: readonly T[];
  /** More than `items` where the rest is not read yet. */
  total?: number;
  keyOf: (item: T) => string;
  /** Elements marked `data-kk-stop`, tabIndex -1, are reached by arrows. */
  render: (item: T) => React.ReactNode;
  /** The height of a row before it is drawn, in pixels. */
  estimate: (item: T) => number;
  /** The context-menu key or a right click on a row. */
  onMenu?: (item: T, x: number, y: number) => void;
  /** The last item came into view, or is in it after `items` were read anew. */
  onEnd?: () => void;
  handle?: React.Ref<IVirtualListHandle>;
}

/** Where the focus is: which row, and which of its stops. */
interface IPlace {
  key: string;
  stop: number;
}

/** Rows beyond the visible ones that stand ready. */
const OVERSCAN = 8;

/** The height of a row that was never seen, in pixels. */
const ROW_HEIGHT = 50;

const STOPS = '[data-kk-stop]';

/**
 * A list of any length of which only what is seen is drawn.
 *
 * One tab stop: up and down walk the rows, left and right the stops of a row.
 * The row that has the focus stays drawn wherever the list is scrolled to.
 */
export function VirtualList<T>(props: IVirtualListProps<T>): JSX.Element {
  const { items, keyOf, estimate, label, onEnd, onMenu, render } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const place = useRef<IPlace>({ key: '', stop: 0 });
  const focused = useRef(false);
  const lastIndex = useRef(0);

  const current = items.findIndex(item => keyOf(item) === place.current.key);
  const rows = useVirtualizer<HTMLDivElement, HTMLDivElement>({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: index => estimate(items[index]),
    getItemKey: index => keyOf(items[index]),
    overscan: OVERSCAN,
    // A row of a hidden panel has no height; it keeps the one it had.
    measureElement: (row, entry, list) =>
      row.offsetHeight > 0
        ? measureElement(row, entry, list)
        : (list.measurementsCache[list.indexFromElement(row)]?.size ??
          ROW_HEIGHT),
    // Without a layout (tests, a hidden panel) a screenful is drawn.
    initialRect: { width: 300, height: 800 },
    rangeExtractor: useCallback(
      (range: Range) => {
        const drawn = defaultRangeExtractor(range);
        return current < 0 || drawn.includes(current)
          ? drawn
          : [...drawn, current].sort((a, b) => a - b);
      },
      [current]
    )
  });
  const drawn = rows.getVirtualItems();

  const rowAt = (index: number): HTMLElement | null =>
    scroller.current?.querySelector(`[data-index="${index}"]`) ?? null;

  const focusStop = (index: number, stop: number, tries = 3): void => {
    const row = rowAt(index);
    if (!row) {
      if (tries > 0) {
        rows.scrollToIndex(index);
        requestAnimationFrame(() => focusStop(index, stop, tries - 1));
      }
      return;
    }
    const stops = row.querySelectorAll<HTMLElement>(STOPS);
    stops[Math.min(stop, stops.length - 1)]?.focus();
    row.scrollIntoView({ block: 'nearest' });
  };

  useImperativeHandle(props.handle, () => ({
    focus: () => focusStop(Math.max(0, current), place.current.stop)
  }));

  // The one stop that Tab reaches; and a focus whose row is gone moves to the
  // row that took its place.
  useLayoutEffect(() => {
    const root = scroller.current;
    if (!root) {
      return;
    }
    if (focused.current && current < 0 && items.length > 0) {
      focusStop(Math.min(lastIndex.current, items.length - 1), 0);
    }
    if (current >= 0) {
      lastIndex.current = current;
    }
    setTabStop(root, rowAt(Math.max(0, current)), place.current.stop);
  });

  const last = drawn.at(-1)?.index ?? -1;
  useLayoutEffect(() => {
    if (last >= 0 && last === items.length - 1) {
      onEnd?.();
    }
  }, [last, items]);

  const onFocus = (event: React.FocusEvent) => {
    const row = rowOf(event.target);
    if (!row) {
      return;
    }
    const index = Number(row.dataset.index);
    const stops = [...row.querySelectorAll(STOPS)];
    focused.current = true;
    lastIndex.current = index;
    place.current = {
      key: keyOf(items[index]),
      stop: Math.max(0, stops.indexOf(event.target))
    };
    if (scroller.current) {
      setTabStop(scroller.current, row, place.current.stop);
    }
  };

  const onBlur = (event: React.FocusEvent) => {
    // A removed element blurs without a successor: the focus was not moved.
    focused.current = event.relatedTarget === null && !event.target.isConnected;
  };

  const onKeyDown = (event: React.KeyboardEvent) => {
    const row = rowOf(event.target);
    if (!row || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const index = Number(row.dataset.index);
    const { stop } = place.current;
    if (
      event.key === 'ContextMenu' ||
      (event.shiftKey && event.key === 'F10')
    ) {
      const box = (event.target as Element).getBoundingClientRect();
      event.preventDefault();
      onMenu?.(items[index], box.left, box.bottom);
      return;
    }
    const page = Math.max(1, drawn.length - 2 * OVERSCAN);
    const moves: Record<string, [number, number]> = {
      ArrowDown: [index + 1, stop],
      ArrowUp: [index - 1, stop],
      PageDown: [index + page, stop],
      PageUp: [index - page, stop],
      Home: [0, stop],
      End: [items.length - 1, stop],
      ArrowRight: [index, stop + 1],
      ArrowLeft: [index, stop - 1]
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      const to = Math.min(Math.max(0, move[0]), items.length - 1);
      focusStop(to, Math.max(0, move[1]));
    }
  };

  const onContextMenu = (event: React.MouseEvent) => {
    const row = rowOf(event.target);
    if (row && onMenu && !event.shiftKey) {
      event.preventDefault();
      event.stopPropagation();
      onMenu(items[Number(row.dataset.index)], event.clientX, event.clientY);
    }
  };

  return (
    <div className="kk-VirtualList" ref={scroller}>
      <div
        className="kk-VirtualList-space"
        role="grid"
        aria-label={label}
        aria-rowcount={props.total ?? items.length}
        style={{ height: rows.getTotalSize() }}
        onFocus={onFocus}
        onBlur={onBlur}
        onKeyDown={onKeyDown}
        onContextMenu={onContextMenu}
      >
        {drawn.map(({ index, key, start }) => (
          <div
            className="kk-VirtualList-row"
            role="row"
            aria-rowindex={index + 1}
            key={key}
            data-index={index}
            ref={rows.measureElement}
            style={{ transform: `translateY(${start}px)` }}
          >
            <div role="gridcell">
              <Content item={items[index]} render={render} />
            </div>
          </div>
        ))}
      </div>
    </div>
  );
}

interface IContentProps<T> {
  item: T;
  render: (item: T) => React.ReactNode;
}

/** Scrolling moves rows and does not draw them again. */
const Content = React.memo(function Content<T>(props: IContentProps<T>) {
  return <>{props.render(props.item)}</>;
}) as <T>(props: IContentProps<T>) => JSX.Element;

function rowOf(target: EventTarget): HTMLElement | null {
  return (target as Element).closest<HTMLElement>('.kk-VirtualList-row');
}

function setTabStop(root: Element, row: Element | null, stop: number): void {
  for (const old of root.querySelectorAll(`${STOPS}[tabindex="0"]`)) {
    old.setAttribute('tabindex', '-1');
  }
  const stops = row?.querySelectorAll(STOPS) ?? [];
  stops[Math.min(stop, stops.length - 1)]?.setAttribute('tabindex', '0');
}
