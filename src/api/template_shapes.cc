#include "api/template_shapes.h"

#include <boost/json/value.hpp>

namespace postrider::api {

namespace {

std::vector<DiffLineOut> lines_of(std::string_view before, std::string_view after) {
  std::vector<DiffLineOut> out;
  for (auto const& line : content::line_diff(before, after)) out.push_back(DiffLineOut{static_cast<LineChangeOut>(line.change), line.old_line, line.new_line, line.text});
  return out;
}

}  // namespace

TemplateOut shown(content::Template const& t) {
  return TemplateOut{t.id, t.name, t.channel, t.subject, t.html_body, t.text_body, t.mjml_body, t.variables, t.version, t.version_id, t.archived_at, t.created_at, t.updated_at};
}

TemplateVersionOut shown(content::TemplateVersion const& v) {
  return TemplateVersionOut{v.id, v.version, v.subject, v.html_body, v.text_body, v.mjml_body, v.variables, v.created_by, v.created_at};
}

TemplateDiffOut shown_diff(content::TemplateVersion const& from, content::TemplateVersion const& to) {
  return TemplateDiffOut{from.version, to.version, lines_of(from.subject, to.subject), lines_of(from.html_body, to.html_body),
                         lines_of(from.text_body.value_or(""), to.text_body.value_or("")), lines_of(from.mjml_body.value_or(""), to.mjml_body.value_or(""))};
}

PreviewOut shown(delivery::Preview const& p) {
  PreviewOut out{p.rendered.subject, p.rendered.html, p.rendered.text, p.text_is_derived, p.variables, {}};
  for (auto const& w : p.warnings) out.warnings.push_back(TemplateWarningOut{w.code, w.message, w.part, w.line, w.column});
  return out;
}

TestSendOut shown(std::vector<delivery::TestMail> const& mails) {
  TestSendOut out{0, 0, {}};
  for (auto const& mail : mails) {
    ++(mail.message ? out.queued : out.refused);
    out.items.push_back(TestMailOut{mail.to, mail.message ? "queued" : "refused", mail.message, mail.reason, mail.detail});
  }
  return out;
}

}  // namespace postrider::api

namespace postrider::json {

void Codec<api::Addresses>::read(boost::json::value const& value, Pointer const& at, Problems& problems, api::Addresses& out) {
  if (value.is_array()) {
    Codec<std::vector<std::string>>::read(value, at, problems, out.all);
    return;
  }
  std::string one;
  if (read_string(value, at, problems, one)) out.all.push_back(std::move(one));
}

boost::json::object Codec<api::Addresses>::schema(Schemas&) {
  boost::json::object several = plain_schema("array");
  several["items"] = plain_schema("string");
  several["minItems"] = 1;
  several["maxItems"] = delivery::most_test_addresses;
  boost::json::array either;
  either.push_back(plain_schema("string", "email"));
  either.push_back(std::move(several));
  boost::json::object schema;
  schema["oneOf"] = std::move(either);
  return schema;
}

}  // namespace postrider::json
