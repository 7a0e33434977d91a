// Everything that makes and shows single messages, over one store: templates, senders, direct messages, test sends. Nothing leaves.
#pragma once

#include "postrider/base/offload.h"
#include "postrider/contacts/contacts.h"
#include "postrider/content/templates.h"
#include "postrider/crypto/sealing.h"
#include "postrider/crypto/tokens.h"
#include "postrider/delivery/identities.h"
#include "postrider/delivery/messages.h"
#include "postrider/delivery/sender_verification.h"
#include "postrider/delivery/trials.h"
#include "postrider/http/client.h"
#include "support/store_test.h"

#include <filesystem>
#include <string>

namespace postrider::test {

struct LetterStage {
  // With `loopback`, providers may be reached on this machine.
  explicit LetterStage(TestStore& store_test, bool loopback = false);
  ~LetterStage();

  Task<delivery::StoredProvider> inbox();
  Task<delivery::Sender> sender(std::string address, bool verified = true);
  Task<contacts::Contact> person(std::string address);
  Task<content::Template> letter(std::string subject, std::string html, std::optional<std::string> text = std::nullopt);
  Task<void> suppress(std::string address, std::string reason);
  // The first column of the first row.
  Task<std::string> value(std::string sql);

  TestStore& t;
  std::filesystem::path folder;
  std::string public_url = "https://mail.example";
  crypto::Keys keys;
  crypto::Sealer sealer;
  crypto::Tokens tokens;
  Offload offload{1};
  http::Client http;
  contacts::Contacts contacts;
  content::Templates templates;
  delivery::Identities identities;
  delivery::Messages messages;
  delivery::Trials trials;
  delivery::SenderVerification verification;
};

}  // namespace postrider::test
