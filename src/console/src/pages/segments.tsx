import { Anchor, Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";

import { api } from "../api";
import { count } from "../format";
import { Glyph } from "../parts/glyph";
import { Empty, Page, Panel, Status, When } from "../parts/page";
import { sayProblem } from "../parts/problem";
import { ResourceTable } from "../parts/resource_table";
import { mayWrite, useSession } from "../session";

export interface Segment {
  id: string;
  name: string;
  description: string | null;
  is_dynamic: boolean;
  conditions: Record<string, unknown> | null;
  member_count: number;
  last_calculated_at: string | null;
  created_at: string;
  updated_at: string;
}

export default function Segments() {
  const session = useSession();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: () => api.post<Segment>("/segments", { name: `New segment ${new Date().toLocaleString()}`, is_dynamic: true, conditions: { and: [{ type: "attribute", field: "email", operator: "exists" }] } }),
    onSuccess: (segment) => navigate(`/segments/${segment.id}`),
    onError: sayProblem,
  });
  const button = mayWrite(session) && <Button onClick={() => create.mutate()} loading={create.isPending} leftSection={<Glyph name="plus" />}>New segment</Button>;
  return (
    <Page title="Segments" actions={button}>
      <Panel flush>
        <ResourceTable<Segment>
          path="/segments"
          label="Segments"
          refresh={15_000}
          empty={<Empty title="No segments yet" action={button}>A segment is a question about your contacts that is answered anew every five minutes.</Empty>}
          columns={[
            { title: "Name", cell: (segment) => <Anchor component={Link} to={`/segments/${segment.id}`} className="wrap">{segment.name}</Anchor> },
            { title: "Kind", cell: (segment) => <Status value={segment.is_dynamic ? "dynamic" : "static"} /> },
            { title: "Members", end: true, cell: (segment) => count(segment.member_count) },
            { title: "Calculated", cell: (segment) => <When at={segment.last_calculated_at} /> },
          ]}
        />
      </Panel>
    </Page>
  );
}
