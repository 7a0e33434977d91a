// The frame around every page: navigation, command palette, keys, theme, who is signed in, and what concerns all pages.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Suspense, useEffect, useRef, useState } from "react";
import { Link, Outlet, useLocation, useNavigate, useNavigation } from "react-router";

import { api, ApiError, type List, onSignedOut, query, type Session } from "./api";
import { zone } from "./format";
import { Button } from "./kit/controls";
import { Glyph } from "./kit/glyph";
import { Dialog, Menu } from "./kit/layers";
import { Notice, Problem } from "./kit/page";
import { Palette } from "./parts/palette";
import { SignInForm } from "./pages/sign_in";
import { warm } from "./loaders";
import { groups, places } from "./places";
import { mayAdminister, SessionContext, useSessionQuery } from "./session";
import { t } from "./texts";
import { setTheme, type Theme, theme } from "./theme";

const typing = (target: EventTarget | null) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
const mac = /Mac|iPhone|iPad/.test(navigator.platform);

// Ctrl/Cmd-K finds, "g" and a letter goes, "?" shows the keys, "[" goes back.
function useKeys(open: { palette: () => void; sheet: () => void }, admin: boolean) {
  const navigate = useNavigate();
  const armed = useRef(0);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        open.palette();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
      if (Date.now() - armed.current < 1200) {
        armed.current = 0;
        const place = places.find((one) => one.keys === `g ${event.key}`);
        if (place && (admin || !place.admin)) {
          event.preventDefault();
          navigate(place.path);
        }
        return;
      }
      if (event.key === "g") armed.current = Date.now();
      else if (event.key === "?") open.sheet();
      else if (event.key === "c") {
        event.preventDefault();
        navigate("/campaigns?new=1");
      } else if (event.key === "/") {
        const field = document.querySelector<HTMLInputElement>("main input[type=search]");
        if (field) {
          event.preventDefault();
          field.focus();
        }
      }
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  });
}

function KeySheet({ open, close, admin }: { open: boolean; close: () => void; admin: boolean }) {
  const rows: [string[], string][] = [[[mac ? "⌘" : "Ctrl", "K"], t("Search and commands")], [["?"], t("This sheet")], [["/"], t("Filter the list")], [["c"], t("New campaign")]];
  const going: [string[], string][] = places.filter((place) => admin || !place.admin).map((place) => [place.keys.split(" "), place.label]);
  const line = ([keys, label]: [string[], string]) => <div key={label} className="row between" style={{ padding: "5px 0" }}><span>{label}</span><span className="row tight">{keys.map((key) => <kbd key={key}>{key}</kbd>)}</span></div>;
  return (
    <Dialog open={open} close={close} title={t("Keyboard shortcuts")}>
      <div className="grid small" style={{ "--min": "200px", gap: 28 } as React.CSSProperties}>
        <div><h3 className="muted">{t("Anywhere")}</h3>{rows.map(line)}</div>
        <div><h3 className="muted">{t("Go to")}</h3>{going.map(line)}</div>
      </div>
    </Dialog>
  );
}

function useOnline() {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    window.addEventListener("online", look);
    window.addEventListener("offline", look);
    return () => {
      window.removeEventListener("online", look);
      window.removeEventListener("offline", look);
    };
  }, []);
  return online;
}

function Account({ session, openSheet }: { session: Session; openSheet: () => void }) {
  const client = useQueryClient();
  const [chosen, setChosen] = useState<Theme>(theme());
  const pick = (wanted: Theme) => () => {
    setTheme(wanted);
    setChosen(wanted);
  };
  const leave = async () => {
    await api.remove("/session").catch(() => undefined);
    client.clear();
    window.location.assign("/sign-in");
  };
  const themes: [Theme, string][] = [["auto", t("As the system")], ["light", t("Light")], ["dark", t("Dark")]];
  return (
    <Menu label={t("Account")} end={false}
      trigger={(open) => (
        <button type="button" className="place" style={{ border: 0, background: "none", width: "100%", cursor: "pointer", textAlign: "left", height: 36 }} aria-haspopup="menu" aria-expanded={open}>
          <Glyph name="person" /><span className="cut grow">{session.name || session.email}</span><Glyph name="down" size={13} />
        </button>
      )}
      items={[
        { heading: true, label: <span className="wrap">{session.email || session.name} · {t(session.role)}</span> },
        { label: t("Settings"), icon: "gear", to: "/settings" },
        { label: t("Keyboard shortcuts"), icon: "list", end: <kbd>?</kbd>, run: openSheet },
        { label: t("API description"), icon: "out", href: "/api/v1/openapi.json" },
        { heading: true, rule: true, label: t("Theme") },
        ...themes.map(([value, label]) => ({ label, icon: value === "dark" ? ("moon" as const) : value === "light" ? ("sun" as const) : ("columns" as const), end: chosen === value ? "✓" : undefined, run: pick(value) })),
        { label: t("Sign out"), rule: true, run: leave },
      ]} />
  );
}

// What needs a hand is told by numbers in the sidebar; rarely read, so that many open consoles cost nothing.
function useCounts(admin: boolean) {
  const dead = useQuery({ queryKey: ["count", "dead"], enabled: admin, refetchInterval: 60_000, queryFn: () => api.get<List<{ id: string }>>(`/jobs/dead${query({ limit: 100 })}`).then((list) => list.items.length).catch(() => 0) });
  return { "/jobs": dead.data ?? 0 } as Record<string, number>;
}

export function Shell() {
  const session = useSessionQuery();
  const client = useQueryClient();
  const navigate = useNavigate();
  const navigation = useNavigation();
  const location = useLocation();
  const [menu, setMenu] = useState(false);
  const [sheet, setSheet] = useState(false);
  const [palette, setPalette] = useState(false);
  const [expired, setExpired] = useState(false);
  const online = useOnline();
  const admin = session.data ? mayAdminister(session.data) : false;
  const counts = useCounts(admin);
  useKeys({ palette: () => setPalette(true), sheet: () => setSheet(true) }, admin);
  useEffect(() => {
    onSignedOut(() => setExpired(true));
  }, []);
  useEffect(() => {
    setMenu(false);
    const content = document.getElementById("content");
    if (content && !location.hash && !content.contains(document.activeElement)) content.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [location.pathname, location.hash]);

  if (session.isPending) return <main className="sign-in"><span className="spinner" role="status" aria-label={t("Loading")} /></main>;
  if (session.isError && !session.data) {
    if (session.error instanceof ApiError && session.error.status === 401) {
      queueMicrotask(() => navigate(`/sign-in${query({ to: location.pathname === "/" ? null : location.pathname + location.search })}`, { replace: true }));
      return null;
    }
    return <main className="page" style={{ paddingTop: 32 }}><Problem error={session.error} again={() => session.refetch()} /></main>;
  }
  const here = (path: string) => (path === "/" ? location.pathname === "/" : location.pathname === path || location.pathname.startsWith(`${path}/`));
  return (
    <SessionContext.Provider value={session.data}>
      <a href="#content" className="skip-link">{t("Skip to the page")}</a>
      {navigation.state === "loading" && <div className="progress-line" aria-hidden="true" />}
      <div className="frame">
        {menu && <button type="button" className="veil" aria-label={t("Close the menu")} onClick={() => setMenu(false)} />}
        <aside className={menu ? "side open" : "side"} onKeyDown={(event) => event.key === "Escape" && setMenu(false)}>
          <div className="side-top"><img src="/icon.svg" width={22} height={22} alt="" /><span className="strong cut" title={session.data.tenant_name}>{session.data.tenant_name}</span></div>
          <button type="button" className="search-button" onClick={() => { setMenu(false); setPalette(true); }}><Glyph name="search" size={14} />{t("Search")}<kbd>{mac ? "⌘K" : "Ctrl K"}</kbd></button>
          <nav aria-label={t("Pages")}>
            {groups.map((group) => (
              <div key={group.label ?? ""}>
                {group.label && <div className="side-label">{group.label}</div>}
                {group.places.filter((place) => admin || !place.admin).map((place) => (
                  <Link key={place.path} to={place.path} onPointerEnter={() => warm(place.path)} onFocus={() => warm(place.path)} className={here(place.path) ? "place active" : "place"} aria-current={here(place.path) ? "page" : undefined}>
                    <Glyph name={place.glyph} /><span className="cut">{place.label}</span>{counts[place.path] ? <span className="badge-count">{counts[place.path]}</span> : null}
                  </Link>
                ))}
              </div>
            ))}
          </nav>
          <div className="side-foot"><Account session={session.data} openSheet={() => setSheet(true)} /></div>
        </aside>
        <div className="main">
          <div className="top-bar"><Button look="ghost" icon="menu" label={t("Menu")} aria-expanded={menu} onClick={() => setMenu(!menu)} /><span className="strong cut grow">{session.data.tenant_name}</span><Button look="ghost" icon="search" label={t("Search and commands")} onClick={() => setPalette(true)} /></div>
          {!online && <div className="banner" role="status"><Glyph name="warning" />{t("You are offline. What you see may be old; it is read again when the connection is back.")}</div>}
          <main id="content" tabIndex={-1} data-zone={zone}><Suspense fallback={null}><Outlet /></Suspense></main>
        </div>
      </div>
      {palette && <Palette close={() => setPalette(false)} admin={admin} openSheet={() => setSheet(true)} />}
      <KeySheet open={sheet} close={() => setSheet(false)} admin={admin} />
      <Dialog open={expired} close={() => undefined} title={t("Your session has ended")}>
        <SignInForm email={session.data.email} notice={<Notice tone="blue">{t("Sign in again to go on. What you typed on this page is still here.")}</Notice>} done={() => { setExpired(false); client.invalidateQueries(); }} />
      </Dialog>
    </SessionContext.Provider>
  );
}
