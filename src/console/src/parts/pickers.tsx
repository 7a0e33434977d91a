// Fields that pick a thing of the workspace.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { api, type List, query } from "../api";
import { brief } from "../format";
import { type Item, Picker } from "../kit/picker";
import { type Contact, personName, type Segment } from "../types";

export const useSegments = () => useQuery({ queryKey: ["segments", "all"], staleTime: 15_000, queryFn: () => api.get<List<Segment>>(`/segments${query({ limit: 500 })}`).then((list) => list.items) });

export function SegmentsPicker({ ids, change, label, hint, error, placeholder, hideLabel, many = true }: { ids: string[]; change: (ids: string[]) => void; label: string; hint?: ReactNode; error?: ReactNode; placeholder?: string; hideLabel?: boolean; many?: boolean }) {
  const segments = useSegments();
  const item = (segment: Segment): Item => ({ value: segment.id, label: segment.name, note: <span className="number">{brief(segment.member_count)}</span> });
  const chosen = ids.map((id) => {
    const segment = segments.data?.find((one) => one.id === id);
    return segment ? item(segment) : { value: id, label: segments.isPending ? "…" : id };
  });
  return (
    <Picker label={label} hideLabel={hideLabel} hint={hint} error={error} placeholder={placeholder} many={many} chosen={chosen} change={(items) => change(items.map((one) => one.value))} findKey={["segments", segments.dataUpdatedAt]}
      find={async (typed) => (segments.data ?? []).filter((segment) => segment.name.toLowerCase().includes(typed.toLowerCase())).slice(0, 50).map(item)} />
  );
}

export const contactItem = (contact: Contact): Item => ({ value: contact.id, label: contact.email ?? contact.phone ?? contact.external_id ?? contact.id, note: personName(contact) });

// People whose words begin as typed; a whole address names one person, who then stands first.
export async function findPeople(typed: string, limit: number): Promise<List<Contact>> {
  const whole = /^\S+@\S+\.\S+$/.test(typed);
  const [exact, near] = await Promise.all([
    whole ? api.get<List<Contact>>(`/contacts${query({ email: typed, limit: 1 })}`).then((list) => list.items, () => []) : [],
    api.get<List<Contact>>(`/contacts${query({ search: typed || null, limit })}`),
  ]);
  const others = near.items.filter((one) => one.id !== exact[0]?.id);
  return { items: [...exact, ...others].slice(0, limit), next_cursor: near.next_cursor };
}

export function ContactPicker({ chosen, change, label, hint, hideLabel, placeholder }: { chosen: Item[]; change: (chosen: Item[]) => void; label: string; hint?: ReactNode; hideLabel?: boolean; placeholder?: string }) {
  return (
    <Picker label={label} hideLabel={hideLabel} hint={hint} placeholder={placeholder} chosen={chosen} change={change} findKey={["contacts"]}
      find={(typed) => findPeople(typed, 20).then((list) => list.items.map(contactItem))} />
  );
}
