// The frame around every page: navigation, command palette, theme, who is signed in, and the notices that concern all pages.
import {
  ActionIcon,
  Alert,
  AppShell,
  Box,
  Burger,
  Center,
  Group,
  Kbd,
  Loader,
  Menu,
  Modal,
  NavLink,
  Stack,
  Table,
  Text,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { Spotlight, type SpotlightActionData, spotlight } from "@mantine/spotlight";
import { useQuery } from "@tanstack/react-query";
import { Suspense, useEffect, useState } from "react";
import { NavLink as RouterLink, Outlet, useLocation, useNavigate } from "react-router";

import { api, ApiError, type List, onSignedOut, query } from "./api";
import { Glyph, type GlyphName } from "./parts/glyph";
import { ProblemPanel } from "./parts/problem";
import { mayAdminister, SessionContext, useSessionQuery, useSignOut } from "./session";

interface Place {
  path: string;
  label: string;
  glyph: GlyphName;
  admin?: boolean;
  keys: string;
}

const places: Place[] = [
  { path: "/", label: "Home", glyph: "home", keys: "g h" },
  { path: "/campaigns", label: "Campaigns", glyph: "send", keys: "g c" },
  { path: "/contacts", label: "Contacts", glyph: "people", keys: "g p" },
  { path: "/imports", label: "Imports", glyph: "upload", keys: "g i" },
  { path: "/segments", label: "Segments", glyph: "filter", keys: "g s" },
  { path: "/templates", label: "Templates", glyph: "page", keys: "g t" },
  { path: "/messages", label: "Messages", glyph: "mail", keys: "g m" },
  { path: "/suppressions", label: "Suppressions", glyph: "stop", keys: "g x" },
  { path: "/senders", label: "Senders & providers", glyph: "plug", keys: "g d" },
  { path: "/jobs", label: "Jobs", glyph: "gear", keys: "g j" },
  { path: "/audit", label: "Audit", glyph: "list", keys: "g a" },
  { path: "/team", label: "Team & API keys", glyph: "key", keys: "g k", admin: true },
];

interface Found {
  id: string;
  name?: string;
  email?: string | null;
}

// Pages at once; contacts, campaigns, segments and templates as they are typed.
function Palette({ admin }: { admin: boolean }) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const search = useQuery({
    queryKey: ["palette", typed],
    enabled: typed.trim().length >= 2,
    queryFn: async () => {
      const [contacts, campaigns, segments, templates] = await Promise.all([
        api.get<List<Found>>(`/contacts${query({ search: typed, limit: 5 })}`).catch(() => null),
        api.get<List<Found>>(`/campaigns${query({ limit: 100 })}`).catch(() => null),
        api.get<List<Found>>(`/segments${query({ limit: 100 })}`).catch(() => null),
        api.get<List<Found>>(`/templates${query({ limit: 100 })}`).catch(() => null),
      ]);
      const named = (list: List<Found> | null) => (list?.items ?? []).filter((item) => item.name?.toLowerCase().includes(typed.toLowerCase())).slice(0, 5);
      return { contacts: contacts?.items ?? [], campaigns: named(campaigns), segments: named(segments), templates: named(templates) };
    },
  });
  const go = (path: string) => () => navigate(path);
  const actions: SpotlightActionData[] = places
    .filter((place) => admin || !place.admin)
    .map((place) => ({ id: place.path, label: place.label, description: place.keys, onClick: go(place.path), leftSection: <Glyph name={place.glyph} /> }));
  actions.push({ id: "new-campaign", label: "New campaign", onClick: go("/campaigns?new=1"), leftSection: <Glyph name="plus" /> });
  actions.push({ id: "import", label: "Import contacts", onClick: go("/imports?new=1"), leftSection: <Glyph name="upload" /> });
  const found = search.data;
  for (const contact of found?.contacts ?? [])
    actions.push({ id: contact.id, label: contact.email ?? contact.id, description: "Contact", onClick: go(`/contacts/${contact.id}`), keywords: typed });
  for (const [kind, items] of [["campaigns", found?.campaigns], ["segments", found?.segments], ["templates", found?.templates]] as const)
    for (const item of items ?? [])
      actions.push({ id: item.id, label: item.name ?? item.id, description: kind.slice(0, -1), onClick: go(`/${kind}/${item.id}`), keywords: typed });
  return (
    <Spotlight
      actions={actions}
      shortcut={["mod + K"]}
      query={typed}
      onQueryChange={setTyped}
      nothingFound={search.isFetching ? "Searching…" : "Nothing found"}
      highlightQuery
      scrollable
      maxHeight={420}
      searchProps={{ placeholder: "Go to a page, a contact, a campaign…", "aria-label": "Search" }}
    />
  );
}

// "g" then a letter goes to a page; "?" shows them all.
function useGoKeys(admin: boolean, openSheet: () => void) {
  const navigate = useNavigate();
  const [armed, setArmed] = useState(false);
  useHotkeys([
    ["shift+?", openSheet],
    ["?", openSheet],
    ["g", () => setArmed(true)],
  ]);
  useEffect(() => {
    if (!armed) return;
    const listen = (event: KeyboardEvent) => {
      setArmed(false);
      const place = places.find((candidate) => candidate.keys === `g ${event.key}`);
      if (place && (admin || !place.admin)) {
        event.preventDefault();
        navigate(place.path);
      }
    };
    const timer = setTimeout(() => setArmed(false), 1200);
    window.addEventListener("keydown", listen, { once: true });
    return () => {
      clearTimeout(timer);
      window.removeEventListener("keydown", listen);
    };
  }, [armed, admin, navigate]);
}

function KeySheet({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Keyboard">
      <Table>
        <Table.Tbody>
          <Table.Tr>
            <Table.Td><Kbd>Ctrl</Kbd> <Kbd>K</Kbd></Table.Td>
            <Table.Td>Search and commands</Table.Td>
          </Table.Tr>
          {places.map((place) => (
            <Table.Tr key={place.path}>
              <Table.Td>
                {place.keys.split(" ").map((key) => <Kbd key={key} mr={4}>{key}</Kbd>)}
              </Table.Td>
              <Table.Td>{place.label}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}

function useOnline() {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const up = () => setOnline(true);
    const down = () => setOnline(false);
    window.addEventListener("online", up);
    window.addEventListener("offline", down);
    return () => {
      window.removeEventListener("online", up);
      window.removeEventListener("offline", down);
    };
  }, []);
  return online;
}

export function Shell() {
  const session = useSessionQuery();
  const navigate = useNavigate();
  const location = useLocation();
  const [menuOpen, menu] = useDisclosure(false);
  const [sheetOpen, sheet] = useDisclosure(false);
  const signOut = useSignOut();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const online = useOnline();
  const admin = session.data ? mayAdminister(session.data) : false;
  useGoKeys(admin, sheet.open);
  useEffect(() => onSignedOut(() => navigate(`/sign-in${query({ to: window.location.pathname + window.location.search, expired: 1 })}`)), [navigate]);
  useEffect(() => menu.close(), [location.pathname]);

  if (session.isPending) return <Center h="100vh"><Loader aria-label="Loading" /></Center>;
  if (session.isError) {
    if (session.error instanceof ApiError && session.error.status === 401) {
      queueMicrotask(() => navigate(`/sign-in${query({ to: location.pathname + location.search })}`, { replace: true }));
      return null;
    }
    return <Box p="xl"><ProblemPanel error={session.error} again={() => session.refetch()} /></Box>;
  }
  return (
    <SessionContext.Provider value={session.data}>
      <AppShell header={{ height: 56 }} navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !menuOpen } }} padding={{ base: "md", md: "xl" }}>
        <AppShell.Header>
          <Group h="100%" px="md" justify="space-between" wrap="nowrap">
            <Group gap="sm" wrap="nowrap">
              <Burger opened={menuOpen} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
              <img src="/icon.svg" width={26} height={26} alt="" />
              <Text fw={650} truncate>{session.data.tenant_name}</Text>
            </Group>
            <Group gap="xs" wrap="nowrap">
              <UnstyledButton onClick={spotlight.open} className="panel" px="sm" py={4} visibleFrom="xs" aria-label="Search and commands">
                <Group gap="xs"><Glyph name="search" /><Text size="sm" c="dimmed">Search</Text><Kbd size="xs">Ctrl K</Kbd></Group>
              </UnstyledButton>
              <ActionIcon variant="default" size="lg" onClick={() => setColorScheme(scheme === "dark" ? "light" : "dark")} aria-label={scheme === "dark" ? "Light theme" : "Dark theme"}>
                <Glyph name={scheme === "dark" ? "sun" : "moon"} />
              </ActionIcon>
              <Menu position="bottom-end" withinPortal>
                <Menu.Target>
                  <ActionIcon variant="default" size="lg" aria-label="Account"><Glyph name="person" /></ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Label>{session.data.email || session.data.name} · {session.data.role}</Menu.Label>
                  <Menu.Item onClick={sheet.open}>Keyboard shortcuts</Menu.Item>
                  <Menu.Item onClick={() => setColorScheme("auto")}>Theme of the system</Menu.Item>
                  <Menu.Item component="a" href="/api/v1/openapi.json" target="_blank">API description</Menu.Item>
                  <Menu.Divider />
                  <Menu.Item onClick={signOut}>Sign out</Menu.Item>
                </Menu.Dropdown>
              </Menu>
            </Group>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="sm" aria-label="Pages">
          <Stack gap={2}>
            {places.filter((place) => admin || !place.admin).map((place) => (
              <NavLink
                key={place.path}
                component={RouterLink}
                to={place.path}
                end={place.path === "/"}
                label={place.label}
                leftSection={<Glyph name={place.glyph} />}
                active={place.path === "/" ? location.pathname === "/" : location.pathname.startsWith(place.path)}
                style={{ borderRadius: 8 }}
              />
            ))}
          </Stack>
        </AppShell.Navbar>
        <AppShell.Main>
          <Box maw={1280} mx="auto">
            {!online && <Alert color="yellow" mb="md" title="You are offline">What you see may be old. It is read again when the connection is back.</Alert>}
            <Suspense fallback={<Center py="xl"><Loader /></Center>}><Outlet /></Suspense>
          </Box>
        </AppShell.Main>
      </AppShell>
      <Palette admin={admin} />
      <KeySheet opened={sheetOpen} close={sheet.close} />
    </SessionContext.Provider>
  );
}
