// Which routes this server has: the console hides what an older or smaller server cannot do.
import { useQuery } from "@tanstack/react-query";

import { api } from "../api";

type Description = { paths: Record<string, Record<string, { parameters?: { name: string }[] }>>; components?: { schemas?: Record<string, { properties?: object }> } };

export function useRoutes() {
  const described = useQuery({ queryKey: ["openapi"], staleTime: Number.POSITIVE_INFINITY, gcTime: Number.POSITIVE_INFINITY, queryFn: () => api.get<Description>("/openapi.json") });
  const paths = described.data?.paths;
  return {
    known: Boolean(paths),
    has: (method: string, path: string) => Boolean(paths?.[`/api/v1${path}`]?.[method.toLowerCase()]),
    takes: (path: string, parameter: string) => Boolean(paths?.[`/api/v1${path}`]?.get?.parameters?.some((one) => one.name === parameter)),
    // Whether a shape of the API has this member.
    accepts: (shape: string, member: string) => Boolean(described.data?.components?.schemas?.[shape]?.properties && member in (described.data.components.schemas[shape]?.properties ?? {})),
  };
}

export const explainable = (routes: ReturnType<typeof useRoutes>) => routes.has("GET", "/segments/{id}/explain");
