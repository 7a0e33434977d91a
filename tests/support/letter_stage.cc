#include "support/letter_stage.h"

#include "postrider/consent/suppression.h"
#include "support/results.h"

#include <catch2/catch.hpp>

#include <unistd.h>

namespace postrider::test {

namespace {

std::filesystem::path new_folder() {
  char pattern[] = "/tmp/postrider-letters-XXXXXX";
  return ::mkdtemp(pattern);
}

crypto::Keys keys_in(std::filesystem::path const& folder, Random& random) {
  auto made = crypto::Keys::load_or_create(folder / "secret", random);
  REQUIRE(made);
  return std::move(*made);
}

http::ClientSettings client_settings(bool loopback) {
  http::ClientSettings settings;
  if (loopback) settings.policy.allowed.push_back(*http::Allowance::parse("127.0.0.0/8"));
  return settings;
}

}  // namespace

LetterStage::LetterStage(TestStore& store_test, bool loopback)
    : t(store_test),
      folder(new_folder()),
      keys(keys_in(folder, t.random)),
      sealer(keys, t.random),
      tokens(keys),
      http(t.executor(), client_settings(loopback)),
      contacts(*t.store, t.clock, t.ids),
      templates(*t.store, t.clock, t.ids),
      identities(*t.store, t.clock, t.ids, sealer, delivery::ProviderGround{.executor = t.executor(), .clock = t.clock, .offload = offload, .http = &http, .host_name = "localhost"}),
      messages(*t.store, t.clock, t.ids, contacts, templates, tokens, public_url),
      trials(*t.store, t.clock, t.ids, contacts, templates, tokens, public_url),
      verification(*t.store, t.clock, t.ids, identities, tokens, public_url) {}

LetterStage::~LetterStage() { std::filesystem::remove_all(folder); }

Task<delivery::StoredProvider> LetterStage::inbox() {
  auto const made = co_await identities.create_provider(t.context(), "Inbox", "demo", boost::json::object());
  REQUIRE(made);
  co_return *made;
}

Task<delivery::Sender> LetterStage::sender(std::string address, bool verified) {
  auto const provider = co_await inbox();
  delivery::SenderChange wanted;
  wanted.from_email = address;
  wanted.from_name = "Acme";
  wanted.provider_id = provider.id;
  wanted.verified = verified;
  auto const made = co_await identities.create_sender(t.context(), std::move(wanted));
  REQUIRE(made);
  co_return *made;
}

Task<contacts::Contact> LetterStage::person(std::string address) {
  contacts::Change wanted;
  wanted.email = address;
  wanted.first_name = std::string("Ada");
  auto const made = co_await contacts.create(t.context(), std::move(wanted), false);
  REQUIRE(made);
  co_return made->contact;
}

Task<content::Template> LetterStage::letter(std::string subject, std::string html, std::optional<std::string> text) {
  content::TemplateChange parts;
  parts.subject = std::move(subject);
  parts.html_body = std::move(html);
  if (text) parts.text_body = *text;
  auto const made = co_await templates.create(t.context(), "Letter", "email", std::move(parts));
  REQUIRE(made);
  co_return *made;
}

Task<void> LetterStage::suppress(std::string address, std::string reason) {
  auto tx = co_await t.store->begin();
  std::vector<consent::Suppress> gone;
  gone.push_back(consent::Suppress{.email_address = std::move(address), .reason = std::move(reason)});
  co_await consent::suppress(tx, t.context(), std::move(gone), t.ids, t.clock.now());
  co_await tx.commit();
}

Task<std::string> LetterStage::value(std::string sql) {
  auto const rows = co_await t.query(std::move(sql));
  REQUIRE_FALSE(rows.empty());
  co_return rows.front().front();
}

}  // namespace postrider::test
