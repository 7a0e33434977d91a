// How templates, their versions, previews and test sends look from outside.
#pragma once

#include "postrider/content/line_diff.h"
#include "postrider/content/templates.h"
#include "postrider/delivery/trials.h"
#include "postrider/json/codec.h"

#include <boost/describe.hpp>

#include <optional>
#include <string>
#include <vector>

namespace postrider::api {

// "to": one address, or a list of them.
struct Addresses {
  std::vector<std::string> all;
};

struct TemplateIn {
  std::string name;
  json::Defaulted<std::string> channel = std::string("email");
  json::Defaulted<std::string> subject = std::string();
  json::Defaulted<std::string> html_body = std::string();
  std::optional<std::string> text_body, mjml_body;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255), json::length("subject", 0, 500)};
  static constexpr std::string_view json_name = "TemplateInput";
  static constexpr std::string_view json_read_only[] = {"id", "variables", "version", "version_id", "archived_at", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(TemplateIn, (), (name, channel, subject, html_body, text_body, mjml_body))

struct TemplateChangeIn {
  json::Given<std::string> name, subject, html_body;
  json::Field<std::string> text_body, mjml_body;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255), json::length("subject", 0, 500)};
  static constexpr std::string_view json_name = "TemplateChange";
  static constexpr std::string_view json_read_only[] = {"id", "channel", "variables", "version", "version_id", "archived_at", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(TemplateChangeIn, (), (name, subject, html_body, text_body, mjml_body))

struct TemplateOut {
  TemplateId id;
  std::string name, channel, subject, html_body;
  std::optional<std::string> text_body, mjml_body;
  std::vector<std::string> variables;
  int version;
  TemplateVersionId version_id;
  std::optional<Instant> archived_at;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "Template";
};
BOOST_DESCRIBE_STRUCT(TemplateOut, (), (id, name, channel, subject, html_body, text_body, mjml_body, variables, version, version_id, archived_at, created_at, updated_at))

struct TemplateVersionOut {
  TemplateVersionId id;
  int version;
  std::string subject, html_body;
  std::optional<std::string> text_body, mjml_body;
  std::vector<std::string> variables;
  std::optional<Uuid> created_by;
  Instant created_at;
  static constexpr std::string_view json_name = "TemplateVersion";
};
BOOST_DESCRIBE_STRUCT(TemplateVersionOut, (), (id, version, subject, html_body, text_body, mjml_body, variables, created_by, created_at))

BOOST_DEFINE_FIXED_ENUM_CLASS(LineChangeOut, int, same, removed, added)

struct DiffLineOut {
  LineChangeOut change;
  std::optional<int> old_line, new_line;
  std::string text;
  static constexpr std::string_view json_name = "DiffLine";
};
BOOST_DESCRIBE_STRUCT(DiffLineOut, (), (change, old_line, new_line, text))

struct TemplateDiffOut {
  int from, to;
  std::vector<DiffLineOut> subject, html_body, text_body, mjml_body;
  static constexpr std::string_view json_name = "TemplateDiff";
};
BOOST_DESCRIBE_STRUCT(TemplateDiffOut, (), (from, to, subject, html_body, text_body, mjml_body))

// What a preview or a test may say; content that is given stands in for what is saved.
struct TrialIn {
  std::optional<ContactId> contact_id;
  std::optional<SenderId> sender_id;
  json::Defaulted<boost::json::object> variables = boost::json::object();
  json::Given<std::string> channel, subject, html_body;
  json::Field<std::string> text_body;
  json::Given<int> version;
};
BOOST_DESCRIBE_STRUCT(TrialIn, (), (contact_id, sender_id, variables, channel, subject, html_body, text_body, version))

struct PreviewIn : TrialIn {
  static constexpr std::string_view json_name = "TemplatePreviewInput";
};
BOOST_DESCRIBE_STRUCT(PreviewIn, (TrialIn), ())

struct TestSendIn : TrialIn {
  Addresses to;
  static constexpr std::string_view json_name = "TestSendInput";
};
BOOST_DESCRIBE_STRUCT(TestSendIn, (TrialIn), (to))

struct TemplateWarningOut {
  std::string code, message, part;
  std::int64_t line, column;
  static constexpr std::string_view json_name = "TemplateWarning";
};
BOOST_DESCRIBE_STRUCT(TemplateWarningOut, (), (code, message, part, line, column))

struct PreviewOut {
  std::string subject, html, text;
  bool text_is_derived;
  std::vector<std::string> variables;
  std::vector<TemplateWarningOut> warnings;
  static constexpr std::string_view json_name = "TemplatePreview";
};
BOOST_DESCRIBE_STRUCT(PreviewOut, (), (subject, html, text, text_is_derived, variables, warnings))

struct TestMailOut {
  std::string to, status;
  std::optional<MessageId> message_id;
  std::optional<std::string> reason, detail;
  static constexpr std::string_view json_name = "TestMail";
};
BOOST_DESCRIBE_STRUCT(TestMailOut, (), (to, status, message_id, reason, detail))

struct TestSendOut {
  int queued, refused;
  std::vector<TestMailOut> items;
  static constexpr std::string_view json_name = "TestSend";
};
BOOST_DESCRIBE_STRUCT(TestSendOut, (), (queued, refused, items))

TemplateOut shown(content::Template const& saved);
TemplateVersionOut shown(content::TemplateVersion const& version);
TemplateDiffOut shown_diff(content::TemplateVersion const& from, content::TemplateVersion const& to);
PreviewOut shown(delivery::Preview const& preview);
TestSendOut shown(std::vector<delivery::TestMail> const& mails);

}  // namespace postrider::api

template <>
struct postrider::json::Codec<postrider::api::Addresses> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, postrider::api::Addresses& out);
  static boost::json::object schema(Schemas&);
};
