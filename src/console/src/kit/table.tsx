// A list of the API as a table: pages by cursor as one scrolls, only the rows in sight in the document, filters in the address.
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { Fragment, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";

import { api, type List, query } from "../api";
import { count } from "../format";
import { t, tn } from "../texts";
import { Button, Check } from "./controls";
import { Problem } from "./page";

export interface Column<T> {
  key: string;
  title: ReactNode;
  cell: (item: T) => ReactNode;
  right?: boolean; // numbers stand at the right
  fit?: boolean;
  hide?: "wide-only" | "very-wide-only"; // left out on narrow screens
}

export type Filters = Record<string, string | number | null | undefined>;

export function useList<T>(path: string, filters: Filters = {}, refresh?: number | false, limit = 50, enabled = true) {
  return useInfiniteQuery({
    queryKey: ["list", path, filters],
    initialPageParam: "",
    enabled,
    queryFn: ({ pageParam }) => api.get<List<T>>(`${path}${query({ ...filters, cursor: pageParam, limit })}`),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: refresh || false,
  });
}

interface TableProps<T> {
  columns: Column<T>[];
  items: T[];
  label: string;
  pending?: boolean;
  selected?: Set<string>;
  select?: (ids: Set<string>) => void;
  keyOf: (item: T) => string;
  compact?: boolean;
  stacks?: boolean; // on a phone each row is a small card instead of a line
  foot?: ReactNode;
  expand?: (item: T) => ReactNode;
  selectLabel?: (item: T) => string;
}

const rowHeight = 41;

export function Table<T>({ columns, items, label, pending, selected, select, keyOf, compact, stacks, foot, expand, selectLabel }: TableProps<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  const many = items.length > 120 && !expand;
  useLayoutEffect(() => {
    if (body.current) setTop(body.current.getBoundingClientRect().top + window.scrollY);
  }, [many]);
  const virtual = useWindowVirtualizer({ count: many ? items.length : 0, estimateSize: () => rowHeight, overscan: 12, scrollMargin: top });
  const rows = virtual.getVirtualItems();
  const before = many && rows[0] ? rows[0].start - top : 0;
  const last = rows.at(-1);
  const after = many && last ? virtual.getTotalSize() - (last.end - top) : 0;
  const shown = many ? rows.map((row) => ({ index: row.index, item: items[row.index] as T })) : items.map((item, index) => ({ index, item }));
  const all = items.length > 0 && items.every((item) => selected?.has(keyOf(item)));
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    select?.(next);
  };
  const classes = (column: Column<T>) => [column.right && "right number", column.fit && "fit", column.hide].filter(Boolean).join(" ") || undefined;
  const span = columns.length + (select ? 1 : 0);
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label={label}>
      <table className={`table clickable${compact ? " compact" : ""}${stacks ? " stacks" : ""}`} aria-rowcount={many ? items.length + 1 : undefined}>
        <caption className="hidden-text">{label}</caption>
        <thead>
          <tr>
            {select && <th className="fit"><Check bare label={t("Select all that are loaded")} checked={all} partial={!all && (selected?.size ?? 0) > 0} change={() => select(all ? new Set() : new Set(items.map(keyOf)))} /></th>}
            {columns.map((column) => <th key={column.key} scope="col" className={classes(column)}>{column.title}</th>)}
          </tr>
        </thead>
        <tbody ref={body}>
          {pending && Array.from({ length: 6 }, (_, row) => (
            <tr key={row}>{Array.from({ length: span }, (_, cell) => <td key={cell} className={columns[cell - (select ? 1 : 0)]?.hide}><span className="skeleton" style={{ width: `${40 + ((row * 23 + cell * 31) % 50)}%` }} /></td>)}</tr>
          ))}
          {before > 0 && <tr className="spacer" aria-hidden="true"><td colSpan={span} style={{ height: before }} /></tr>}
          {shown.map(({ item, index }) => {
            const id = keyOf(item);
            const more = expand?.(item);
            return (
              <Fragment key={id}>
                <tr className={selected?.has(id) ? "chosen" : undefined} aria-rowindex={many ? index + 2 : undefined} data-index={many ? index : undefined} ref={many ? virtual.measureElement : undefined}>
                  {select && <td className="fit"><Check bare label={t("Select {name}", { name: selectLabel?.(item) ?? id })} checked={selected?.has(id) ?? false} change={() => toggle(id)} /></td>}
                  {columns.map((column) => <td key={column.key} className={classes(column)}>{column.cell(item)}</td>)}
                </tr>
                {more && <tr><td colSpan={span} style={{ maxWidth: "none" }}>{more}</td></tr>}
              </Fragment>
            );
          })}
          {after > 0 && <tr className="spacer" aria-hidden="true"><td colSpan={span} style={{ height: after }} /></tr>}
        </tbody>
        {foot && <tfoot>{foot}</tfoot>}
      </table>
    </div>
  );
}

// Asks for the next page when its own place comes into sight.
export function Further({ more, busy, load, shown, total, note }: { more: boolean; busy: boolean; load: () => void; shown: number; total?: number | null; note?: ReactNode }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!more || busy || !element.current) return;
    const watch = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && load(), { rootMargin: "600px" });
    watch.observe(element.current);
    return () => watch.disconnect();
  }, [more, busy, load]);
  return (
    <div className="table-foot" ref={element}>
      <span className="number">{total ? t("{shown} of {total} loaded", { shown: count(shown), total: count(total) }) : more ? t("{n} loaded", { n: count(shown) }) : tn("{n} row", "{n} rows", shown)}{note && <> · {note}</>}</span>
      {more && <Button small look="ghost" busy={busy} onClick={load}>{t("Load more")}</Button>}
    </div>
  );
}

interface ListTableProps<T> extends Omit<TableProps<T>, "items" | "keyOf" | "pending"> {
  path: string;
  filters?: Filters;
  empty: ReactNode;
  refresh?: number | false;
  limit?: number;
  total?: number | null;
  onItems?: (items: T[]) => void;
  keep?: (item: T) => boolean; // a filter the server does not have
}

export function ListTable<T extends { id: string }>({ path, filters = {}, empty, refresh, limit, total, onItems, keep, ...table }: ListTableProps<T>) {
  const list = useList<T>(path, filters, refresh, limit);
  const loaded = list.data?.pages.flatMap((page) => page.items) ?? [];
  const items = keep ? loaded.filter(keep) : loaded;
  useEffect(() => {
    onItems?.(loaded);
  }, [list.data]);
  if (list.isError && !list.data) return <Problem error={list.error} again={() => list.refetch()} />;
  if (list.isSuccess && items.length === 0 && !list.hasNextPage) return <>{empty}</>;
  return (
    <div style={{ opacity: list.isPlaceholderData ? 0.6 : 1 }} aria-busy={list.isPlaceholderData || undefined}>
      <Table {...table} items={items} keyOf={(item) => item.id} pending={list.isPending} />
      {!list.isPending && <Further more={list.hasNextPage} busy={list.isFetchingNextPage} load={list.fetchNextPage} shown={items.length} total={total} />}
    </div>
  );
}
