// The common parts of a page: its head, panels, status words, and what stands where nothing is yet.
import { Badge, Box, Group, Stack, Text, Title, Tooltip } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";

import { ago, moment, words } from "../format";

export function Page({ title, note, actions, children }: { title: string; note?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  useDocumentTitle(`${title} · postrider`);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start" gap="md">
        <Box style={{ minWidth: 0, flex: "1 1 18rem" }}>
          <Title order={1} size="h2" className="wrap">{title}</Title>
          {note && <Text c="dimmed" size="sm" mt={4} component="div">{note}</Text>}
        </Box>
        {actions && <Group gap="sm">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

export function Panel({ title, actions, children, flush }: { title?: string; actions?: ReactNode; children: ReactNode; flush?: boolean }) {
  return (
    <Box className="panel" p={flush ? 0 : { base: "md", sm: "lg" }} component="section" aria-label={title}>
      {(title || actions) && (
        <Group justify="space-between" mb={flush ? 0 : "md"} p={flush ? "md" : 0}>
          {title && <Title order={2} size="h4">{title}</Title>}
          {actions}
        </Group>
      )}
      {children}
    </Box>
  );
}

const colours: Record<string, string> = {
  active: "blue", sending: "blue", running: "blue", scheduled: "violet", queued: "gray", draft: "gray", staged: "violet", receiving: "blue",
  sent: "green", completed: "green", granted: "green", ready: "gray", verified: "green", delivered: "green", create: "green", ok: "green",
  paused: "yellow", skipped: "yellow", pending: "yellow", uncertain: "orange", warn: "yellow", update: "blue", unchanged: "gray", hold: "yellow",
  failed: "red", canceled: "gray", denied: "red", dead: "red", undone: "gray", reject: "red", fail: "red", skip: "yellow", send: "green",
};

export function Status({ value }: { value: string }) {
  return <Badge variant="light" color={colours[value] ?? "gray"} tt="none" fw={600}>{words(value)}</Badge>;
}

export function When({ at }: { at: string | null | undefined }) {
  if (!at) return <Text component="span" c="dimmed">–</Text>;
  return <Tooltip label={`${moment(at)} (${at})`}><Text component="time" dateTime={at} size="sm" style={{ whiteSpace: "nowrap" }}>{ago(at)}</Text></Tooltip>;
}

export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py={48} px="md">
      <Text fw={600}>{title}</Text>
      {children && <Text c="dimmed" size="sm" ta="center" maw={420}>{children}</Text>}
      {action && <Box mt="sm">{action}</Box>}
    </Stack>
  );
}

export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">{label}</Text>
      <Text size="sm" className="wrap" component="div">{children ?? "–"}</Text>
    </div>
  );
}

export function Tile({ label, value, note }: { label: string; value: ReactNode; note?: ReactNode }) {
  return (
    <Box className="panel" p="md">
      <Text size="sm" c="dimmed">{label}</Text>
      <Text fz={26} fw={650} className="number" lh={1.3}>{value}</Text>
      {note && <Text size="xs" c="dimmed">{note}</Text>}
    </Box>
  );
}
