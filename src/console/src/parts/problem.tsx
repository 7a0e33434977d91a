// What went wrong, said so that the reader knows what to do next.
import { Alert, Button, Code, Group, List, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useRouteError } from "react-router";

import { ApiError } from "../api";

export function ProblemPanel({ error, again }: { error: unknown; again?: () => void }) {
  const problem = error instanceof ApiError ? error : null;
  const text = error instanceof Error ? error.message : String(error);
  return (
    <Alert color="red" variant="light" title={problem?.title ?? "Something went wrong"} role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm" className="wrap">{text}</Text>
        {problem && problem.fields.length > 1 && (
          <List size="sm">
            {problem.fields.map((field) => <List.Item key={field.pointer + field.code}><Code>{field.pointer}</Code> {field.message}</List.Item>)}
          </List>
        )}
        <Group gap="sm">
          {again && <Button size="xs" variant="default" onClick={again}>Try again</Button>}
          {problem?.requestId && <Text size="xs" c="dimmed">Request {problem.requestId}</Text>}
        </Group>
      </Stack>
    </Alert>
  );
}

export function RouteProblem() {
  const error = useRouteError();
  return <Stack p="xl"><ProblemPanel error={error} again={() => window.location.reload()} /></Stack>;
}

export function sayProblem(error: unknown) {
  notifications.show({ color: "red", title: error instanceof ApiError ? error.title : "That did not work", message: error instanceof Error ? error.message : String(error), autoClose: 8000 });
}

export function sayDone(message: string) {
  notifications.show({ color: "green", message });
}
