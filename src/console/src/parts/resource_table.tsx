// A list of the API as a table: pages by cursor, filters and order live in the address, so that every state can be linked.
import { Box, Button, Center, Checkbox, Group, Skeleton, Table, Text } from "@mantine/core";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";

import { api, type List, query } from "../api";
import { ProblemPanel } from "./problem";

export interface Column<T> {
  title: string;
  cell: (item: T) => ReactNode;
  end?: boolean; // numbers stand at the right
  width?: number | string;
}

export function useResource<T>(path: string, filters: Record<string, string | null | undefined>, refresh?: number) {
  return useInfiniteQuery({
    queryKey: ["list", path, filters],
    initialPageParam: "",
    queryFn: ({ pageParam }) => api.get<List<T>>(`${path}${query({ ...filters, cursor: pageParam, limit: 50 })}`),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: refresh ?? false,
  });
}

// One filter kept in the address.
export function useFilter(name: string): [string, (value: string | null) => void] {
  const [parameters, setParameters] = useSearchParams();
  const set = (value: string | null) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        if (value) after.set(name, value);
        else after.delete(name);
        return after;
      },
      { replace: true },
    );
  return [parameters.get(name) ?? "", set];
}

export function ResourceTable<T extends { id: string }>({
  path,
  filters = {},
  columns,
  label,
  empty,
  refresh,
  selected,
  onSelect,
}: {
  path: string;
  filters?: Record<string, string | null | undefined>;
  columns: Column<T>[];
  label: string;
  empty: ReactNode;
  refresh?: number;
  selected?: Set<string>;
  onSelect?: (ids: Set<string>) => void;
}) {
  const list = useResource<T>(path, filters, refresh);
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.isError && !list.data) return <Box p="md"><ProblemPanel error={list.error} again={() => list.refetch()} /></Box>;
  if (list.isSuccess && items.length === 0) return <>{empty}</>;
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect?.(next);
  };
  const all = items.length > 0 && items.every((item) => selected?.has(item.id));
  return (
    <>
      <div className="scroller" tabIndex={0} role="region" aria-label={label}>
        <Table aria-label={label} miw={640}>
          <Table.Thead>
            <Table.Tr>
              {onSelect && (
                <Table.Th w={40}>
                  <Checkbox aria-label="All shown" checked={all} onChange={() => onSelect(all ? new Set() : new Set(items.map((item) => item.id)))} />
                </Table.Th>
              )}
              {columns.map((column) => <Table.Th key={column.title} ta={column.end ? "right" : undefined} w={column.width}>{column.title}</Table.Th>)}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.isPending && Array.from({ length: 6 }, (_, row) => (
              <Table.Tr key={row}>
                {columns.map((column) => <Table.Td key={column.title}><Skeleton h={14} /></Table.Td>)}
              </Table.Tr>
            ))}
            {items.map((item) => (
              <Table.Tr key={item.id} bg={selected?.has(item.id) ? "var(--mantine-primary-color-light)" : undefined}>
                {onSelect && (
                  <Table.Td><Checkbox aria-label="Select" checked={selected?.has(item.id) ?? false} onChange={() => toggle(item.id)} /></Table.Td>
                )}
                {columns.map((column) => (
                  <Table.Td key={column.title} ta={column.end ? "right" : undefined} className={column.end ? "number" : undefined}>{column.cell(item)}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Center py="md">
        <Group gap="md">
          <Text size="sm" c="dimmed">{items.length} shown</Text>
          {list.hasNextPage && <Button variant="default" size="xs" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>Show more</Button>}
        </Group>
      </Center>
    </>
  );
}
