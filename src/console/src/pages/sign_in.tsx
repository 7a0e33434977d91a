import { Alert, Box, Button, Center, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";

import { api, ApiError, type Session } from "../api";

export function SignIn() {
  useDocumentTitle("Sign in · postrider");
  const navigate = useNavigate();
  const client = useQueryClient();
  const [parameters] = useSearchParams();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => api.post<Session>("/session", { email, password }),
    onSuccess: (session) => {
      client.setQueryData(["session"], session);
      const to = parameters.get("to") ?? "/";
      // Only addresses of this console: a link must not lead elsewhere after signing in.
      navigate(to.startsWith("/") && !to.startsWith("//") ? to : "/", { replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <Center mih="100vh" p="md" component="main">
      <Box className="panel" p="xl" w="100%" maw={400}>
        <form onSubmit={submit}>
          <Stack gap="md">
            <img src="/icon.svg" width={40} height={40} alt="" />
            <Title order={1} size="h3">Sign in to postrider</Title>
            {parameters.get("expired") && !signIn.isError && <Alert color="yellow">Your session has ended. Sign in again; you will come back to where you were.</Alert>}
            {signIn.isError && <Alert color="red" role="alert">{signIn.error instanceof ApiError ? signIn.error.message : "That did not work."}</Alert>}
            <TextInput label="E-mail" type="email" autoComplete="username" required autoFocus value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
            <PasswordInput label="Password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
            <Button type="submit" loading={signIn.isPending} fullWidth>Sign in</Button>
            <Text size="xs" c="dimmed">No account yet? Whoever runs this server makes one with <span className="mono">postrider user create</span>.</Text>
          </Stack>
        </form>
      </Box>
    </Center>
  );
}
