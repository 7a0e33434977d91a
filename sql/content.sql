-- Templates and their versions.

-- name: insert_template
-- tag: router
insert into email_templates (tenant_id, id, name, channel, current_version_id, version, created_by, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8);

-- name: update_template
-- tag: router
update email_templates set name = $3, current_version_id = $4, version = $5, updated_at = $6 where tenant_id = $1 and id = $2;

-- name: insert_version
-- tag: router
insert into template_versions (tenant_id, id, template_id, version, subject, html_body, text_body, variables, links, created_by, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: find
-- tag: router
select t.id, t.name, t.channel, v.id, v.version, v.subject, v.html_body, v.text_body, v.variables, t.created_at, t.updated_at
from email_templates t join template_versions v on v.tenant_id = $1 and v.id = t.current_version_id
where t.tenant_id = $1 and t.id = $2 and t.archived_at is null and not t.is_inline;

-- name: list
-- tag: router
select t.id, t.name, t.channel, v.id, v.version, v.subject, v.html_body, v.text_body, v.variables, t.created_at, t.updated_at
from email_templates t join template_versions v on v.tenant_id = $1 and v.id = t.current_version_id
where t.tenant_id = $1 and t.id < $2 and t.archived_at is null and not t.is_inline order by t.id desc limit $3;

-- name: version
-- tag: router
select t.channel, v.subject, v.html_body, v.text_body from template_versions v join email_templates t on t.tenant_id = $1 and t.id = v.template_id
where v.tenant_id = $1 and v.id = $2;

-- name: archive
-- tag: router
update email_templates set archived_at = $3, updated_at = $3 where tenant_id = $1 and id = $2 and archived_at is null;

-- name: insert_inline
-- tag: router
-- The shell of content that was handed over with one message: never listed; the same content is kept once.
insert into email_templates (tenant_id, id, name, channel, is_inline, current_version_id, version, created_at, updated_at)
values ($1, $2, 'Inline content', $3, true, $4, 1, $5, $5) on conflict do nothing;

-- name: insert_inline_version
-- tag: router
insert into template_versions (tenant_id, id, template_id, version, subject, html_body, text_body, variables, links, created_at)
values ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9) on conflict do nothing;
