-- Templates and their versions.

-- name: insert_template
-- tag: router
insert into email_templates (tenant_id, id, name, channel, current_version_id, version, created_by, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8);

-- name: update_template
-- tag: router
-- Only from the state that was read: whoever was slower reads again.
update email_templates set name = $3, current_version_id = $4, version = $5, archived_at = $6, updated_at = $7
where tenant_id = $1 and id = $2 and updated_at = $8;

-- name: insert_version
-- tag: router
insert into template_versions (tenant_id, id, template_id, version, subject, html_body, text_body, variables, links, created_by, created_at, source)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: find
-- tag: router
select t.id, t.name, t.channel, v.id, v.version, v.subject, v.html_body, v.text_body, v.variables, t.created_at, t.updated_at, t.archived_at, v.source
from email_templates t join template_versions v on v.tenant_id = $1 and v.id = t.current_version_id
where t.tenant_id = $1 and t.id = $2 and not t.is_inline;

-- name: list
-- tag: router
select t.id, t.name, t.channel, v.id, v.version, v.subject, v.html_body, v.text_body, v.variables, t.created_at, t.updated_at, t.archived_at, v.source
from email_templates t join template_versions v on v.tenant_id = $1 and v.id = t.current_version_id
where t.tenant_id = $1 and t.id < $2 and not t.is_inline and (t.archived_at is not null) = $4 and (cast($5 as text) is null or t.channel = $5)
  and (cast($6 as text) is null or lower(t.name) like lower($6) escape '!')
order by t.id desc limit $3;

-- name: version
-- tag: router
select t.channel, v.subject, v.html_body, v.text_body from template_versions v join email_templates t on t.tenant_id = $1 and t.id = v.template_id
where v.tenant_id = $1 and v.id = $2;

-- name: versions
-- tag: router
select id, version, subject, html_body, text_body, variables, created_by, created_at, source from template_versions
where tenant_id = $1 and template_id = $2 and version < $3 order by version desc limit $4;

-- name: version_numbered
-- tag: router
select id, version, subject, html_body, text_body, variables, created_by, created_at, source from template_versions
where tenant_id = $1 and template_id = $2 and version = $3;

-- name: waiting_campaigns
-- tag: router
-- Campaigns that would be sent with this template and were not launched yet.
select name from campaigns where tenant_id = $1 and template_id = $2 and status in ('draft', 'scheduled') order by name limit 4;

-- name: insert_inline
-- tag: router
-- The shell of content that was handed over with one message: never listed; the same content is kept once.
insert into email_templates (tenant_id, id, name, channel, is_inline, current_version_id, version, created_at, updated_at)
values ($1, $2, 'Inline content', $3, true, $4, 1, $5, $5) on conflict do nothing;

-- name: insert_inline_version
-- tag: router
insert into template_versions (tenant_id, id, template_id, version, subject, html_body, text_body, variables, links, created_at)
values ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9) on conflict do nothing;
