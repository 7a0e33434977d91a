// Trying a template out before anybody gets it: previews, and test mails to a few addresses. Both use the code that sends.
// A test mail goes through ledger, gate and provider like any other, and counts nowhere.
#pragma once

#include "postrider/base/context.h"
#include "postrider/contacts/contacts.h"
#include "postrider/content/templates.h"
#include "postrider/delivery/letter.h"

#include <optional>
#include <string>
#include <vector>

namespace postrider::delivery {

struct Trial {
  content::InlineContent content;                   // saved or not
  std::optional<TemplateVersionId> version = {};    // of `content`, when it is saved just so
  std::optional<ContactId> contact = {};            // nothing: a made-up person
  std::optional<SenderId> sender = {};              // nothing: the tenant's oldest verified one
  boost::json::object variables = {};
};

struct Preview {
  content::Rendered rendered;
  bool text_is_derived = false;
  std::vector<std::string> variables;
  std::vector<content::TemplateWarning> warnings;
};

struct TestMail {
  std::string to;
  std::optional<MessageId> message;       // nothing: refused
  std::optional<std::string> reason = {};  // of a refusal: suppressed, invalid, duplicate
  std::optional<std::string> detail = {};
};

inline constexpr std::size_t most_test_addresses = 10;

class Trials {
 public:
  Trials(db::Store& store, Clock const& clock, Ids& ids, contacts::Contacts& contacts, content::Templates& templates, crypto::Tokens const& tokens,
         std::string const& public_url)
      : store_(store), clock_(clock), ids_(ids), contacts_(contacts), templates_(templates), tokens_(tokens), public_url_(public_url) {}

  // Fails with invalid: what does not compile or render, with line and column; /contact_id, /sender_id.
  Task<Result<Preview>> preview(TenantId tenant, Trial trial);
  // Queued for each address that may get mail. Fails as `preview` does, and with suppressed when none of them may.
  Task<Result<std::vector<TestMail>>> send(Context context, Trial trial, std::vector<std::string> to);

 private:
  struct Prepared {
    std::shared_ptr<content::CompiledTemplate const> compiled;
    MessageFacts facts;
    content::Rendered rendered;
    std::optional<SenderId> sender;
  };
  Task<Result<Prepared>> prepare(TenantId tenant, Trial trial);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  contacts::Contacts& contacts_;
  content::Templates& templates_;
  crypto::Tokens const& tokens_;
  std::string const& public_url_;
};

}  // namespace postrider::delivery
