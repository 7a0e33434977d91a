// Templates with their versions, and the compiled form of each version, kept in memory (a version never changes).
#pragma once

#include "postrider/base/context.h"
#include "postrider/contacts/contacts.h"
#include "postrider/content/compiled_template.h"
#include "postrider/db/store.h"

#include <boost/json/object.hpp>

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace postrider::content {

struct Template {
  TemplateId id;
  std::string name;
  std::string channel;
  TemplateVersionId version_id;
  int version = 1;
  std::string subject;
  std::string html_body;
  std::optional<std::string> text_body;
  std::vector<std::string> variables;
  Instant created_at;
  Instant updated_at;
  std::optional<Instant> archived_at = {};
  std::optional<std::string> mjml_body = {};  // what html_body was made of, by whoever edits it; never sent
};

// What a template said at one time; never changes.
struct TemplateVersion {
  TemplateVersionId id;
  int version = 1;
  std::string subject;
  std::string html_body;
  std::optional<std::string> text_body;
  std::vector<std::string> variables;
  std::optional<Uuid> created_by;
  Instant created_at;
  std::optional<std::string> mjml_body = {};
};

struct TemplateFilter {
  bool archived = false;
  std::optional<std::string> channel = {};
  std::optional<std::string> search = {};  // part of the name
};

struct TemplateChange {
  std::optional<std::string> name = {};
  std::optional<std::string> subject = {};
  std::optional<std::string> html_body = {};
  json::Field<std::string> text_body = {};
  json::Field<std::string> mjml_body = {};  // absent while html_body changes: the HTML is not made of it any more
};

// Content that is handed over with one message and stands in no list of templates.
struct InlineContent {
  std::string channel = "email";
  std::string subject = {};
  std::string html_body = {};
  std::optional<std::string> text_body = {};
};
// Keeps it as a version; the same content is kept once a tenant. Fails with invalid as saving a template does.
Task<Result<TemplateVersionId>> keep_inline(db::Session& session, TenantId tenant, InlineContent content, Instant now);

// What a template sees of a contact: every documented key is there, null where nothing is known.
boost::json::object contact_root(contacts::Contact const& contact);
// A made-up person for previews without a contact.
contacts::Contact sample_contact();
// The same, with a value for each attribute that the template prints: "[plan]" for contact.attributes.plan.
contacts::Contact sample_contact(CompiledTemplate const& compiled);

class Templates {
 public:
  Templates(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}

  // Fails with invalid: /subject, /html_body, /text_body with line and column.
  Task<Result<Template>> create(Context context, std::string template_name, std::string channel, TemplateChange parts);
  // A change of subject or body makes a version. Fails also with not_found; conflict when archived; precondition.
  Task<Result<Template>> change(Context context, TemplateId id, TemplateChange change, std::optional<Instant> expected);
  // Archived ones too.
  Task<Result<Template>> find(TenantId tenant, TemplateId id);
  Task<std::vector<Template>> list(TenantId tenant, TemplateFilter filter, std::optional<TemplateId> before, int limit);
  // Put away: what was sent with it keeps its content. Fails with not_found; conflict when a campaign waits to be sent with it.
  Task<Result<void>> archive(Context context, TemplateId id);
  Task<Result<Template>> unarchive(Context context, TemplateId id);

  // Newest first; those below version `before`.
  Task<std::vector<TemplateVersion>> versions(TenantId tenant, TemplateId id, std::optional<int> before, int limit);
  Task<Result<TemplateVersion>> version(TenantId tenant, TemplateId id, int number);
  // An old version's content as a new one. Fails as `change` does.
  Task<Result<Template>> restore(Context context, TemplateId id, int number);

  // The compiled form, with or without tracking; null when there is no such version.
  Task<std::shared_ptr<CompiledTemplate const>> compiled(TenantId tenant, TemplateVersionId version, bool tracking);

 private:
  Task<Result<Template>> save(Context context, std::optional<Template> before, Template after);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  std::unordered_map<std::string, std::shared_ptr<CompiledTemplate const>> cache_;
  std::list<std::string> order_;  // oldest first
};

}  // namespace postrider::content
