-- Attempts to sign in, counted by sets.

-- name: count_attempts
-- tag: reference
-- Counts all that are not blocked, and answers those.
insert into login_attempts (subject, failures, most, first_failed_at, blocked_until)
select u.subject, 1, u.most, $1, u.blocked_until from unnest($3::text[], $4::int[], $5::timestamptz[]) as u (subject, most, blocked_until)
on conflict (subject) do update set
  failures = case when login_attempts.first_failed_at > $2 then login_attempts.failures + 1 else 1 end,
  first_failed_at = case when login_attempts.first_failed_at > $2 then login_attempts.first_failed_at else excluded.first_failed_at end,
  most = excluded.most, blocked_until = excluded.blocked_until
  where login_attempts.failures < login_attempts.most or login_attempts.blocked_until <= $1 or login_attempts.first_failed_at <= $2
returning subject;

-- name: forgive_attempts
-- tag: reference
update login_attempts set failures = failures - 1 where subject = any($1::text[]) and failures > 0;
